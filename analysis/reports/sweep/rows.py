"""Gains of a sweep over either baseline, with the training run behind each, and means and slopes over runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...core.text import Table
from ...languages.codes import resolve
from ...mixed import MixedResult, fit_mixed
from ...outcomes.baselines import BASELINES, CONTROL
from ...outcomes.build import Options, Outcome, build_outcome
from ...plots.slopes import plot_slopes
from ...records.read import Input, read_inputs
from ..compare import FEWEST, OWN_SWEEP, mean_value, own_sweeps
from ..describe import fit_diagnostics, model_method, model_references
from ..numbers import Value

if TYPE_CHECKING:
    import pandas as pd

    from ..session import Session

#: Data and model of the bundled sweep.
CITED = (
    "adelani2024", "winata2023", "nivre2020", "artetxe2019", "casanueva2020", "shode2023", "wang2024",
)  # fmt: skip
#: What a gain is over, in words.
OVER = {"plain": "no intermediate stage", "steps": "as many steps on the target task"}
#: Resource classes (Joshi et al.) up to this one count as low.
LOW = 2
_BRIEF = {"no intermediate stage": "no stage", " on the target task": "", "related languages": "kernel"}
_ONCE = (
    "too few training runs to tell the noise of training from the effect; such intervals reflect languages and items "
    "only."
)
RETRIEVAL = (
    "Tatoeba is among the targets, and e5 was tuned for retrieval: the effect of an intermediate stage on it does "
    "not test findings about retrieval in models that were not tuned for it."
)
TRUNCATIONS = (
    "The depths are truncations of one checkpoint after its first layers, not models pretrained at several sizes."
)
#: A diagnosis names up to this many fits one by one.
FEW = 4


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep whose records hold both baselines: names of its sets, what was read, and its gains by baseline."""

    names: tuple[str, ...]
    read: Input
    gains: dict[str, Outcome]

    @property
    def caveats(self) -> list[str]:
        """Caveats that hold for every number of it."""
        rows = self.read.records
        found = [TRUNCATIONS] if rows["family"].fillna("").str.contains("truncation").any() else []
        return found + ([RETRIEVAL] if (rows["target_task"] == "tatoeba").any() else [])


@dataclass(slots=True)
class Fits:
    """Collects what was fitted: diagnostics, sentences on the method, and references."""

    health: dict[str, list[str]] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    fitted: dict[str, None] = field(default_factory=dict)

    @property
    def diagnostics(self) -> list[str]:
        """Diagnostic sentences, each once, with the fits that it applies to."""
        return [f"Of the sweep ({self._which(names)}): {line}" for line, names in self.health.items()]

    def _which(self, names: list[str]) -> str:
        """The names of a few fits; of many, how many of all."""
        names = list(dict.fromkeys(names))
        if len(names) <= FEW:
            return "; ".join(names)
        if len(names) == len(self.fitted):
            return f"all {len(names)} fits"
        return f"{len(names)} of {len(self.fitted)} fits, {'; '.join(names[:FEW])} among them"

    @property
    def warning(self) -> str:
        """A sentence for the text where intervals leave out the noise of training, else nothing."""
        return _ONCE[0].upper() + _ONCE[1:] if _ONCE in self.health else ""

    def add(self, result: MixedResult, words: str, once: bool) -> None:
        """Note a fit; ``once`` if no run repeats the arms, so that the noise of training is not in the intervals."""
        self.fitted[words] = None
        for line in fit_diagnostics(result, ""):
            self.health.setdefault(line.removeprefix(": "), []).append(words)
        if once:
            self.health.setdefault(_ONCE, []).append(words)
        if not self.methods:
            self.methods.append(model_method(result, "gains of the sweep in points"))
        self.references = model_references(result)


def find_sweep(data: Sequence[str]) -> Sweep | None:
    """The sweep among ``data``, or the bundled one where no data are named; ``None`` without a baseline of steps."""
    names = tuple(data) or tuple(own_sweeps())
    if not names:
        return None
    read = read_inputs(names)
    if CONTROL not in read.records.columns or not (read.records[CONTROL] == "steps").any():
        return None
    gains = {}
    for baseline in BASELINES:
        made = build_outcome(read.records, Options(baseline=baseline))
        gains[baseline] = Outcome(_with_arms(made.frame), made.options, made.read, made.dropped, made.notices)
    return Sweep(names, read, gains)


def _with_arms(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the ``arm``, its examples in doublings and the resources of the language.

    ``low`` is 1 for languages of resource class ``LOW`` and lower, missing where the class is not known; ``seen`` is 1
    for those in CC-100.
    """
    examples = frame["intermediate_examples"].map("{:g}".format)
    arm = frame["intermediate_task"] + ":" + examples
    classes = {code: resolve(code).joshi_class for code in frame["language"].unique()}
    low = frame["language"].map(classes).astype(float)
    return frame.assign(
        arm=arm,
        doublings=np.log2(frame["intermediate_examples"]),
        low=(low <= LOW).astype(float).where(low.notna()),
        seen=frame["log_corpus"].notna().astype(float),
    )


def fit_runs(
    rows: pd.DataFrame, fixed: str, cells: int, outcome: str = "gain", differs: str = "", kind: str = ""
) -> tuple[MixedResult, bool]:
    """A mixed model with intercepts for languages, training runs and the runs of baselines, if they have enough levels.

    Run-to-run noise is shared across languages: without an effect of the run, a mean over many languages would seem
    certain after a single training run. And an arm's effect in a language recurs in every run: without an effect of
    the language, more seeds would look like more languages.

    Parameters
    ----------
    rows
        Gains with ``run`` and ``baseline_run``.
    fixed
        Right-hand side of the fixed part.
    cells
        Distinct values of the fixed part; with only as many runs the run does not get a variance of its own.
    differs
        Column whose effect may differ between languages: a number, or text of which every level has its own.
    kind
        Column that tells two kinds of languages apart, on which a run may have different effects.

    Returns
    -------
    result, once
        ``once`` is true if the run had to be left out.
    """
    random = [
        name
        for name in ("language", "run", "baseline_run")
        if name in rows.columns
        and FEWEST <= rows[name].nunique() < len(rows)
        and (name == "language" or rows[name].nunique() > cells + 1)
    ]
    if {"run", "baseline_run"} <= set(random) and rows["run"].nunique() == rows["baseline_run"].nunique():
        random.remove("baseline_run")
    terms = [f"(1 + {kind}||{name})" if kind and name != "language" else f"(1|{name})" for name in random]
    if "language" in random and differs and len(set(rows[differs])) > 1 and _repeats(rows, differs):
        if rows[differs].dtype.kind == "f":
            terms[0] = f"(1 + {differs}||language)"
        else:
            terms.append(f"(1|language:{differs})")
    return fit_mixed(" + ".join([f"{outcome} ~ {fixed}", *terms]), rows), "run" not in random


def _repeats(rows: pd.DataFrame, column: str) -> bool:
    """Whether a language has results of more than one run at a value of ``column``."""
    return bool(rows.duplicated(["language", column]).any())


def means(rows: pd.DataFrame, by: str, words: str, fits: Fits, outcome: str = "gain") -> dict[str, Value]:
    """Mean gain for each level of ``by``, with the intervals of :func:`fit_runs`."""
    levels = sorted(rows[by].unique())
    if len(levels) == 1 and not rows["language"].duplicated().any():
        fits.health.setdefault(_ONCE, []).append(words)
        return {levels[0]: mean_value(rows[outcome].to_list(), "points")}
    coded = rows.assign(**{f"level{i}": (rows[by] == level).astype(float) for i, level in enumerate(levels)})
    terms = "1" if len(levels) == 1 else "0 + " + " + ".join(f"level{i}" for i in range(len(levels)))
    result, once = fit_runs(coded, terms, len(levels), outcome, by)
    fits.add(result, words, once)
    found = result.contrast(np.eye(len(levels))).to_dict("records")
    return {level: Value.of_row(row, "points") for level, row in zip(levels, found, strict=True)}


def change(rows: pd.DataFrame, column: str, words: str, fits: Fits, outcome: str = "gain") -> Value:
    """Mean outcome where ``column`` is 1 minus that where it is 0, with the intervals of :func:`fit_runs`."""
    result, once = fit_runs(rows, column, 2, outcome, column)
    fits.add(result, words, once)
    weights = np.zeros((1, len(result.names)))
    weights[0, result.names.index(column)] = 1.0
    return Value.of_row(result.contrast(weights).iloc[0].to_dict(), "points")


def short(name: str) -> str:
    """The name of an estimate, short enough for a figure's margin."""
    for full, brief in _BRIEF.items():
        name = name.replace(full, brief)
    return name


def key(*parts: str) -> str:
    """A name for a number: lower case, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", "_".join(parts).lower())


def targets_of(rows: pd.DataFrame) -> list[str]:
    """Target tasks in the order of their names."""
    return sorted(rows["target_task"].unique())


def basis(rows: pd.DataFrame) -> str:
    """The data that a number is based on."""
    runs = rows["run"].nunique()
    return f"{rows['language'].nunique()} languages, {runs} training run{'s' if runs != 1 else ''}, {len(rows):,} gains"


def crossed(rows: pd.DataFrame, keep: str, every: str) -> pd.DataFrame:
    """Rows of those levels of ``keep`` that were run at every level of ``every``, or all if there are none.

    Means that are compared rest on the same cells: an arm that was run at only one depth says nothing about
    depth.
    """
    seen = rows.groupby(keep)[every].nunique()
    whole = seen.index[seen == rows[every].nunique()]
    return rows[rows[keep].isin(whole)] if len(whole) else rows


def at_depths(sweep: Sweep, rows: Sequence[pd.DataFrame]) -> str:
    """``" at MODEL"`` where comparisons rest on some depths alone, else nothing."""
    every = set(sweep.gains["plain"].frame["model"])
    here = sorted(set().union(*(part["model"] for part in rows)))
    return f" at {', '.join(here)}" if len(here) < len(every) else ""


def left_out(
    sweep: Sweep, used: Mapping[str, Sequence[pd.DataFrame]], why: str, task: str | None = None
) -> tuple[str, ...]:
    """A note on the gains (of one intermediate task) that comparisons leave out, for each baseline."""
    notes = []
    for baseline, over in OVER.items():
        frame = sweep.gains[baseline].frame
        every = len(frame) if task is None else int((frame["intermediate_task"] == task).sum())
        left = every - sum(len(rows) for rows in used[baseline])
        if left:
            notes.append(f"{left:,} of {every:,} gains over {over} are left out: {why}.")
    return tuple(notes)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: words, the values that they name as ``{sweep_NAME}``, the table, and how it was fitted.

    ``shown`` is what a figure of estimates draws, by name.
    """

    words: str
    values: dict[str, Value]
    table: Table
    fits: Fits
    rests_on: str
    shown: dict[str, Value] = field(default_factory=dict)

    def record(self, session: Session) -> None:
        """Put words, values, diagnostics, method and references into a report."""
        for name, value in self.values.items():
            session.numbers[f"sweep_{name}"] = value
        session.numbers["sweep_rests_on"] = self.rests_on
        session.say("sweep_detail", f"{self.words} {self.fits.warning}".strip())
        session.diagnose(*self.fits.diagnostics)
        session.method(*self.fits.methods)
        session.cite(*self.fits.references, *CITED)


def show(
    session: Session, sweep: Sweep | None, section: Section | None, xlabel: str, caption: str, alternative: str
) -> None:
    """Words, table and figure of a section whose figure shows estimates with intervals, or that there is no section."""
    if sweep is None or section is None:
        omit(session)
        return
    shown = section.shown
    session.use(sweep.read.sources)
    section.record(session)
    session.table("sweep_table", section.table)
    session.figure(
        "sweep", lambda ax: plot_slopes(shown, ax, xlabel), caption, alternative, height=0.9 + 0.24 * len(shown)
    )


def omit(session: Session) -> None:
    """Say that there is no sweep among the data, in place of its words, figure and table."""
    session.numbers["sweep_detail"] = (
        f"The set '{OWN_SWEEP}', a sweep of our own with an equal-steps control, is not among the data."
    )
    session.omit("sweep")
    session.omit("sweep_table")
