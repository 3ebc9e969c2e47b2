"""Colours, sizes and saving shared by all figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError
from .look import TEXT_INCHES, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe and Ito's palette, told apart with any kind of colour vision. In grey BLUE and ORANGE look alike: what differs
#: in colour differs in marker, dash or filling too.
BLUE, ORANGE, GREY, BLACK, GREEN = "#0072B2", "#D55E00", "#666666", "#222222", "#009E73"
FORMATS = (".png", ".svg", ".pdf")
#: Base size of text, in points, to which sizes in the code refer.
BASE = 9.0


def _rc() -> dict[Any, Any]:
    return {
        "font.size": look().font,
        "axes.titlesize": size(9.5),
        "axes.labelsize": size(BASE),
        "xtick.labelsize": size(8.0),
        "ytick.labelsize": size(8.0),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
        "ps.fonttype": 42,
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "crosslift",  # the same figure gives the same bytes
        "savefig.dpi": 200,
    }


def size(points: float) -> float:
    """A size of text, stated for the base size, in the look that is drawn."""
    return points * look().font / BASE


def behind() -> dict[str, Any]:
    """A white box that keeps a label legible over lines; outlined letters would not stay text in SVG and PDF."""
    return {"boxstyle": "round,pad=0.06", "facecolor": "white", "edgecolor": "none", "alpha": 0.7}


@contextmanager
def canvas(height: float, width: float = TEXT_INCHES) -> Iterator[Figure]:
    """An empty figure in the package's style.

    Parameters
    ----------
    height, width
        In inches for the width of a text, scaled to the width of the look; only the ratio of ``width`` to the width of
        a text is kept.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_rc()):
        made = Figure(figsize=(width * look().inches / TEXT_INCHES, height * look().height), layout="constrained")
        FigureCanvasAgg(made)
        yield made


@contextmanager
def figure(width: float = TEXT_INCHES, height: float = 4.4) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one Axes, sizes as for :func:`canvas`."""
    with canvas(height, width) as made:
        yield made, made.add_subplot()


def in_text(inches: float) -> float:
    """A height stated at the base size of text, as a height of :func:`canvas`."""
    return inches * look().font / BASE / look().height


@contextmanager
def rows_figure(height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one Axes whose height is that of rows of text: ``height`` in inches at the base size of text."""
    with canvas(in_text(height)) as made:
        yield made, made.add_subplot()


@contextmanager
def strip_figure(height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one Axes that leaves its left to labels, sized as :func:`rows_figure`."""
    with canvas(in_text(height)) as made:
        yield made, made.add_subplot(made.add_gridspec(1, 2, width_ratios=(0.7, 1.0))[0, 1])


@contextmanager
def with_strips(height: float, strips: Sequence[float]) -> Iterator[tuple[Figure, list[tuple[Axes, Axes | None]]]]:
    """A figure with a pair of Axes for each of ``strips``: one above, and one below that leaves its left to labels.

    Parameters
    ----------
    height
        Of each upper Axes, as for :func:`canvas`.
    strips
        Height of each lower Axes in inches at the base size of text; zero for none. In a wide look it stands beside.
    """
    heights = [(height, in_text(strip)) for strip in strips]
    if look().wide:
        # The legend over the upper Axes takes height from both.
        with canvas(sum(max(above, beside + in_text(1.0)) for above, beside in heights)) as made:
            grid = made.add_gridspec(len(heights), 3, width_ratios=(1.0, 0.42, 0.5))
            yield (
                made,
                [
                    (made.add_subplot(grid[i, 0]), made.add_subplot(grid[i, 2]) if strip else None)
                    for i, (_, strip) in enumerate(heights)
                ],
            )
        return
    parts = [part for pair in heights for part in pair if part]
    with canvas(sum(parts)) as made:
        grid = made.add_gridspec(len(parts), 2, height_ratios=parts, width_ratios=(0.7, 1.0))
        pairs: list[tuple[Axes, Axes | None]] = []
        row = 0
        for _, strip in heights:
            above = made.add_subplot(grid[row, :])
            pairs.append((above, made.add_subplot(grid[row + 1, 1]) if strip else None))
            row += 2 if strip else 1
        yield made, pairs


@contextmanager
def panels(count: int, height: float = 3.2, shared: bool = False) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure with ``count`` Axes, as many per row as the look holds.

    Parameters
    ----------
    count
        Number of panels.
    height
        Of a row, as for :func:`canvas` with two panels in a row.
    shared
        All panels have the same limits.
    """
    columns = min(count, look().panels)
    rows = -(-count // columns)
    with canvas(height * rows * (1.0 if columns > 1 else 1.35)) as made:
        axes: list[Axes] = []
        for i in range(count):
            first = axes[0] if axes and shared else None
            axes.append(made.add_subplot(rows, columns, i + 1, sharex=first, sharey=first))
        yield made, axes


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

    with rc_context(_rc()):
        made.savefig(target, metadata=metadata[target.suffix.lower()])
    return target


def as_svg(made: Figure) -> bytes:
    """A figure as SVG, the same bytes for the same figure."""
    from io import BytesIO

    from matplotlib import rc_context

    svg = BytesIO()
    with rc_context(_rc()):
        made.savefig(svg, format="svg", metadata={"Date": None})
    return svg.getvalue()
