"""Colours, sizes and saving shared by all figures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe and Ito's palette, told apart with any kind of colour vision.
BLUE, ORANGE, GREY, BLACK = "#0072B2", "#D55E00", "#666666", "#222222"
FORMATS = (".png", ".svg", ".pdf")

_RC: dict[Any, Any] = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "crosslift",  # the same figure gives the same bytes
    "savefig.dpi": 200,
}


def halo() -> list[Any]:
    """A thin white edge that keeps a label legible over lines."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=1.6, foreground="white", alpha=0.85)]


@contextmanager
def figure(width: float = 6.4, height: float = 4.4) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one Axes in the package's style, sizes in inches."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_RC):
        made = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(made)
        yield made, made.add_subplot()


@contextmanager
def panels(count: int, width: float = 5.6, height: float = 4.6) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure with ``count`` Axes, two per row, each of the given size in inches."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(count, 2)
    rows = -(-count // columns)
    with rc_context(_RC):
        made = Figure(figsize=(width * columns, height * rows), layout="constrained")
        FigureCanvasAgg(made)
        yield made, [made.add_subplot(rows, columns, i + 1) for i in range(count)]


def save(made: Figure, path: str | Path) -> Path:
    """Write a figure by the ending of its name.

    Raises
    ------
    CrossliftError
        If the ending is not one of ``FORMATS``.
    """
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise CrossliftError(f"a figure cannot be saved as '{target.name}'.", f"Endings: {', '.join(FORMATS)}.")
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {"Software": None}}
    from matplotlib import rc_context

    with rc_context(_RC):
        made.savefig(target, metadata=metadata[target.suffix.lower()])
    return target


def as_svg(made: Figure) -> bytes:
    """A figure as SVG, the same bytes for the same figure."""
    from io import BytesIO

    from matplotlib import rc_context

    svg = BytesIO()
    with rc_context(_RC):
        made.savefig(svg, format="svg", metadata={"Date": None})
    return svg.getvalue()
