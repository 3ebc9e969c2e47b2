"""The result of a multiverse: all fits in one tidy frame, with a joint summary."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.confidence import ALPHA
from ...core.jsonable import dropped_rows, records, single
from ...core.text import count, number, p_words
from ...languages.feature_sources import DEFAULT, EVERY_MEASURE
from ...records.read import Source
from .explained_spread import Decomposition
from .joint_test import STATISTICS, Joint
from .space import Space

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Summary:
    """All fits together.

    Attributes
    ----------
    fits
        Number of fitted specifications.
    distinct
        Number of different models: other degrees of freedom, or a bound that all languages pass, do not count.
    median, low, high
        Median and the quantiles 2.5% and 97.5% of the standardised effects.
    negative
        Share of negative effects.
    same_sign
        Share with the sign of the median.
    significant
        Share with ``p < 0.05``.
    significant_negative, significant_positive
        The same by sign.
    singular
        Fits with a variance on its boundary.
    """

    fits: int
    distinct: int
    median: float
    low: float
    high: float
    negative: float
    same_sign: float
    significant: float
    significant_negative: float
    significant_positive: float
    singular: int


@dataclass(frozen=True, slots=True)
class Comparable:
    """Slopes that share a unit: one measure, outcomes in points."""

    measure: str
    fits: int
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Multiverse:
    """A multiverse of one question on one set of rows.

    Attributes
    ----------
    frame
        One row per fitted specification, sorted by ``effect``: the options by choice, ``formula``, ``unit``,
        ``estimate`` (per 0.1 of distance, in ``unit``), ``std_error``, ``df``, ``statistic``, ``p_value``,
        ``conf_low``, ``conf_high``, ``effect``, ``effect_low``, ``effect_high`` (standard deviations of the outcome per
        standard deviation of distance between languages), ``n_obs``, ``languages``, ``singular``, ``default``.
    space
        Choices, and the combinations left out.
    failed
        Specifications without a fit, by reason.
    over
        What is asked about: ``distance``, or a factor of languages.
    """

    outcome: str
    frame: pd.DataFrame
    space: Space
    failed: tuple[tuple[str, int], ...]
    summary: Summary
    comparable: Comparable | None
    spread: Decomposition
    joint: Joint | None
    seed: int
    read: int
    dropped: tuple[tuple[str, int], ...]
    notices: tuple[str, ...]
    sources: tuple[Source, ...]
    level: str = ""
    over: str = "distance"

    @property
    def default(self) -> pd.Series[Any] | None:
        """The default specification, if it was fitted."""
        own = self.frame[self.frame["default"]]
        return own.iloc[0] if len(own) else None

    @property
    def answer(self) -> list[str]:
        """The results in sentences."""
        found = self.summary
        sign = "negative" if found.median < 0 else "positive"
        lines = [
            f"{found.same_sign:.0%} of {count(found.fits)} fits have a {sign} effect; {found.significant:.0%} are "
            f"significant at {ALPHA} ({found.significant_negative:.0%} negative, {found.significant_positive:.0%} "
            "positive).",
            f"The median effect is {number(found.median, 3)} standard deviations of the {self.outcome} {self.per}; "
            f"95% of the fits lie between {number(found.low, 3)} and {number(found.high, 3)}.",
        ]
        if self.default is not None:
            rank = float((self.frame["effect"] < self.default["effect"]).mean())
            lines.append(
                f"The default specification gives {number(self.default['effect'], 3)} "
                f"({p_words(self.default['p_value'])}): {rank:.0%} of the fits are more negative."
            )
        if self.comparable:
            own = self.comparable
            lines.append(
                f"In points per 0.1 of {own.measure}{self._kind(own.measure)}, which {count(own.fits)} fits share: "
                f"median {number(own.median, 2)}, 95% of them between {number(own.low, 2)} and {number(own.high, 2)}."
            )
        return [*lines, *self._verdict()]

    @property
    def per(self) -> str:
        """The unit of the standardised effects."""
        return f"per standard deviation of {self.over}"

    @property
    def shuffled(self) -> str:
        """What the joint tests compare with."""
        return "shuffled distances" if self.over == "distance" else f"shuffled values of {self.over}"

    @property
    def asked(self) -> str:
        """What is asked about, in a sentence."""
        return "the distance" if self.over == "distance" else self.over

    def _kind(self, measure: str) -> str:
        return " distance" if measure in EVERY_MEASURE else ""

    def _verdict(self) -> list[str]:
        lines = []
        top = [item for item in self.spread.choices if item.beside > 0][:2]
        if top:
            named = " and ".join(f"'{item.choice}' ({item.beside:.0%})" for item in top)
            lines.append(f"The choices that explain most of the variance between fits are {named}.")
        if self.joint is None:
            lines.append("Whether so many fits could agree by chance was not tested: --permute N does.")
            return lines
        worst = min(test.adjusted for test in self.joint.tests)
        every = all(test.adjusted < ALPHA for test in self.joint.tests)
        if every:
            said = f"Together the specifications show more than {self.shuffled} do, by every statistic"
        elif worst < ALPHA:
            said = f"Together the specifications show more than {self.shuffled} do by some statistics but not by all"
        else:
            said = f"Together the specifications show no more than {self.shuffled} do"
        values = ", ".join(f"{STATISTICS[t.statistic].split(',')[0]}: {p_words(t.adjusted)}" for t in self.joint.tests)
        lines.append(f"{said} ({values}; Holm, {count(self.joint.draws)} arrangements).")
        return lines

    def to_json(self) -> dict[str, Any]:
        """The JSON contract of ``multiverse``."""
        return {
            "command": "multiverse",
            "outcome": self.outcome,
            "factor": self.over,
            "level": self.level or None,
            "choices": [
                {
                    "name": choice.name,
                    "question": choice.question,
                    "default": choice.default,
                    "options": [asdict(option) for option in choice.options],
                }
                for choice in self.space.choices
            ],
            "combinations": self.space.combinations,
            "excluded": [{"reason": reason, "combinations": n} for reason, n in self.space.excluded],
            "possible": self.space.possible,
            "specifications": len(self.space.table),
            "failed": [{"reason": reason, "specifications": n} for reason, n in self.failed],
            "seed": self.seed,
            "summary": single(asdict(self.summary)),
            "comparable": asdict(self.comparable) if self.comparable else None,
            "joint": asdict(self.joint) if self.joint else None,
            "spread": {
                "together": self.spread.together,
                "balanced": self.spread.balanced,
                "choices": [asdict(item) for item in self.spread.choices],
            },
            "answer": self.answer,
            "rows": records(self.frame),
            "rows_read": self.read,
            "dropped": dropped_rows(self.dropped),
            "notices": list(self.notices),
            "warnings": list(self.warnings),
            "data": [asdict(source) for source in self.sources],
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """Caveats of the results."""
        lines = []
        lost = sum(n for _, n in self.failed)
        if lost:
            lines.append(f"{count(lost)} of {count(len(self.space.table))} specifications could not be fitted.")
        few = int((self.frame["languages"] < 15).sum())
        if few:
            lines.append(f"{count(few)} fits rest on fewer than 15 languages, too few for a slope to support a claim.")
        return tuple(lines)


def summarize(frame: pd.DataFrame, distinct: int) -> Summary:
    """Shares and quantiles over the fits of a multiverse."""
    effect, p = frame["effect"].to_numpy(), frame["p_value"].to_numpy()
    median = float(np.median(effect))
    low, high = np.quantile(effect, [0.025, 0.975])
    small = p < ALPHA
    return Summary(
        fits=len(frame),
        distinct=distinct,
        median=median,
        low=float(low),
        high=float(high),
        negative=float((effect < 0).mean()),
        same_sign=float((np.sign(effect) == np.sign(median)).mean()),
        significant=float(small.mean()),
        significant_negative=float((small & (effect < 0)).mean()),
        significant_positive=float((small & (effect > 0)).mean()),
        singular=int(frame["singular"].sum()),
    )


def compare(frame: pd.DataFrame, measure: str, features: str = DEFAULT) -> Comparable | None:
    """Slopes in points per 0.1 of one measure of one source of features."""
    own = frame[frame["unit"] == "points"]
    for name, option in (("measure", measure), ("features", features)):
        if name in own.columns:
            own = own[own[name] == option]
    if len(own) < 2:
        return None
    low, high = np.quantile(own["estimate"], [0.025, 0.975])
    return Comparable(measure, len(own), float(own["estimate"].median()), float(low), float(high))
