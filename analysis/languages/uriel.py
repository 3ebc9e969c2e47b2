"""The frozen URIEL arrays: features, family paths and places, and the angles between languages in them.

Source: Littell et al. 2017 (URIEL and lang2vec), CC BY-SA 4.0; see ``data/typology/PROVENANCE.md``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Floats, Integers
from ..core.paths import data_directory
from .codes import Language

FEATURE_MEASURES = ("syntactic", "phonological", "inventory", "featural")
# The orders of object, oblique and verb (WALS chapter 84A) that lang2vec's published distances leave out.
NOT_PUBLISHED = ("S_VOX", "S_XVO", "S_XOV", "S_OXV", "S_OVX")
#: How names of features begin, by measure; URIEL itself has no morphology.
PREFIXES = {
    "syntactic": ("S_",),
    "morphological": ("M_",),
    "phonological": ("P_",),
    "inventory": ("INV_",),
    "featural": ("S_", "M_", "P_", "INV_"),
}


class _Features:
    """One measure's columns of the URIEL table, as counts of features that are exact in single precision."""

    def __init__(self, names: list[str], union: NDArray[np.int8], knn: NDArray[np.int8], measure: str) -> None:
        columns = [i for i, name in enumerate(names) if name.startswith(PREFIXES[measure])]
        self.observed = (union[:, columns] >= 0).astype(np.float32)
        self.union = (union[:, columns] > 0).astype(np.float32)
        self.knn = knn[:, columns].astype(np.float32)
        self.published = self.union[:, [names[i] not in NOT_PUBLISHED for i in columns]]
        self.published[~self.published.any(axis=1)] = 1.0  # without any feature a language counts as having all


class Uriel:
    """The frozen arrays, with what distances need worked out once.

    Feature values are 0 and 1, so that every product and squared length is a count.
    """

    def __init__(self) -> None:
        with np.load(data_directory() / "typology" / "uriel.npz") as file:
            self.codes = {str(code): i for i, code in enumerate(file["codes"])}
            names = [str(name) for name in file["features"]]
            union, knn = file["union"], file["knn"]
            self._path_start, self._path_node = file["path_start"], file["path_node"]
        self._features = {measure: _Features(names, union, knn, measure) for measure in FEATURE_MEASURES}

    def row(self, code: str) -> int:
        """Row of a URIEL code, -1 if there is none."""
        return self.codes.get(code, -1)

    def row_of(self, language: Language) -> int:
        """Row of a language's features, -1 if there is none."""
        return self.row(language.features_code)

    def featural(
        self, rows: Integers, home: int, measure: str, recipe: str, fewest: int
    ) -> tuple[Floats, Floats, Floats]:
        """Distances, features observed in both languages, and the share observed in the language itself.

        Rows of -1 get NaN, 0 and 0.
        """
        table = self._features[measure]
        both = table.observed @ table.observed[home]
        if recipe == "shared":
            product = table.union @ table.union[home]
            lengths = (table.union @ table.observed[home]) * (table.observed @ table.union[home])
        else:
            values = table.knn if recipe == "knn" else table.published
            product = values @ values[home]
            lengths = values.sum(axis=1) * values[home].sum()
        distance = angle(product[rows], lengths[rows])
        shared, share = both[rows].astype(np.float64), table.observed.mean(axis=1, dtype=np.float64)[rows]
        if recipe == "shared":
            distance[shared < fewest] = np.nan
        absent = rows < 0
        distance[absent], shared[absent], share[absent] = np.nan, 0.0, 0.0
        return distance, shared, share

    def genetic(self, languages: list[Language], origin: Language) -> Floats:
        """Angle between family paths; NaN where a language has none."""
        start, home = self._path_start, self.row(origin.family_code)
        rows = np.array([self.row(language.family_code) for language in languages], dtype=np.intp)
        if home < 0:
            return np.full(len(rows), np.nan)
        on_path = np.zeros(int(self._path_node.max()) + 1)
        on_path[self._path_node[start[home] : start[home + 1]]] = 1.0
        passed = np.concatenate([[0.0], np.cumsum(on_path[self._path_node])])
        shared, lengths = passed[start[1:]] - passed[start[:-1]], np.diff(start).astype(np.float64)
        distance = angle(shared[rows], lengths[rows] * lengths[home])
        distance[rows < 0] = np.nan
        return distance

    def geographic(self, languages: list[Language], origin: Language) -> Floats:
        """Angle between distances to reference points; NaN where a language has no location."""
        points, lengths, placed = _points()
        home = self.row(origin.features_code)
        rows = np.array([self.row(language.features_code) for language in languages], dtype=np.intp)
        distance = angle((points @ points[home])[rows], lengths[rows] * lengths[home])
        distance[(rows < 0) | ~placed[rows] | (home < 0) | ~placed[home]] = np.nan
        return distance

    def featural_products(
        self, languages: list[Language], measure: str, recipe: str, fewest: int
    ) -> tuple[Floats, Floats]:
        """Inner products of all pairs and products of their squared lengths; NaN where a language or pair has none."""
        table = self._features[measure]
        rows = np.array([self.row(language.features_code) for language in languages], dtype=np.intp)
        if recipe == "shared":
            union, observed = table.union[rows], table.observed[rows]
            product, half = union @ union.T, union @ observed.T
            lengths = (half * half.T).astype(np.float64)
            lengths[observed @ observed.T < fewest] = np.nan
        else:
            values = (table.knn if recipe == "knn" else table.published)[rows]
            product = values @ values.T
            lengths = np.outer(np.diag(product), np.diag(product)).astype(np.float64)
        return product, _without(lengths, rows < 0)

    def genetic_products(self, languages: list[Language]) -> tuple[Floats, Floats]:
        """As :meth:`featural_products`, of family paths: their common nodes."""
        rows = np.array([self.row(language.family_code) for language in languages], dtype=np.intp)
        start = self._path_start
        paths = [self._path_node[start[row] : start[row + 1]] if row >= 0 else self._path_node[:0] for row in rows]
        nodes, position = np.unique(np.concatenate(paths), return_inverse=True)
        owner = np.repeat(np.arange(len(rows)), [len(path) for path in paths])
        on_path = np.zeros((len(rows), len(nodes)))
        on_path[owner, position] = 1.0
        product = on_path @ on_path.T
        return product, _without(np.outer(np.diag(product), np.diag(product)), np.diag(product) == 0)

    def geographic_products(self, languages: list[Language]) -> tuple[Floats, Floats]:
        """As :meth:`featural_products`, of distances to reference points."""
        points, _, placed = _points()
        rows = np.array([self.row(language.features_code) for language in languages], dtype=np.intp)
        product = points[rows] @ points[rows].T
        return product, _without(np.outer(np.diag(product), np.diag(product)), (rows < 0) | ~placed[rows])


def _without(lengths: Floats, absent: NDArray[np.bool_]) -> Floats:
    """Lengths with NaN in the rows and columns of languages that have nothing."""
    lengths[absent, :] = np.nan
    lengths[:, absent] = np.nan
    return lengths


@lru_cache(maxsize=1)
def load_uriel() -> Uriel:
    """The frozen URIEL arrays, read once."""
    return Uriel()


@lru_cache(maxsize=1)
def _points() -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Distances to reference points, their squared lengths, and which languages are placed.

    Read only when a geographic distance is asked for. A language without a location has one value at every point.
    """
    with np.load(data_directory() / "typology" / "uriel.npz") as file:
        points = file["points"].astype(np.float64)
    return points, (points * points).sum(axis=1), np.ptp(points, axis=1) > 0


def angle(product: Floats, squared_lengths: Floats) -> Floats:
    """Scaled angle from inner products and products of squared lengths; NaN where a length is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = product.astype(np.float64) / np.sqrt(squared_lengths.astype(np.float64))
    return 2.0 / np.pi * np.arccos(np.clip(cosine, -1.0, 1.0))
