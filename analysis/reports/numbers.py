"""Numbers that prose may name: recorded while a notebook runs, printed by one set of rules."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError, did_you_mean
from ..core.text import number, p_words

if TYPE_CHECKING:
    from ..questions.regression.answer import Answer

NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class NumbersError(CrossliftError):
    """A number that cannot be recorded, or a name in prose that was not recorded."""


@dataclass(frozen=True, slots=True)
class Value:
    """An estimate with its uncertainty.

    Attributes
    ----------
    estimate
        Never rounded here.
    low, high
        Ends of the 95% interval; missing where there is none.
    digits
        Decimals in print.
    unit
        Words after the estimate, such as ``"points per doubling"``. ``"%"`` is printed without a space.
    df, p
        Degrees of freedom (infinite: normal distribution) and p value of the test against zero, where there is one.
    """

    estimate: float
    low: float | None = None
    high: float | None = None
    digits: int = 2
    unit: str = ""
    df: float | None = None
    p: float | None = None

    @classmethod
    def of(cls, found: Answer, unit: str, digits: int = 2) -> Value:
        """The value of an answer of ``fit``."""
        return cls(found.estimate, found.conf_low, found.conf_high, digits, unit, found.df, found.p_value)

    @classmethod
    def of_row(cls, row: Mapping[Any, Any], unit: str, step: float = 1.0, digits: int = 2) -> Value:
        """The value of a row of ``result.fixed`` or ``result.contrast``, times ``step``."""
        low, high = sorted((step * float(row["conf_low"]), step * float(row["conf_high"])))
        return cls(
            step * float(row["estimate"]), low, high, digits, unit, float(row["df"]), float(row["p_value"])
        )  # fmt: skip

    @property
    def settled(self) -> bool:
        """True if the interval excludes zero."""
        return self.low is not None and self.high is not None and not self.low <= 0.0 <= self.high

    def part(self, name: str) -> str:
        """One printed part, one of ``PARTS``: ``size`` is without sign, ``basis`` the interval with p and df."""
        if name == "estimate":
            return number(self.estimate, self.digits)
        if name == "size":
            return number(abs(self.estimate), self.digits)
        if name == "unit":
            return self.unit
        if name in ("low", "high", "df", "p"):
            held = getattr(self, name)
            if held is None:
                raise NumbersError(f"it does not have '{name}'.")
            return p_words(held) if name == "p" else number(held, 1 if name == "df" else self.digits)
        if name == "interval":
            return f"95% interval {self.part('low')} to {self.part('high')}"
        if name == "basis":
            words = [self.part("interval")]
            if self.p is not None:
                words.append(self.part("p"))
            if self.df is not None:
                words.append("normal distribution" if math.isinf(self.df) else f"{self.part('df')} degrees of freedom")
            return "; ".join(words)
        raise NumbersError(
            f"a value lacks the part '{name}'.", did_you_mean(name, PARTS) or f"Parts: {', '.join(PARTS)}."
        )

    def text(self) -> str:
        """The printed form: estimate, unit and basis."""
        plain = self.part("estimate") + ("%" if self.unit == "%" else f" {self.unit}" if self.unit else "")
        return plain if self.low is None else f"{plain} ({self.part('basis')})"

    def to_json(self) -> dict[str, Any]:
        """All fields; infinite degrees of freedom and missing numbers are ``None``."""
        fields = asdict(self)
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields.items()}


PARTS = ("estimate", "size", "low", "high", "interval", "basis", "df", "p", "unit")
Entry = Value | int | str


class Numbers:
    """Numbers by name, in the order they were recorded; each name once."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def __setitem__(self, name: str, entry: Entry) -> None:
        if not NAME.match(name):
            raise NumbersError(f"'{name}' is not a valid name for a number.", "Use lower case, digits and underscores.")
        if name in self._entries:
            raise NumbersError(f"the number '{name}' is recorded twice.", "Give each its own name.")
        if isinstance(entry, bool) or not isinstance(entry, Value | int | str):
            raise NumbersError(
                f"'{name}' is a {type(entry).__name__}: not a Value, a count or words.",
                "Record Value(estimate, low, high, digits, unit); counts are int.",
            )
        if isinstance(entry, Value) and not math.isfinite(entry.estimate):
            raise NumbersError(f"the number '{name}' is {entry.estimate}.", "Record words that say why it is missing.")
        self._entries[name] = entry

    def __getitem__(self, name: str) -> Entry:
        if name not in self._entries:
            hint = did_you_mean(name, self._entries) or f"Recorded: {', '.join(self._entries) or 'none'}."
            raise NumbersError(f"no number '{name}' was recorded.", hint)
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def value(self, name: str) -> Value:
        """The entry, which must be a :class:`Value`."""
        entry = self[name]
        if not isinstance(entry, Value):
            raise NumbersError(f"'{name}' is not a value with parts.")
        return entry

    def print(self, reference: str) -> str:
        """What ``{reference}`` prints: a name, or ``name.part``."""
        name, _, part = reference.partition(".")
        entry = self[name]
        if part:
            try:
                return self.value(name).part(part)
            except NumbersError as error:
                raise NumbersError(f"'{reference}' cannot be printed: {error.message}", error.hint) from error
        if isinstance(entry, Value):
            return entry.text()
        return f"{entry:,}" if isinstance(entry, int) else entry

    def to_json(self) -> dict[str, Any]:
        """Entries as JSON values: objects, integers and strings."""
        return {name: e.to_json() if isinstance(e, Value) else e for name, e in self._entries.items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Numbers:
        """Read what :meth:`to_json` wrote."""
        made = cls()
        for name, entry in content.items():
            if isinstance(entry, Mapping):
                fields = dict(entry)
                if fields.get("df") is None and fields.get("p") is not None:
                    fields["df"] = math.inf
                made[name] = Value(**fields)
            else:
                made[name] = entry
        return made
