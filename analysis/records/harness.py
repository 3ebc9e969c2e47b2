"""Results of the lm-evaluation-harness: a JSON file for each run, and beside it what was logged of single items.

The layout is that of version 0.4 (``results``, ``configs``, ``n-samples``, ``config``); files of 0.3, which have
``results`` alone, are read as far as they go. With ``--log_samples`` the harness writes ``samples_TASK_DATE.jsonl``
beside ``results_DATE.json``; the answers in it make variances of gains paired.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import RecordError
from ..languages.codes import resolve
from ..store.items import pack
from .condition import FILTER, LIMIT, Condition
from .harness_names import split_languages
from .readers.results import Results, in_points
from .task_names import known_task

if TYPE_CHECKING:
    pass

#: Metrics that are shares of right items or words, by the harness's names for them.
METRICS = {"acc": "acc", "accuracy": "acc", "acc_norm": "acc_norm", "exact_match": "em", "exact": "em", "em": "em",
           "f1": "f1"}  # fmt: skip
STUDY = "lm-evaluation-harness"


def read_harness(path: Path) -> Results:
    """Read a file of results.

    A run with an adapter (``peft=`` in the model's arguments) is one after an intermediate task, named as the adapter;
    any other is a baseline.

    Raises
    ------
    RecordError
        If it is no such file, or none of its tasks is in a language that its name says.
    """
    import pandas as pd

    content, digest = _content(path)
    results = content["results"]
    groups = {name for name, tasks in (content.get("group_subtasks") or {}).items() if tasks}
    groups |= set(content.get("groups") or {})
    configs = content.get("configs") or {}
    tasks = {name: str((configs.get(name) or {}).get("dataset_name") or "") for name in results if name not in groups}
    languages = split_languages(tasks)
    if not languages:
        some = ", ".join(list(tasks)[:5])
        raise RecordError(
            f"'{path.name}' has no task whose name says its language: {some}{', …' if len(tasks) > 5 else ''}.",
            "Names such as xnli_sw are read; put other scores into a table with a column 'language'.",
        )
    run, notices = _run(content)
    run["source"] = path.name
    missing = [name for name in languages if not any(True for _ in _scores(results[name]))]
    rows: list[dict[str, Any]] = []
    other: Counter[str] = Counter()
    for name, (code, task) in languages.items():
        scores = list(_scores(results[name]))
        other.update({metric for metric, _, _, _ in scores if metric not in METRICS})
        items = _logged(path, name) if scores else {}
        for metric, filtered, value, spread in scores:
            if metric in METRICS:
                own = {"target_task": task, "language": code, "score": value, "std_error": spread}
                own["cell"] = f"{digest} {name} {filtered}"
                rows.append({**run, **own, **_fields(content, name, metric, filtered, items)})
    if not rows and not other:
        raise RecordError(f"'{path.name}' is of the lm-evaluation-harness, and none of its tasks has a score.")
    if not rows:
        raise RecordError(
            f"'{path.name}' has no metric that is a share: {', '.join(sorted(other))}.", f"Read: {', '.join(METRICS)}."
        )
    frame = in_points(pd.DataFrame(rows))
    guessed = {code: task for name, (code, task) in languages.items() if _is_guess(name, code)}
    if guessed:
        named = ", ".join(f"{code} {resolve(code).name}" for code in list(guessed)[:8])
        tasks_ = ", ".join(dict.fromkeys(guessed.values()))
        notices.append(f"no list of languages is known for {tasks_}: their codes are read as ISO 639-3: {named}.")
    if groups:
        notices.append(f"left out averages over tasks: {', '.join(sorted(groups))}.")
    if missing:
        more = ", …" if len(missing) > 5 else ""
        notices.append(f"left out {len(missing)} tasks without a score: {', '.join(missing[:5])}{more}.")
    silent = [name for name in tasks if name not in languages]
    if silent:
        more = ", …" if len(silent) > 5 else ""
        notices.append(f"left out {len(silent)} tasks whose names say no language: {', '.join(silent[:5])}{more}.")
    notices += [f"left out metric '{name}' of {count} tasks: it is no share." for name, count in sorted(other.items())]
    return Results(frame, tuple(notices))


def _is_guess(name: str, code: str) -> bool:
    """Whether a code of three letters is read by ISO 639-3 alone, which a family of tasks need not follow."""
    return len(code) == 3 and code.isalpha() and known_task(name) is None


def _content(path: Path) -> tuple[dict[str, Any], str]:
    """What the file holds, and the start of its hash."""
    text = path.read_bytes()
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RecordError(
            f"'{path.name}' is not JSON: {error}.", "A table of one object a line is read as .jsonl."
        ) from error
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, dict) or not all(isinstance(entry, dict) for entry in results.values()):
        raise RecordError(
            f"'{path.name}' holds no results of the lm-evaluation-harness: 'results' with an entry a task is missing.",
            "Give the file results_DATE.json; tables are read as .csv, .tsv, .parquet or .jsonl.",
        )
    return content, hashlib.sha256(text).hexdigest()[:16]


def _run(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What is the same in all rows of a file."""
    config = content.get("config") or {}
    given = _arguments(config)
    adapter = given.get("peft") or given.get("delta") or ""
    parameters = config.get("model_num_parameters")
    run = {
        "study": STUDY,
        "model": given.get("pretrained") or content.get("model_name") or given.get("model") or "",
        "params_m": parameters / 1e6 if isinstance(parameters, (int, float)) and parameters > 0 else None,
        "method": "intermediate" if adapter else "baseline",
        "intermediate_task": Path(adapter).name or None,
        "revision": config.get("model_sha") or config.get("model_revision") or None,
    }
    notices = [f"'{adapter}' is taken for the intermediate task '{run['intermediate_task']}'."] if adapter else []
    return run, notices


def _scores(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, float, float | None]]:
    """Metric, filter, value and standard error."""
    for key, value in entry.items():
        metric, _, filtered = key.partition(",")
        if metric in ("alias", "name", "sample_len", "sample_count") or metric.endswith("_stderr"):
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        error = entry.get(f"{metric}_stderr,{filtered}" if filtered else f"{metric}_stderr")
        yield metric, filtered, float(value), float(error) if isinstance(error, (int, float)) else None


def _fields(
    content: Mapping[str, Any], name: str, metric: str, filtered: str, items: Mapping[tuple[str, str], list[bool]]
) -> dict[str, Any]:
    config = (content.get("configs") or {}).get(name) or {}
    entry = content["results"][name]
    counted = ((content.get("n-samples") or {}).get(name) or {}).get("effective") or entry.get("sample_len")
    shots = (content.get("n-shot") or {}).get(name, config.get("num_fewshot"))
    condition = (Condition.of(f"{shots}-shot") if shots is not None else Condition()) + _setting(content)
    if filtered not in ("", "none"):
        condition += Condition.of(**{FILTER: filtered})
    answers = items.get((metric, filtered), [])
    return {
        "metric": METRICS[metric],
        "split": config.get("test_split") or config.get("validation_split") or None,
        "n_items": counted,
        "condition": str(condition) or None,
        "correct": pack(answers) if answers and len(answers) == counted else None,
    }


def _setting(content: Mapping[str, Any]) -> Condition:
    """What else sets a run apart from others of the model: fewer items, a chat template, fewer bits."""
    config = content.get("config") or {}
    given = _arguments(config)
    limit = config.get("limit")
    words = ["chat template"] if content.get("chat_template") or config.get("apply_chat_template") else []
    words += ["system instruction"] if content.get("system_instruction") else []
    words += [f"{bits} bits" for bits in ("4", "8") if str(given.get(f"load_in_{bits}bit")) == "True"]
    limited = Condition.of(**{LIMIT: f"{limit:g}"}) if isinstance(limit, (int, float)) else Condition()
    return limited + Condition.of(*words)


def _arguments(config: Mapping[str, Any]) -> Mapping[str, Any]:
    given = config.get("model_args") or {}
    return dict(pair.partition("=")[::2] for pair in given.split(",")) if isinstance(given, str) else given


def _logged(path: Path, name: str) -> dict[tuple[str, str], list[bool]]:
    """Answers by metric and filter, where all items from the first on are logged as right or wrong."""
    file = path.with_name(f"samples_{name}_{path.stem.removeprefix('results_')}.jsonl")
    if not file.is_file():
        return {}
    found: dict[tuple[str, str], dict[int, float]] = {}
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                item = json.loads(line)
                place = int(item["doc_id"])
            except (ValueError, KeyError, TypeError) as error:
                raise RecordError(
                    f"'{file.name}', line {number}: no logged item ({error}).",
                    "Remove the file to do without single items, or run the harness again.",
                ) from error
            for metric in METRICS:
                value = item.get(metric)
                if isinstance(value, (bool, int, float)):
                    found.setdefault((metric, str(item.get("filter", "none"))), {})[place] = float(value)
    return {
        key: [values[i] == 1.0 for i in range(len(values))]
        for key, values in found.items()
        if set(values) == set(range(len(values))) and set(values.values()) <= {0.0, 1.0}
    }
