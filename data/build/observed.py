"""Freeze observed features that come without imputed values: ``data/typology/grambank.npz`` and ``uriel_plus.npz``.

Usage: ``python data/build/observed.py [--check] [--quick] [OUT]`` with ``urielplus`` 1.3.2 installed (``pip install
urielplus==1.3.2``). With ``--check`` nothing is written; the frozen arrays are compared with the package, and the
script fails on the first difference. ``--quick`` leaves out URIEL+, whose integration takes about three minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from urielplus_package import Table, integrate, iso_codes, read_grambank, read_uriel_plus

FROZEN = Path(__file__).resolve().parent.parent / "typology"


def freeze(table: Table, codes: dict[str, str]) -> dict[str, NDArray[np.generic]]:
    """Arrays of a frozen file.

    ``seen`` and ``one`` are bits, eight features a byte, one row a Glottocode: observed, and observed as 1. ``iso`` and
    ``iso_row`` say in which row an ISO 639-3 code stands.
    """
    row = {code: i for i, code in enumerate(table.glottocodes)}
    there = {iso: row[glottocode] for iso, glottocode in sorted(codes.items()) if glottocode in row}
    return {
        "glottocodes": np.array(table.glottocodes),
        "features": np.array(table.features),
        "seen": np.packbits(table.values >= 0, axis=1),
        "one": np.packbits(table.values > 0, axis=1),
        "iso": np.array(list(there)),
        "iso_row": np.array(list(there.values()), dtype=np.int32),
    }


def main(arguments: list[str]) -> None:
    check, quick = "--check" in arguments, "--quick" in arguments
    out = Path(next((a for a in arguments if not a.startswith("--")), FROZEN))
    codes = iso_codes()
    found = {"grambank": read_grambank()} | ({} if quick else {"uriel_plus": read_uriel_plus(integrate())})
    for name, table in found.items():
        arrays, path = freeze(table, codes), out / f"{name}.npz"
        if not check:
            out.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(path, **arrays)
            continue
        with np.load(path) as frozen:
            for key, fresh in arrays.items():
                if not np.array_equal(frozen[key], fresh):
                    raise SystemExit(f"{path.name}: '{key}' differs from the package; run this script without --check")
        print(f"{path.name}: {len(table.glottocodes)} languages, every array equal to the package's")


if __name__ == "__main__":
    main(sys.argv[1:])
