"""Compare published distances with those from the features that the installed package ``lang2vec`` carries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.errors import CrossliftError
from .codes import resolve
from .uriel import FEATURE_MEASURES, NOT_PUBLISHED, PREFIXES

if TYPE_CHECKING:
    from .distances import Distance

VERSION = "1.1.2"
# Both sides add small whole numbers and take one angle: they differ by rounding alone, which an angle of nearly equal
# vectors magnifies.
ROUNDING = 1e-6


def differing(rows: Sequence[Distance], source: str) -> tuple[int, list[str]]:
    """How many of the distances were compared, and which differ, in words.

    Raises
    ------
    CrossliftError
        If the package is missing or is another version.
    """
    codes, features, values = _package()
    position = {code: i for i, code in enumerate(codes)}
    home = position.get(resolve(source).features_code, -1)
    compared, odd = 0, []
    for row in rows:
        other = position.get(row.features_code, -1)
        if row.measure not in FEATURE_MEASURES or min(home, other) < 0:
            continue
        columns = [
            i for i, name in enumerate(features) if name.startswith(PREFIXES[row.measure]) and name not in NOT_PUBLISHED
        ]
        theirs = _distance(values[home, columns], values[other, columns])
        compared += 1
        if math.isnan(row.distance) or abs(theirs - row.distance) > ROUNDING:
            odd.append(f"{row.code} {row.measure}: {row.distance:.4f}, not {theirs:.4f}")
    return compared, odd


def _distance(u: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """Angle between two vectors; one without any feature counts as having all."""
    u, v = (np.where(vector.any(), vector, 1.0) for vector in (u, v))
    cosine = float(u @ v) / math.sqrt(float(u @ u) * float(v @ v))
    return 2.0 / math.pi * math.acos(min(max(cosine, -1.0), 1.0))


@lru_cache(maxsize=1)
def _package() -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Codes, names of features, and the largest value over sources, where a missing one counts as zero.

    The package's module is not imported: it needs setuptools' old ``pkg_resources``.
    """
    try:
        found = version("lang2vec")
    except PackageNotFoundError:
        found = ""
    if found != VERSION:
        raise CrossliftError(
            f"--check-lang2vec needs lang2vec {VERSION}" + (f", and {found} is installed." if found else "."),
            "Install it: pip install 'crosslift[lang2vec]'.",
        )
    spec = find_spec("lang2vec")
    assert spec is not None and spec.submodule_search_locations is not None
    with np.load(Path(spec.submodule_search_locations[0]) / "data" / "features.npz") as file:
        values = np.maximum(file["data"], 0.0).max(axis=2).astype(np.float64)
        return [str(code) for code in file["langs"]], [str(name) for name in file["feats"]], values
