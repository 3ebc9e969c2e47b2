"""From data to curves: the whole of ``analyze scale`` as one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import CrossliftError, DesignError
from ...core.jsonable import dropped_rows, plain, records, single
from ...core.multiplicity import adjust
from ...outcomes.axes import Axis, find_axis, with_axis
from ...outcomes.build import Options, Outcome, read_outcome
from ...outcomes.covariates import CORPORA
from ...outcomes.groups import check_by, groups, without_group
from ...records.read import Source
from .answer import sentences
from .curve import Curve, fit_curve

if TYPE_CHECKING:
    import pandas as pd

#: Default sizes for predictions; other axes take multiples of the largest size.
DEFAULT_SIZES = ("7B", "13B", "70B")
MULTIPLES = (2.0, 4.0, 10.0)


@dataclass(frozen=True, slots=True)
class ScaleRequest:
    """The request of ``scale``.

    Empty ``data`` means every bundled set with the outcome; empty ``moderators``, typological distance if it varies.
    """

    factor: str = "size"
    data: tuple[str | pd.DataFrame, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    at: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    moderators: tuple[str, ...] | None = None
    by: tuple[str, ...] = ()
    adjust: str = "holm"


@dataclass(frozen=True, slots=True)
class ScaleFit:
    """The curves and everything that is printed around them.

    ``skipped`` names groups of ``--by`` without a curve, with their numbers of rows and the reasons.
    """

    request: ScaleRequest
    axis: Axis
    sources: tuple[Source, ...]
    outcome: Outcome
    dropped: tuple[tuple[str, int], ...]
    curves: tuple[Curve, ...]
    skipped: tuple[tuple[str, int, str], ...]
    notices: tuple[str, ...]

    @property
    def slopes(self) -> pd.DataFrame:
        """Tidy table of the log-linear slopes: one row per group."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "group": curve.group,
                    "rows": curve.rows,
                    "sizes": len(curve.sizes),
                    **asdict(curve.slope),
                    "best": curve.best.form.name,
                }
                for curve in self.curves
            ]
        )

    @property
    def table(self) -> pd.DataFrame:
        """Tidy table of all forms of all groups, with their errors at the held-out size."""
        import pandas as pd

        parts = []
        for curve in self.curves:
            part = curve.table
            part.insert(0, "group", curve.group)
            if len(curve.holdout.table):
                held = curve.holdout.table.set_index("form")[["mae", "rmse", "bias", "coverage"]]
                part = part.join(held.add_prefix("holdout_"), on="form")
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    @property
    def predictions(self) -> pd.DataFrame:
        """Tidy table of all predictions."""
        import pandas as pd

        parts = [curve.predictions.assign(group=curve.group) for curve in self.curves if len(curve.predictions)]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def to_json(self) -> dict[str, Any]:
        """The JSON contract of ``scale``."""
        return {
            "command": "scale",
            "factor": self.axis.name,
            "unit": f"log2 of {self.axis.unit}",
            "outcome": self.outcome.options.outcome,
            "n_obs": sum(curve.rows for curve in self.curves),
            "by": list(self.request.by),
            "adjustment": self.request.adjust,
            "curves": [_curve_json(curve) for curve in self.curves],
            "skipped": [{"group": group, "rows": rows, "reason": why} for group, rows, why in self.skipped],
            "dropped": dropped_rows(self.dropped),
            "warnings": list(dict.fromkeys(line for curve in self.curves for line in curve.warnings)),
            "notices": list(self.notices),
            "rows_read": self.outcome.read,
            "data": [asdict(source) for source in self.sources],
        }


def fit_scale(request: ScaleRequest, report: Callable[[str], None] | None = None) -> ScaleFit:
    """Read, pair, join, and fit the curve of every group.

    Parameters
    ----------
    request
        What to fit and how.
    report
        Called with a short text at the start of each stage.

    Raises
    ------
    CrossliftError
        If the input cannot be used.
    """
    say = report or (lambda words: None)
    axis = find_axis(request.factor)
    asked = [axis.parse(text) for text in request.at]
    adjust([], request.adjust)
    options = request.options
    if axis.name == "corpus":
        unit = CORPORA[options.corpus].unit if options.corpus in CORPORA else "each model's own corpus"
        axis = replace(axis, unit=unit)
    read, outcome = read_outcome(request.data, request.mapping, request.options, say)
    options = outcome.options
    frame, missing = with_axis(outcome.frame, axis)
    dropped = [*outcome.dropped, *missing]
    if len(frame) == 0:
        raise CrossliftError(
            f"none of the {len(outcome.frame)} rows has a {axis.words}.",
            f"It is read from the column '{axis.raw or 'language'}'; other factors: size, examples, corpus.",
        )
    curves: list[Curve] = []
    skipped: list[tuple[str, int, str]] = []
    for group, rows in _groups(frame, request.by, dropped):

        def told(words: str, group: str = group) -> None:
            say(f"{group}: {words}" if group else words)

        at = asked or _default_at(axis, rows)
        moderators = _default_moderators(rows, axis) if request.moderators is None else request.moderators
        try:
            curves.append(
                fit_curve(rows, options.outcome, axis, at, request.languages, moderators, request.adjust, group, told)
            )
        except DesignError as error:
            if not request.by:
                raise
            skipped.append((group, len(rows), error.message))
            dropped.append((f"group '{group}' without a curve", len(rows)))
    if not curves:
        raise DesignError(f"none of the groups of --by {','.join(request.by)} has a curve.", skipped[0][2])
    for curve in curves:
        dropped += curve.dropped
    p = adjust([curve.slope.p_value for curve in curves], request.adjust)
    notices = [*read.notices, *outcome.notices]
    for curve in curves:
        notices += [line for line in curve.model.notices if line not in notices]
        prefix = f"{curve.group}: " if curve.group not in ("", *(item.task for item in curve.chance)) else ""
        notices += [prefix + item.sentence(curve.outcome, axis) for item in curve.chance]
    return ScaleFit(
        request,
        axis,
        read.sources,
        outcome,
        tuple(dropped),
        tuple(curve.adjusted(float(value)) for curve, value in zip(curves, p, strict=True)),
        tuple(skipped),
        tuple(notices),
    )


def _default_at(axis: Axis, frame: pd.DataFrame) -> list[float]:
    if axis.name == "size":
        return [axis.parse(text) for text in DEFAULT_SIZES]
    largest = float(frame[axis.column].max())
    return [largest + float(np.log2(factor)) for factor in MULTIPLES]


def _default_moderators(rows: pd.DataFrame, axis: Axis) -> tuple[str, ...]:
    """Typological distance, if three languages differ in it; not for corpus size, which is also a language's own."""
    return ("typology",) if axis.level != "language" and rows["typology"].nunique() >= 3 else ()


def _groups(frame: pd.DataFrame, by: Sequence[str], dropped: list[tuple[str, int]]) -> list[tuple[str, pd.DataFrame]]:
    """Groups of rows by the values of columns; rows without a value are counted."""
    if not by:
        return [("", frame)]
    check_by(frame, by)
    dropped += without_group(frame, by)
    return list(groups(frame, by))


def _curve_json(curve: Curve) -> dict[str, Any]:
    held = curve.holdout
    return {
        "group": curve.group,
        "formula": curve.model.formula,
        "slopes_vary_by": list(curve.model.slopes),
        "n_obs": curve.rows,
        "models": curve.models,
        "sizes": [float(value) for value in curve.sizes],
        "slope": single(asdict(curve.slope)),
        "forms": records(curve.table),
        "lacking": [{"form": name, "reason": reason} for name, reason in curve.lacking],
        "told_apart": len(curve.alike) == 1,
        "holdout": {
            "smallest": float(held.smallest),
            "largest": float(held.largest),
            "rows": held.rows,
            "matched": held.matched,
            "observed": plain(held.observed),
            "reason": held.reason,
            "dropped": dropped_rows(held.dropped),
            "forms": records(held.table),
        },
        "moderation": [single(asdict(item)) for item in curve.moderations],
        "near_chance": [asdict(item) for item in curve.chance],
        "predictions": records(curve.predictions),
        "answers": sentences(curve),
        "warnings": list(curve.warnings),
        "fit": curve.best.result.to_json(),
    }
