"""Where a figure will be seen: its width, its size of text, and how much fits beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ..core.errors import CrossliftError, unknown_name

_CM = 2.54
#: Width of a text of two columns in inches: 16 cm, as ACL's template has it.
TEXT_INCHES = 16.0 / _CM


@dataclass(frozen=True, slots=True)
class Look:
    """Width in inches, base size of text in points, factor of heights, panels per row, and whether it is a slide."""

    inches: float
    font: float
    height: float
    panels: int
    wide: bool = False


#: Widths of one and two columns of ACL's template, by the number of columns.
PAPER = {1: Look(7.7 / _CM, 7.5, 0.62, 1), 2: Look(TEXT_INCHES, 9.0, 1.0, 2)}
#: A slide of 16 to 9.
SLIDES = Look(25.4 / _CM, 15.0, 1.25, 2, wide=True)
STYLES = ("paper", "slides")

_LOOK: ContextVar[Look] = ContextVar("look", default=PAPER[2])


def look() -> Look:
    """The look that figures are drawn in."""
    return _LOOK.get()


def find_look(style: str = "paper", columns: int = 2) -> Look:
    """A look by name.

    Raises
    ------
    CrossliftError
        If there is none of that name or number of columns.
    """
    if style not in STYLES:
        raise unknown_name("style", style, STYLES)
    if columns not in PAPER:
        raise CrossliftError(f"a figure over {columns} columns is not known.", "Columns of a paper: 1 or 2.")
    return SLIDES if style == "slides" else PAPER[columns]


@contextmanager
def looking(chosen: Look) -> Iterator[None]:
    """Draw in another look within the block."""
    token = _LOOK.set(chosen)
    try:
        yield
    finally:
        _LOOK.reset(token)
