r"""Covariances between languages that are related by descent, by place or by structure.

A kernel is a matrix of likenesses with ones on its diagonal, for ``fit_mixed(covariance={"language": matrix})``:

``genealogy``
    Cosine of the paths in URIEL's family tree: 1 for the same branch, 0 for unrelated families.
``geography`` and the six measures
    :math:`\exp(-d / \text{scale})` of the distances of :func:`analysis.languages.distances.pairwise`, from complete
    features (recipe ``knn``). The scale is the median distance of the pairs that differ, or is given: ``genetic:0.3``.
``grambank``, ``urielplus`` (syntactic), ``urielplus-morphological``, ``urielplus-featural``
    The same from the distances of these sources. A language that shares too few features with another is left out.
``A+B``
    The mean of kernels: languages are alike by one or the other.

Those of URIEL are positive semidefinite by construction: a cosine is a Gram matrix, angular distances are conditionally
negative definite, so that their exponentials are covariances for every scale (Schoenberg 1938, Trans. AMS 44), and a
mean of covariances is one. Distances over shared features promise no such thing. All are checked, and nothing is
repaired beyond rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Booleans, Floats
from ..core.errors import CrossliftError, DesignError, UnknownLanguageError, unknown_name
from ..core.text import number
from ..mixed.model.level_covariance import ROUNDING
from . import distances as typology
from .codes import resolve
from .feature_sources import Kind, settle

if TYPE_CHECKING:
    import pandas as pd

COSINE = "genealogy"
#: Kernels by the distance that they use; ``geography`` reads better beside ``genealogy``, and a name has no ``+``.
KERNELS = {
    COSINE: settle("genetic"),
    "geography": settle("geographic"),
    **{measure: settle(measure) for measure in typology.MEASURES},
    "grambank": settle(source_data="grambank"),
    "urielplus": settle(source_data="uriel+"),
    "urielplus-morphological": settle("morphological", source_data="uriel+"),
    "urielplus-featural": settle("featural", source_data="uriel+"),
}
DEFAULT = "genealogy+geography"
MISSING = ("error", "independent")


@dataclass(frozen=True, slots=True)
class Part:
    """One kernel of a mean; ``scale`` is ``None`` for a cosine, and where the data shall set it."""

    name: str
    scale: float | None = None

    @property
    def words(self) -> str:
        """The part as text prints it."""
        return self.name if self.scale is None else f"{self.name} (scale {number(self.scale, 3)})"


@dataclass(frozen=True, slots=True)
class LanguageKernel:
    """A covariance between languages, up to the variance that a model estimates.

    Attributes
    ----------
    name
        As asked for.
    matrix
        Square frame, labelled by the languages as they were given; ones on the diagonal.
    parts
        The kernels of which it is the mean, each with the scale in use.
    missing
        Languages, as given, that lack what a part needs: independent of all others here.
    """

    name: str
    matrix: pd.DataFrame
    parts: tuple[Part, ...]
    missing: tuple[str, ...]

    @property
    def sources(self) -> str:
        """Where the distances come from, for text."""
        return _sources(self.parts)

    @property
    def words(self) -> str:
        """Parts and scales, for text."""
        return " + ".join(part.words for part in self.parts)

    @property
    def spread(self) -> float:
        """Mean over pairs of half the variance of their difference, in units of the kernel's variance.

        Independent languages have 1. What all languages share is no variance between them: it goes with the intercept.
        """
        values, n = self.matrix.to_numpy(), len(self.matrix)
        return float((np.trace(values) - (values.sum() - np.trace(values)) / (n - 1)) / n) if n > 1 else math.nan


def parse_kernel(text: str) -> tuple[Part, ...]:
    """Read ``NAME[:SCALE][+NAME[:SCALE]…]``.

    Raises
    ------
    UnknownNameError
        For a name that is no kernel.
    CrossliftError
        For a scale that is not a positive number, or that a cosine cannot have.
    """
    parts = []
    for piece in text.split("+"):
        name, colon, scale = (word.strip() for word in piece.partition(":"))
        if name not in KERNELS:
            raise unknown_name("kernel", name, KERNELS)
        if colon and name == COSINE:
            raise CrossliftError(
                f"the kernel '{COSINE}' is a cosine and has no scale, but '{piece.strip()}' gives one.",
                f"Write {COSINE}, or {KERNELS[COSINE].measure}:{scale or 0.5} for exp(-distance / scale).",
            )
        parts.append(Part(name, _scale(name, scale) if colon else None))
    return tuple(parts)


def language_kernel(languages: Iterable[str], name: str = DEFAULT, missing: str = "error") -> LanguageKernel:
    """Covariance between ``languages`` by descent, place or structure.

    Parameters
    ----------
    languages
        Codes in any form that :func:`analysis.languages.codes.resolve` takes; they label the matrix as they are given.
    name
        ``genealogy``, ``geography``, another of ``KERNELS``, or several joined by ``+``; with ``:SCALE`` for another
        scale than the median distance.
    missing
        ``"error"`` refuses languages that lack what the kernel needs; ``"independent"`` gives them
        no likeness to any other, and lists them.

    Raises
    ------
    DesignError
        For such languages, with ``missing="error"``; if the distances leave no scale to set; or if the matrix is no
        covariance.
    """
    import pandas as pd

    if missing not in MISSING:
        raise unknown_name("way with missing languages", missing, MISSING)
    wanted = parse_kernel(name)
    labels = list(dict.fromkeys(languages))
    known = [label for label in labels if missing == "error" or _resolves(label)]
    distances = [_pairwise(known, KERNELS[part.name]) for part in wanted]
    has = np.all([_complete(distance) for distance in distances], axis=0)
    absent = tuple(sorted({*labels} - {label for label, yes in zip(known, has, strict=True) if yes}))
    if absent and missing == "error":
        raise DesignError(
            f"{_sources(wanted)} has not what the kernel '{name}' needs of {len(absent)} of {len(labels)} languages: "
            f"{', '.join(absent)}.",
            "Leave them out, use another kernel, or take them for independent with missing='independent'.",
        )
    distances = [distance[np.ix_(has, has)] for distance in distances]
    parts = tuple(_scaled(part, distance) for part, distance in zip(wanted, distances, strict=True))
    place = [i for i, label in enumerate(labels) if label not in absent]
    values = np.eye(len(labels))
    values[np.ix_(place, place)] = np.mean([_likeness(*pair) for pair in zip(parts, distances, strict=True)], axis=0)
    _check(values, name)
    return LanguageKernel(name, pd.DataFrame(values, index=labels, columns=labels), parts, absent)


def _pairwise(languages: list[str], kind: Kind) -> Floats:
    return typology.pairwise(languages, kind.measure, kind.recipe, source_data=kind.source_data)


def _complete(distance: Floats) -> Booleans:
    """Languages that have a distance to each other: those that lack most are left out, one after the other."""
    has = np.isfinite(np.diag(distance))
    lacking = np.isnan(distance)
    while (lacking[np.ix_(has, has)]).any():
        has[np.flatnonzero(has)[lacking[np.ix_(has, has)].sum(axis=1).argmax()]] = False
    return has


def _sources(parts: Iterable[Part]) -> str:
    """Where the distances of some kernels come from."""
    return " or ".join(dict.fromkeys(KERNELS[part.name].source.short for part in parts))


def _resolves(label: str) -> bool:
    try:
        resolve(label)
    except UnknownLanguageError:
        return False
    return True


def _scale(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise CrossliftError(
            f"the scale '{text}' of the kernel '{name}' is not a positive number.",
            f"Distances run from 0 to 1, for example {name}:0.3.",
        )
    return value


def _scaled(part: Part, distance: Floats) -> Part:
    """The part with the scale in use: that given, or the median distance of pairs that differ at all."""
    if part.scale is not None or part.name == COSINE:
        return part
    apart = distance[np.triu_indices(len(distance), 1)]
    apart = apart[apart > 0]
    if len(apart) == 0:
        raise DesignError(
            f"the kernel '{part.name}' finds no two languages apart among {len(distance)}, so that there is no median "
            "distance to scale by.",
            f"Give a scale, for example {part.name}:0.3, or use more languages.",
        )
    return Part(part.name, float(np.median(apart)))


def _likeness(part: Part, distance: Floats) -> Floats:
    if part.name == COSINE:
        return np.cos(0.5 * np.pi * distance)  # distances are angles, scaled to 0–1
    assert part.scale is not None
    return np.exp(-distance / part.scale)


def _check(values: Floats, name: str) -> None:
    roots = np.linalg.eigvalsh(values)
    if roots[0] < -ROUNDING * roots[-1]:
        raise DesignError(
            f"the kernel '{name}' is no covariance over these {len(values)} languages: its smallest eigenvalue is "
            f"{roots[0]:.3g}."
        )
