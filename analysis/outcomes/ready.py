"""Which questions a table of records can answer, and what it lacks for the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.errors import CrossliftError
from ..core.text import count
from ..languages.codes import resolve
from .build import Options, build_outcome
from .default_model import default_model
from .pairing import SHARES

if TYPE_CHECKING:
    import pandas as pd

#: Sizes under which no curve over size is fitted, and languages under which nothing is said about them.
FEWEST_SIZES = 3
FEWEST_LANGUAGES = 3


@dataclass(frozen=True, slots=True)
class Ready:
    """One question: whether it can be asked, on what or what is lacking, and the arguments that ask it."""

    question: str
    ok: bool
    words: str
    arguments: str


def readiness(records: pd.DataFrame, source: str = "eng") -> tuple[Ready, ...]:
    """What the records are ready for, one entry a question."""
    gains, lack = _outcome(records, "gain", source)
    found = [_counted("fit", gains, "gains", lack, "fit --factor typology")]
    gaps, no_gap = _outcome(records, "gap", source)
    name = resolve(source).name
    found.append(_counted("gaps", gaps, f"gaps to {name}", no_gap or f"needs a score in {name} in each run",
                          "fit --factor typology --outcome gap"))  # fmt: skip
    found.append(_meta(gains, records))
    found.append(_scale(gains, lack))
    scores, no_score = _outcome(records, "score", source)
    found.append(_counted("predict", scores, "scores", no_score, "predict --language LANGUAGE --target-task TASK"))
    found.append(_counted("multiverse", gains, "gains", lack, "multiverse"))
    return tuple(found)


def _outcome(records: pd.DataFrame, outcome: str, source: str) -> tuple[pd.DataFrame | None, str]:
    try:
        return build_outcome(records, Options(outcome=outcome, source=source)).frame, ""
    except CrossliftError as error:
        if outcome == "gain" and error.message.startswith("no gain"):
            return None, _what_gains_lack(records)
        if outcome == "gap" and error.message.startswith("no gap"):
            return None, ""
        return None, error.message


def _what_gains_lack(records: pd.DataFrame) -> str:
    methods = set(records["method"].dropna())
    if not {"baseline", "intermediate"} <= methods:
        lacking = " and ".join(f"'{name}'" for name in ("baseline", "intermediate") if name not in methods)
        return f"needs rows of method {lacking}: --pair COLUMN=VALUE says which rows are without the intermediate stage"
    return "no row with the intermediate stage has its baseline: they differ in study, model, task, metric or condition"


def _counted(question: str, frame: pd.DataFrame | None, what: str, lack: str, arguments: str) -> Ready:
    if frame is None:
        return Ready(question, False, lack, arguments)
    languages = frame["language"].nunique()
    words = f"{count(len(frame))} {what}, {languages} languages"
    if languages < FEWEST_LANGUAGES:
        return Ready(question, False, f"{words}: needs {FEWEST_LANGUAGES}", arguments)
    outcome = next(name for name in ("gain", "gap", "score") if name in frame.columns and what.startswith(name))
    if question in ("fit", "gaps") and not default_model(frame, outcome, ["typology"]).groups:
        return Ready(question, True, f"{words}: each once, so least squares", arguments)
    return Ready(question, True, words, arguments)


def _meta(gains: pd.DataFrame | None, records: pd.DataFrame) -> Ready:
    if gains is None:
        return Ready("meta", False, "needs gains", "meta")
    known = int(gains["variance"].notna().sum())
    if known > 1:
        return Ready("meta", True, f"{count(known)} gains with sampling variances", "meta")
    if records["n_items"].notna().any() and not records["metric"].isin(SHARES).any():
        stated = bool(records["metric"].notna().any())
        words = "n_items gives variances of accuracies alone" if stated else "needs the metric of the scores"
        return Ready("meta", False, words, "meta --set metric=acc")
    return Ready("meta", False, "needs n_items with metric acc, or std_error, or several seeds", "meta")


def _scale(gains: pd.DataFrame | None, lack: str) -> Ready:
    if gains is None:
        return Ready("scale", False, lack, "scale")
    sizes = gains["params_m"].nunique()
    if sizes < FEWEST_SIZES:
        return Ready("scale", False, f"needs {FEWEST_SIZES} sizes of models (params_m), has {sizes}", "scale")
    return Ready("scale", True, f"{sizes} sizes of models", "scale")
