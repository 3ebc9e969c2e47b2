"""Protocols of results that figures draw although they are not tidy frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..mixed.result import MixedResult


class Estimated(Protocol):
    """An estimate with an interval, whose ends may be missing."""

    @property
    def estimate(self) -> float:
        """The estimate."""

    @property
    def low(self) -> float | None:
        """Lower end."""

    @property
    def high(self) -> float | None:
        """Upper end."""

    @property
    def settled(self) -> bool:
        """Whether the interval excludes zero."""


class LineBySize(Protocol):
    """A line over log size, fitted at two distances."""

    @property
    def distances(self) -> tuple[float, float]:
        """The two distances."""

    @property
    def result(self) -> MixedResult:
        """The fit."""


class TwoSizes(Protocol):
    """Estimates at a small and at a large model."""

    @property
    def at_small(self) -> Estimated:
        """At the smaller one."""

    @property
    def at_large(self) -> Estimated:
        """At the larger one."""


class SizePair(Protocol):
    """Two sizes, as base-2 logarithms of billions of parameters."""

    @property
    def sizes(self) -> tuple[float, float]:
        """The sizes."""
