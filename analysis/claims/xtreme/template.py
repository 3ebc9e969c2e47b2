"""The tables that would settle the claims, as a CSV to fill in: which cells, by content and not by number.

The paper's Tables 1 to 3 and its appendix by language have not been read here, so the rows name what a cell is. A row
that the paper does not have stays empty; names of intermediate tasks may be changed to the paper's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from .printed_scores import QUESTIONS, TASKS

COLUMNS = ("table", "variant", "split", "intermediate_task", "target_task", "language", "metric", "value", "text")
#: Kinds of rows: scores of target tasks, training sizes and sources of intermediate tasks, the leaderboard.
SCORES, SIZES, LEADERBOARD = "scores", "intermediate tasks", "leaderboard"
#: How an intermediate stage was trained; plain English training is the empty variant.
MLM, TRANSLATED = "multilingual MLM", "machine-translated"
VARIANTS = ("", MLM, TRANSLATED)
#: What stands in the place of an intermediate task.
NONE, ALL, BEST = "none", "all", "best for each target"
#: Intermediate tasks as the bundled table of sizes names them, and CCG, which it lacks.
INTERMEDIATE = (
    "ANLI+", "MNLI", "QQP", "SQuAD v1.1", "SQuAD v2.0", "HellaSwag", "CCG", "Cosmos QA", "CommonsenseQA",
)  # fmt: skip
#: Metrics by target task; question answering has two.
METRICS = {
    "xnli": ("acc",), "pawsx": ("acc",), "udpos": ("f1",), "panx": ("f1",), "bucc2018": ("f1",), "tatoeba": ("acc",),
    **dict.fromkeys(QUESTIONS, ("f1", "em")),
}  # fmt: skip
#: An average over languages.
AVERAGE = "mul"


def template() -> str:
    """The CSV, values empty."""
    lines = [",".join(COLUMNS)]
    lines += [",".join((*row, "", "")) for row in rows()]
    return "\n".join(lines) + "\n"


def rows() -> Iterator[tuple[str, ...]]:
    """Every row but its value and text."""
    for name in INTERMEDIATE:
        yield SIZES, "", "train", name, "", "", ""
    for name in (NONE, BEST):
        yield from _scores("", "test", name)
    yield LEADERBOARD, "", "test", "", "best other system", AVERAGE, "average"
    for name in (NONE, *INTERMEDIATE, ALL):
        yield from _scores("", "validation", name)
    for variant in (MLM, TRANSLATED):
        for name in (*INTERMEDIATE, ALL):
            yield from _scores(variant, "validation", name)
    by_task = languages()
    for name in (NONE, *INTERMEDIATE, ALL):
        for task in TASKS:
            for language in by_task[task]:
                for metric in METRICS[task]:
                    yield SCORES, "", "validation", name, task, language, metric


@lru_cache(maxsize=1)
def languages() -> Mapping[str, tuple[str, ...]]:
    """Languages of each task by the bundled table of test sets."""
    from ...records.bundled import load
    from .design_facts import TEST_SET_NAMES, TEST_SETS

    frame = load(TEST_SETS)
    found = {}
    for task in TASKS:
        rows = frame[(frame["task"] == TEST_SET_NAMES.get(task, task)) & (frame["language"] != AVERAGE)]
        found[task] = tuple(sorted(rows["language"].unique()))
    return found


def _scores(variant: str, split: str, intermediate: str) -> Iterator[tuple[str, ...]]:
    for task in TASKS:
        for metric in METRICS[task]:
            yield SCORES, variant, split, intermediate, task, AVERAGE, metric
