"""``every_eval_ever`` JSON (schemas 0.2 and 0.3), in and out.

The schema has no field of the language. Here it is ``source_data.additional_details.language`` of a result, ISO 639-3,
beside the other fields of the record; where it is missing, the name of the evaluation has to say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .results import Results, language_of_task, metric_name, number, results

if TYPE_CHECKING:
    import pandas as pd

KIND = "a file of every_eval_ever"
VERSION = "0.3.0"
#: Fields of the record that the schema has no place for.
DETAILS = ("study", "family", "method", "intermediate_task", "intermediate_language", "target_task", "train_language",
           "language", "metric", "split", "seed", "revision", "note", "condition", "flags")  # fmt: skip


def matches(content: Any) -> bool:
    """Tell the file by its keys."""
    first = content[0] if isinstance(content, list) and content else content
    return isinstance(first, dict) and "evaluation_results" in first


def read(content: Any, path: Path) -> Results:
    """A row a result whose larger scores are better and whose language is known."""
    rows, lower, silent = [], 0, []
    for one in content if isinstance(content, list) else [content]:
        about = one.get("model_info") or {}
        for entry in one.get("evaluation_results") or []:
            scale, found = entry.get("metric_config") or {}, entry.get("score_details") or {}
            details = (entry.get("source_data") or {}).get("additional_details") or {}
            name = str(entry.get("evaluation_name") or "")
            if scale.get("lower_is_better"):
                lower += 1
                continue
            known = (details["language"], details.get("target_task", name)) if "language" in details else (
                language_of_task(name)
            )  # fmt: skip
            score = number(found.get("score"))
            if known is None or score is None:
                silent.append(name)
                continue
            low, high = number(scale.get("min_score")) or 0.0, number(scale.get("max_score")) or 1.0
            spread = found.get("uncertainty") or {}
            error = number((spread.get("standard_error") or {}).get("value"))
            rows.append({
                "study": one.get("evaluation_id"), "source": path.name, "method": "baseline",
                "metric": metric_name(str(scale.get("evaluation_description") or scale.get("metric_name") or "")),
                **details, "model": about.get("id") or about.get("name"),
                "params_m": number((about.get("additional_details") or {}).get("params_m")),
                "target_task": known[1], "language": known[0], "score": 100 * (score - low) / (high - low),
                "std_error": None if error is None else 100 * error / (high - low),
                "n_items": number(spread.get("num_samples")),
            })  # fmt: skip
    notices = [f"left out {lower} results whose smaller scores are better."] if lower else []
    notices += [f"left out {len(silent)} results without a language or a score: {', '.join(silent[:5])}."] * bool(
        silent
    )
    made = results([{**row, "score": round(row["score"], 10)} for row in rows], KIND, path.name, notices, False)
    return made


def write(records: pd.DataFrame) -> list[dict[str, Any]]:
    """Records as ``every_eval_ever`` has them, one object a study and model."""
    made = []
    keys = [records["study"].fillna(""), records["model"].fillna("")]
    for (study, model), rows in records[records["score"].notna()].groupby(keys, sort=False):
        size = rows["params_m"].dropna()
        made.append({
            "schema_version": VERSION, "evaluation_id": f"{study or 'crosslift'}/{model or 'model'}",
            "evaluation_timestamp": "", "retrieved_timestamp": "",
            "model_info": {"name": model, "id": model,
                           "additional_details": {"params_m": float(size.iloc[0])} if len(size) else {}},
            "evaluation_results": [_result(row) for row in rows.to_dict("records")],
        })  # fmt: skip
    return made


def _result(row: Mapping[Any, Any]) -> dict[str, Any]:
    details = {name: row[name] for name in DETAILS if isinstance(row.get(name), str)}
    spread: dict[str, Any] = {}
    if row["std_error"] == row["std_error"]:
        spread["standard_error"] = {"value": row["std_error"]}
    if row["n_items"] == row["n_items"]:
        spread["num_samples"] = int(row["n_items"])
    return {
        "evaluation_name": "_".join(row[name] for name in ("target_task", "language") if isinstance(row[name], str)),
        "source_data": {"source_type": "other", "additional_details": details},
        "metric_config": {"lower_is_better": False, "score_type": "continuous", "min_score": 0.0, "max_score": 100.0,
                          "evaluation_description": details.get("metric", "")},
        "score_details": {"score": row["score"], "uncertainty": spread},
    }  # fmt: skip
