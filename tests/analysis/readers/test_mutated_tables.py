"""Tables with planted faults: no traceback, and never a language that the table does not say.

``CROSSLIFT_FUZZ=10000`` runs as many examples as it says.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError
from analysis.outcomes.build import OUTCOMES, Options, build_outcome
from analysis.records.read import read_inputs

EXAMPLES = int(os.environ.get("CROSSLIFT_FUZZ", "60"))
#: How a language may be written, and what it is.
WRITTEN = {
    "de": "deu", "German": "deu", "deu_Latn": "deu", "sw": "swa", "swh_Latn": "swa", "zh-CN": "zho", "zh_Hant": "zho",
    "Old_English": "ang", "ik": "ipk", "nan": "nan", "no_nynorsk": "nno", "en": "eng", "en-GB": "eng", "Darija": "ary",
    "fr": "fra", "hi": "hin", "hi_rom": "hin", "bat-smg": "sgs", "Ga": "gaa", "fil": "fil",
}  # fmt: skip
AVERAGE_WORDS = ("Average", "avg", "Macro avg", "Δ")
#: What may stand in a cell instead of what belongs there.
ODD = (
    "", "NA", "nan", "-", "–", "n/a", "klingonx", "en-fr", "0.5", "59.7%", "**63.3**", "73.8±0.4", "80.1/75.2", "1e999",
    "inf", "-5", "101", "59,7", "\x00", "ÿ", '"', "a,b", "none", "baseline", "Egyptian", "all languages", "−3", "🙂",
    " ", "NaN", "True", "1_000", "\ufeff", "x" * 300, "=1+1", "\\textbf{61}", "|", "&", "{", "de", "avg",
)  # fmt: skip
HEADINGS = (
    "language", "Lang.", "score", "Accuracy", "F1/EM", "model", "Model Name", "task", "method", "setting", "gain", "n",
    "intermediate", "params", "seed", "de", "sw", "avg", "XNLI de", "id", "", "source", "score_base", "score_mnli",
    "train_language", "my column",
)  # fmt: skip


def long_rows(rng: random.Random) -> list[list[str]]:
    codes = rng.sample(list(WRITTEN), 5)
    head = ["model", rng.choice(("task", "target_task")), rng.choice(("language", "lang")), "setting",
            rng.choice(("score", "Acc."))]  # fmt: skip
    return [head] + [
        [model, "xnli", code, arm, f"{rng.uniform(20, 90):.1f}"]
        for model in ("m1", "m2") for arm in ("none", "mnli") for code in [*codes, rng.choice(AVERAGE_WORDS)]
    ]  # fmt: skip


def wide_rows(rng: random.Random) -> list[list[str]]:
    codes = rng.sample(list(WRITTEN), 6)
    names = ("m1", "m1 + MNLI", "m2", "m2 + MNLI")
    return [["Model", *codes, "Avg"]] + [[name, *[f"{rng.uniform(20, 90):.1f}" for _ in range(7)]] for name in names]


def mutated(rows: list[list[str]], rng: random.Random) -> list[list[str]]:
    rows = [list(row) for row in rows]
    for _ in range(rng.randint(0, 4)):
        row = rng.choice(rows)
        kind = rng.randrange(8)
        if kind == 0 and row:
            row[rng.randrange(len(row))] = rng.choice(ODD)
        elif kind == 1:
            rows[0][rng.randrange(len(rows[0]))] = rng.choice(HEADINGS)
        elif kind == 2 and len(rows) > 1:
            rows.insert(rng.randrange(1, len(rows) + 1), list(rng.choice(rows[1:])))
        elif kind == 3 and len(rows) > 2:
            rows.pop(rng.randrange(1, len(rows)))
        elif kind == 4:
            place = rng.randrange(len(rows[0]) + 1)
            for i, other in enumerate(rows):
                other.insert(place, rng.choice(HEADINGS) if i == 0 else rng.choice((*ODD, "3", "4.5")))
        elif kind == 5 and len(row) > 1:
            row.pop()
        elif kind == 6:
            rows.append([""] * rng.randint(0, 9))
        elif kind == 7:
            column = rng.randrange(len(rows[0]))
            scale = rng.choice((0.01, 1.0, 10.0))
            for other in rows[1:]:
                if column < len(other) and other[column].replace(".", "", 1).isdigit():
                    other[column] = f"{float(other[column]) * scale:.6g}"
    return rows


def said(rows: list[list[str]]) -> set[str]:
    """Languages that any cell of the table can mean, read as a whole or as a part of a heading."""
    cells = {part for row in rows for cell in row for part in (cell.strip(), *cell.replace("/", " ").split())}
    known = {**WRITTEN, "id": "ind"}
    return {known[cell] for cell in cells if cell in known} | {"mul"}


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(seed=st.integers(0, 2**32 - 1), wide=st.booleans(), ending=st.sampled_from((".csv", ".tsv", ".md", ".tex", ";")))
def test_no_traceback_and_no_wrong_language(tmp_path: Path, seed: int, wide: bool, ending: str) -> None:
    rng = random.Random(seed)
    rows = mutated((wide_rows if wide else long_rows)(rng), rng)
    path = tmp_path / f"t{'.csv' if ending == ';' else ending}"
    if ending == ".md":
        lines = [f"| {' | '.join(row)} |" for row in rows]
        text = "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
    elif ending == ".tex":
        text = "\\begin{tabular}{lll}\n" + " \\\\\n".join(" & ".join(row) for row in rows) + "\n\\end{tabular}"
    else:
        text = "\n".join({".csv": ",", ".tsv": "\t", ";": ";"}[ending].join(row) for row in rows)
    path.write_text(text, encoding="utf-8")
    try:
        read = read_inputs([str(path)])
        assert set(read.records["language"]) <= said(rows), (set(read.records["language"]) - said(rows), rows)
        assert read.records["score"].dropna().between(0, 100).all()
        for outcome in OUTCOMES:
            build_outcome(read.records, Options(outcome=outcome))
    except CrossliftError as error:
        assert error.message and "\n" not in error.message.replace("\\n", "")


@pytest.mark.parametrize(
    "text", ["", "\n", ",\n", "a\n", '"', "a,b\n1", "|---|", "\\begin{tabular}{l}", "<table>", "{}", "[]", "null"]
)
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".md", ".tex", ".html", ".json", ".jsonl", ".txt"])
def test_files_of_nothing(text: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{ending}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CrossliftError):
        read_inputs([str(path)])
