"""Tables of observed features, and distances over the features that two languages share.

For sources without imputed values: Grambank (Skirgård et al. 2023, Sci. Adv. 9) and URIEL+ (Khan et al. 2025, COLING);
see ``data/typology/PROVENANCE.md``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Floats, Integers
from ..core.paths import data_directory
from .codes import Language
from .feature_sources import SOURCES
from .uriel import PREFIXES, angle

Bits: TypeAlias = NDArray[np.uint8]


class ObservedFeatures:
    """The frozen values of one source: which features are observed, and which of them are 1.

    They are kept as bits, and counted in single precision, in which counts are exact.
    """

    def __init__(self, source_data: str) -> None:
        with np.load(data_directory() / "typology" / SOURCES[source_data].file) as file:
            self.glottocodes = {str(code): row for row, code in enumerate(file["glottocodes"])}
            self._iso = dict(zip(map(str, file["iso"]), file["iso_row"].tolist(), strict=True))
            self._features = [str(name) for name in file["features"]]
            self._seen: Bits = file["seen"]
            self._one: Bits = file["one"]

    def row_of(self, language: Language) -> int:
        """Row of a language, -1 if there is none: by its own Glottocode where that is there, else by ISO 639-3."""
        if language.glottocode in self.glottocodes:
            return self.glottocodes[language.glottocode]
        return self._iso.get(language.features_code, self._iso.get(language.iso, -1))

    def featural(
        self, rows: Integers, home: int, measure: str, recipe: str, fewest: int
    ) -> tuple[Floats, Floats, Floats]:
        """Distances, features observed in both languages, and the share observed in the language itself.

        Rows of -1 get NaN, 0 and 0; a pair with under ``fewest`` features in common has no distance.
        """
        own, origin = self._observed(rows, measure), self._observed(np.array([home]), measure)
        distance, both = (part[:, 0] for part in _distances(own, origin, recipe))
        share = own.seen.mean(axis=1, dtype=np.float64)
        distance[both < fewest] = np.nan
        absent = rows < 0
        distance[absent], both[absent], share[absent] = np.nan, 0.0, 0.0
        return distance, both, share

    def pairwise(self, languages: list[Language], measure: str, recipe: str, fewest: int) -> Floats:
        """Distances of all pairs, shape ``(n, n)``; NaN where a language is absent or a pair shares too little."""
        rows = np.array([self.row_of(language) for language in languages], dtype=np.intp)
        own = self._observed(rows, measure)
        distance, both = _distances(own, own, recipe)
        distance[both < fewest] = np.nan
        distance[rows < 0, :] = np.nan
        distance[:, rows < 0] = np.nan
        return distance

    def _observed(self, rows: Integers, measure: str) -> _Observed:
        columns = [i for i, name in enumerate(self._features) if name.startswith(PREFIXES[measure])]
        seen, one = (np.unpackbits(bits[rows], axis=1)[:, columns] for bits in (self._seen, self._one))
        return _Observed(seen.astype(np.float32), one.astype(np.float32))


class _Observed(NamedTuple):
    """Some languages' features: 1 where one is observed, and 1 where it is observed as 1."""

    seen: NDArray[np.float32]
    one: NDArray[np.float32]


def _distances(a: _Observed, b: _Observed, recipe: str) -> tuple[Floats, Floats]:
    """Distances of all pairs, and the number of features observed in both, shape ``(len(a), len(b))``."""
    both = (a.seen @ b.seen.T).astype(np.float64)
    joint = (a.one @ b.one.T).astype(np.float64)
    ones_a, ones_b = (a.one @ b.seen.T).astype(np.float64), (a.seen @ b.one.T).astype(np.float64)
    if recipe == "hamming":
        with np.errstate(invalid="ignore", divide="ignore"):
            return (ones_a + ones_b - 2.0 * joint) / both, both
    # A vector of zeros counts as one of ones, as URIEL+ has it: an angle needs a length.
    none_a, none_b = ones_a == 0, ones_b == 0
    product = np.where(none_a, np.where(none_b, both, ones_b), np.where(none_b, ones_a, joint))
    return angle(product, np.where(none_a, both, ones_a) * np.where(none_b, both, ones_b)), both


@lru_cache(maxsize=len(SOURCES))
def load_observed(source_data: str) -> ObservedFeatures:
    """The frozen values of a source, read once."""
    return ObservedFeatures(source_data)
