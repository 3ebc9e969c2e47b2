"""Texts around the Axes that stay on the canvas: legends above, captions below, broken where they would not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .style import BLACK, GREY, behind, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure
    from matplotlib.text import Text

#: Inches between a caption and the edge of the canvas.
EDGE = 0.06
CAPTION = "caption"
#: Share of the Axes' width that a legend or a label may take: letters are a little wider at other resolutions.
SHARE = 0.94


def canvas_of(ax: Axes) -> Figure:
    """The figure of ``ax``."""
    made = ax.get_figure(root=True)
    assert made is not None
    return made


def legend_above(ax: Axes, most: int = 4) -> None:
    """A legend over the Axes, in as many columns as fit beside each other."""
    handles = ax.get_legend_handles_labels()[0]
    if not handles:
        return
    made = canvas_of(ax)
    made.draw_without_rendering()  # the width of the Axes depends on the layout
    room = SHARE * ax.get_window_extent().width
    for columns in range(min(most, len(handles)), 0, -1):
        legend = ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, borderpad=0.2,
                           ncols=columns, fontsize=size(7.5), handlelength=1.8, columnspacing=1.2,
                           labelspacing=0.3)  # fmt: skip
        if columns == 1 or legend.get_window_extent(_renderer(made)).width <= room:
            return


def legend_of_panels(panels: Sequence[Axes]) -> None:
    """One legend for all panels at the top of the canvas: each kind of mark once."""
    made = canvas_of(panels[0])
    kinds = {
        label: handle
        for ax in panels
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }  # fmt: skip
    for columns in range(min(4, len(kinds)), 0, -1):
        for old in made.legends:
            old.remove()
        legend = made.legend(list(kinds.values()), list(kinds), loc="outside upper left", ncols=columns,
                             fontsize=size(7.5), handlelength=1.8, columnspacing=1.2, labelspacing=0.3)  # fmt: skip
        if legend.get_window_extent(_renderer(made)).width <= SHARE * made.bbox.width:
            return


def label_axes(ax: Axes, xlabel: str, ylabel: str = "") -> None:
    """Name the axes, in several lines where one would be longer than its axis."""
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    made = canvas_of(ax)
    if _short(ax.xaxis.label, ax.get_window_extent().width) and _short(ax.yaxis.label, ax.get_window_extent().height):
        return
    for _ in range(2):  # a broken label makes the other axis shorter
        made.draw_without_rendering()
        box = ax.get_window_extent()
        for label, words, room in ((ax.xaxis.label, xlabel, box.width), (ax.yaxis.label, ylabel, box.height)):
            label.set_text(wrapped(words, label, room / made.dpi))


def _short(label: Text, room: float) -> bool:
    """Whether a label fits whatever the layout does: it takes time, and Axes hardly lose a third by it."""
    made = label.get_figure(root=True)
    assert made is not None
    words, font = label.get_text(), label.get_fontproperties()
    return bool(_renderer(made).get_text_width_height_descent(words, font, ismath=False)[0] <= 0.6 * room)


def caption_below(ax: Axes, caption: str) -> None:
    """A caption at the foot of the canvas, which grows by its height; called again, it grows by further sentences.

    Axes make room for it where the layout is constrained, as that of :func:`analysis.plots.style.canvas` is.
    """
    if not caption:
        return
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    made = canvas_of(ax)
    old = next((text for text in made.texts if text.get_gid() == CAPTION), None)
    before = 0.0
    if old is not None:
        before = _inches(old)
        caption = f"{old.get_text()}\n{caption}"
        old.remove()
    text = made.text(EDGE, EDGE, caption, transform=made.dpi_scale_trans, va="bottom", ha="left", fontsize=size(7.0),
                     color=GREY, gid=CAPTION, linespacing=1.25)  # fmt: skip
    text.set_in_layout(False)
    text.set_text("\n".join(wrapped(line, text, made.get_figwidth() - 2 * EDGE) for line in caption.split("\n")))
    foot = _inches(text)
    made.set_figheight(made.get_figheight() + foot - before)
    share = foot / made.get_figheight()
    engine = made.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0.0, share, 1.0, 1.0 - share))


def name_places(ax: Axes, x: Iterable[float], y: Iterable[float], names: Iterable[str], points: float = 7.0) -> None:
    """Write a name next to each place, moved apart where names would collide. The layout of the figure ends here."""
    import numpy as np
    from adjustText import adjust_text

    across, up = (np.asarray(list(values), dtype=float) for values in (x, y))
    made = canvas_of(ax)
    _settle(made)
    texts = [
        ax.text(a, b, str(name), fontsize=size(points), color=BLACK, bbox=behind(), zorder=4)
        for a, b, name in zip(across, up, names, strict=True)
    ]
    adjust_text(texts, x=across, y=up, ax=ax, iter_lim=800, expand=(1.2, 1.5),
                arrowprops={"arrowstyle": "-", "color": BLACK, "linewidth": 0.3, "alpha": 0.6})  # fmt: skip


def _settle(made: Figure) -> None:
    """Keep the ticks and the layout: another one would move the Axes under the names."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import FixedLocator

    if not isinstance(made.get_layout_engine(), ConstrainedLayoutEngine):
        return
    made.draw_without_rendering()
    for ax in made.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if not isinstance(axis.get_major_locator(), FixedLocator):
                low, high = sorted(axis.get_view_interval())
                axis.set_ticks([place for place in axis.get_majorticklocs() if low <= place <= high])
    made.draw_without_rendering()
    made.set_layout_engine("none")


def _inches(text: Text) -> float:
    made = text.get_figure(root=True)
    assert made is not None
    return float(text.get_window_extent(_renderer(made)).height / made.dpi + 2 * EDGE)


def wrapped(words: str, text: Text, inches: float) -> str:
    """``words`` broken into lines no wider than ``inches`` in the font of ``text``."""
    made = text.get_figure(root=True)
    assert made is not None
    renderer, font = _renderer(made), text.get_fontproperties()

    def wide(line: str) -> bool:
        return bool(renderer.get_text_width_height_descent(line, font, ismath=False)[0] > inches * made.dpi)

    lines: list[str] = []
    for word in words.split(" "):
        if lines and not wide(f"{lines[-1]} {word}"):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def width_of(ax: Axes, words: str, points: float, weight: str = "normal") -> float:
    """Width of ``words`` in points at a size of text."""
    from matplotlib.font_manager import FontProperties

    made = canvas_of(ax)
    font = FontProperties(size=points, weight=weight)
    width = _renderer(made).get_text_width_height_descent(words, font, ismath=False)[0]
    return float(width * 72.0 / made.dpi)


def _renderer(made: Figure) -> RendererBase:
    """What measures text: Agg's, whatever canvas the figure is on."""
    from matplotlib.backends.backend_agg import RendererAgg

    renderer: RendererBase = RendererAgg(1, 1, made.dpi)  # type: ignore[no-untyped-call]
    return renderer
