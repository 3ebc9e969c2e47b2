"""The result type of every question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError, unknown_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.present.screen import Screen


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """An answer, the tables it rests on, and its figures.

    Attributes
    ----------
    command
        The question: ``fit``, ``sources``, ``meta``, ``scale``, ``predict``, ``multiverse``, ``power`` or ``verify``.
    answer
        The answer in sentences, as the command line prints it.
    frames
        Tidy tables by name; the first is the main one. Columns are named in snake case and mean the same everywhere:
        ``term estimate std_error df statistic p_value conf_low conf_high``.
    details
        The underlying object, with everything that was computed; its attributes may change between releases.
    """

    command: str
    answer: tuple[str, ...]
    frames: Mapping[str, pd.DataFrame]
    details: Any
    _json: Callable[[], Mapping[str, Any]] = field(repr=False)
    _text: Callable[[Screen], None] = field(repr=False)
    _figures: Mapping[str, Callable[[], Figure]] = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """The main table."""
        return next(iter(self.frames.values()))

    def to_json(self) -> Mapping[str, Any]:
        """What ``--json`` writes."""
        return self._json()

    def summary(self, verbose: bool = False) -> str:
        """What the command prints, folded to the terminal if there is one; with ``verbose`` all that is known."""
        import sys
        from io import StringIO

        from analysis.present.screen import Screen, screen_width

        out = StringIO()
        self._text(Screen(out, screen_width(sys.stdout is not None and sys.stdout.isatty()), verbose))
        return out.getvalue().strip("\n")

    def plot(
        self, name: str | None = None, path: str | None = None, *, style: str = "paper", columns: int = 2
    ) -> Figure:
        """Draw a figure.

        Parameters
        ----------
        name
            Which one; the first by default. ``figures`` lists them.
        path
            Where to save it too (``.png``, ``.svg``, ``.pdf``).
        style, columns
            ``paper``, over 1 or 2 columns, or ``slides``.

        Raises
        ------
        CrossliftError
            If there is none, or none of this name, style or width, or the ending is not a figure format.
        """
        from analysis.plots.look import find_look, looking
        from analysis.plots.style import save

        if not self._figures:
            raise CrossliftError(f"this answer of '{self.command}' does not have a figure.")
        chosen = next(iter(self._figures)) if name is None else name
        if chosen not in self._figures:
            raise unknown_name("figure", chosen, self._figures)
        with looking(find_look(style, columns)):
            made = self._figures[chosen]()
            if path is not None:
                save(made, path)
        return made

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures that can be drawn."""
        return tuple(self._figures)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        tables = ", ".join(f"{name} ({len(frame)})" for name, frame in self.frames.items())
        return f"<Result of {self.command}: {' '.join(self.answer)[:120]} | tables: {tables}>"

    def _repr_html_(self) -> str:
        from html import escape

        sentences = "".join(f"<p><b>{escape(line)}</b></p>" for line in self.answer)
        return f"{sentences}{self.frame.to_html(index=False, max_rows=30)}"
