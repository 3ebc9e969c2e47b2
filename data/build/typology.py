"""Freeze the URIEL arrays that distances are computed from: ``data/typology/uriel.npz``.

Usage: ``python data/build/typology.py [--check] [OUT]``. With ``--check`` nothing is written; the frozen arrays are
compared with the installed package ``lang2vec`` and the script fails on the first difference.

Languages: every ``features_code`` and ``family_code`` of ``data/languages/languages.csv`` that URIEL has.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uriel import Uriel, read_uriel

HERE = Path(__file__).resolve().parent
LANGUAGES = HERE.parent / "languages" / "languages.csv"
FROZEN = HERE.parent / "typology" / "uriel.npz"


def freeze(uriel: Uriel) -> dict[str, NDArray[np.generic]]:
    """Arrays of the frozen file.

    ``union`` is 1, 0 or -1 for not observed; ``knn`` 0 or 1; ``points`` distances to reference points in units of
    1e-4, the precision URIEL gives; ``path_start`` and ``path_node`` list each language's family path.
    """
    with LANGUAGES.open(newline="", encoding="utf-8") as file:
        wanted = {row[key] for row in csv.DictReader(file) for key in ("features_code", "family_code")}
    codes = [code for code in uriel.codes if code in wanted]
    rows = [uriel.index[code] for code in codes]
    union = np.where(np.isnan(uriel.union[rows]), -1, uriel.union[rows])
    paths = [np.flatnonzero(uriel.paths[row] > 0) for row in rows]
    points = np.round(uriel.points[rows] * 1e4)
    assert np.abs(points / 1e4 - uriel.points[rows]).max() < 1e-6, "URIEL's distances have more than four decimals"
    return {
        "codes": np.array(codes),
        "features": np.array(uriel.features),
        "union": union.astype(np.int8),
        "knn": uriel.knn[rows].astype(np.int8),
        "points": points.astype(np.uint16),
        "path_start": np.concatenate([[0], np.cumsum([len(path) for path in paths])]).astype(np.int32),
        "path_node": np.concatenate(paths).astype(np.int16),
    }


def main(arguments: list[str]) -> None:
    check = "--check" in arguments
    out = Path(next((a for a in arguments if not a.startswith("--")), FROZEN))
    arrays = freeze(read_uriel())
    if not check:
        out.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(out, **arrays)
        return
    with np.load(out) as frozen:
        for name, fresh in arrays.items():
            if not np.array_equal(frozen[name], fresh):
                raise SystemExit(f"{out.name}: '{name}' differs from the package; run this script without --check")
    print(f"{out.name}: {len(arrays['codes'])} languages, every array equal to the package's")


if __name__ == "__main__":
    main(sys.argv[1:])
