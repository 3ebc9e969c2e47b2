"""Read the arrays of the package ``lang2vec`` as data, without importing its module."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VERSION = "1.1.2"


@dataclass(frozen=True, slots=True)
class Uriel:
    """URIEL as lang2vec packages it.

    ``union`` has shape (languages, 289): the largest observed value over sources, NaN where no source has one;
    ``knn`` the k-nearest-neighbour prediction; ``paths`` (languages, 3718) the family tree; ``points``
    (languages, 299) distances to reference points.
    """

    codes: tuple[str, ...]
    features: tuple[str, ...]
    union: NDArray[np.float32]
    knn: NDArray[np.float32]
    nodes: tuple[str, ...]
    paths: NDArray[np.float32]
    points: NDArray[np.float32]
    index: dict[str, int]

    def codes_with_features(self) -> list[str]:
        """Languages with at least one observed syntactic feature."""
        syntax = [i for i, name in enumerate(self.features) if name.startswith("S_")]
        observed = ~np.isnan(self.union[:, syntax]).all(axis=1)
        return [code for code, seen in zip(self.codes, observed, strict=True) if seen]

    def family(self, code: str) -> str:
        """Root of the family path: its node that most languages share. Empty if there is none."""
        if code not in self.index:
            return ""
        path = np.flatnonzero(self.paths[self.index[code]] > 0)
        if not len(path):
            return ""
        members = self.paths[:, path].sum(axis=0)
        return self.nodes[path[int(np.argmax(members))]].removeprefix("F_").replace("_", " ")


def read_uriel() -> Uriel:
    """Read the installed package's arrays; refuses any other version."""
    if version("lang2vec") != VERSION:
        raise SystemExit(f"lang2vec {VERSION} is needed, but {version('lang2vec')} is installed")
    spec = find_spec("lang2vec")
    assert spec is not None and spec.submodule_search_locations is not None
    data = Path(spec.submodule_search_locations[0]) / "data"
    with np.load(data / "features.npz") as file:
        codes, features, values = file["langs"], file["feats"], file["data"]
    observed = np.where(values < 0, -1.0, values).max(axis=2)
    union = np.where(observed < 0, np.nan, observed).astype(np.float32)
    with np.load(data / "feature_predictions.npz") as file:
        assert (file["langs"] == codes).all() and (file["feats"] == features).all()
        knn = file["data"][:, :, 0]
    names = tuple(str(code) for code in codes)
    with np.load(data / "family_features.npz") as file:
        nodes, paths = file["feats"], file["data"][_rows(file["langs"], names), :, 0]
    with np.load(data / "geocoord_features.npz") as file:
        points = file["data"][_rows(file["langs"], names), :, 0]
    return Uriel(
        names,
        tuple(str(name) for name in features),
        union,
        knn,
        tuple(str(node) for node in nodes),
        paths,
        points,
        {code: i for i, code in enumerate(names)},
    )


def _rows(order: NDArray[np.str_], names: tuple[str, ...]) -> NDArray[np.intp]:
    """Positions of ``names`` in another array's order of languages: the files do not share one."""
    position = {str(code): i for i, code in enumerate(order)}
    return np.array([position[name] for name in names], dtype=np.intp)
