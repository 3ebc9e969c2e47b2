"""Ticks of an axis of base-2 logarithms that read as sizes: 560M, 1B, 13B."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .style import size
from .words import canvas_of, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..outcomes.axes import Axis

#: Up to this many sizes have a tick each; beyond that, ticks are at round sizes.
FEW = 12
#: Points of size of tick labels, and the space between two of them.
LABEL, SPACE = 8.0, 4.0


def size_ticks(ax: Axes, axis: Axis, sizes: Sequence[float], left: float, right: float) -> None:
    """Put ticks at the sizes themselves where they are few, else at round ones; none so close that labels collide.

    Parameters
    ----------
    ax
        Axes whose x axis is the base-2 logarithm of a size.
    axis
        Which size.
    sizes
        Sizes in the data.
    left, right
        Ends of what is drawn.
    """
    own = sorted({float(z) for z in sizes})
    places = own if len(own) <= FEW else _round(left, right)
    made = canvas_of(ax)
    made.draw_without_rendering()
    per_point = (right - left) / (ax.get_window_extent().width * 72.0 / made.dpi)
    names = {z: axis.label(z).removesuffix(".0") for z in places}
    half = {z: (width_of(ax, names[z], size(LABEL)) + SPACE) / 2.0 * per_point for z in places}
    kept: list[float] = []
    for place in sorted(places, key=lambda z: (z not in (own[0], own[-1]), z)):
        if all(abs(place - other) >= half[place] + half[other] for other in kept):
            kept.append(place)
    kept.sort()
    ax.set_xticks(kept, [names[z] for z in kept])


def _round(left: float, right: float) -> list[float]:
    """Base-2 logarithms of 1, 2 and 5 times powers of ten; powers of ten alone where they are enough."""
    powers = range(int(np.floor(left * np.log10(2.0))), int(np.ceil(right * np.log10(2.0))) + 1)
    for steps in ((1.0,), (1.0, 2.0, 5.0)):
        places = [float(np.log2(step * 10.0**power)) for power in powers for step in steps]
        inside = [place for place in places if left <= place <= right]
        if len(inside) >= 4:
            break
    return inside
