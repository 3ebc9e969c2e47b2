"""Pin distances of Grambank and URIEL+ that this package did not compute.

Usage: ``python validation/typology/pin_observed.py`` with ``urielplus`` 1.3.2 installed; takes minutes, for URIEL+'s
integration. ``grambank.csv`` has the share of shared features that differ, by scipy's ``hamming`` from the table that
the package carries; ``urielplus.csv`` the package's own ``new_distance``, which rounds to four decimals; both are empty
where nothing is shared.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.spatial.distance import hamming

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "data"
sys.path.insert(0, str(DATA / "build"))

from urielplus_package import integrate, iso_codes, read_grambank  # noqa: E402

MEASURES = {"syntactic": "S_", "morphological": "M_", "phonological": "P_", "inventory": "INV_", "featural": ""}
#: Languages from English, of the bundled results; and pairs drawn from the table of languages.
FROM_ENGLISH = (
    "ara", "ben", "bul", "cat", "ces", "dan", "deu", "ell", "est", "eus", "fin", "fra", "heb", "hin", "hun",
    "ind", "ita", "jpn", "kor", "nld", "pol", "por", "rus", "spa", "swe", "tam", "tha", "tur", "vie", "zho"
)  # fmt: skip
DRAWN = {"grambank": 100, "urielplus": 80}


def glottocodes() -> dict[str, str]:
    """Glottocode of each language of the project's table: its own, or the package's for the code with features."""
    mapped = iso_codes()
    with (DATA / "languages" / "languages.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = {row["iso"]: row["glottocode"] or mapped.get(row["features_code"], "") for row in rows}
    return {iso: code for iso, code in found.items() if code}


def pairs(codes: dict[str, str], there: set[str], drawn: int) -> Iterator[tuple[str, str]]:
    """Languages to compare, by ISO 639-3, with a seeded draw of others among those that the source has."""
    yield from (("eng", other) for other in FROM_ENGLISH if codes.get(other) in there)
    names = sorted(iso for iso, code in codes.items() if code in there)
    rng = np.random.default_rng(20261128)
    for _ in range(drawn):
        a, b = rng.choice(len(names), 2, replace=False)
        yield names[a], names[b]


def grambank_rows(codes: dict[str, str]) -> Iterator[dict[str, object]]:
    table = read_grambank()
    row = {code: i for i, code in enumerate(table.glottocodes)}
    for measure in ("featural", "syntactic", "morphological"):
        columns = [name.startswith(MEASURES[measure]) for name in table.features]
        for a, b in pairs(codes, set(row), DRAWN["grambank"]):
            x, y = (table.values[row[codes[iso]], columns] for iso in (a, b))
            both = (x >= 0) & (y >= 0)
            value = f"{hamming(x[both], y[both]):.6f}" if both.any() else ""
            yield {"a": a, "b": b, "measure": measure, "shared_features": int(both.sum()), "distance": value}


def urielplus_rows(codes: dict[str, str]) -> Iterator[dict[str, object]]:
    whole = integrate()
    typological = whole.map_new_distance_to_loaded_features("featural")
    names = [str(code) for code in whole.langs[typological]]
    index = {code: i for i, code in enumerate(names)}
    features = [str(name) for name in whole.feats[typological]]
    seen = (np.asarray(whole.data[typological]) != -1.0).any(axis=2)
    there = {code for code in set(codes.values()) if code in index and seen[index[code]].any()}
    for measure, prefix in MEASURES.items():
        columns = np.array([name.startswith(prefix) for name in features])
        for a, b in pairs(codes, there, DRAWN["urielplus"]):
            shared = int((seen[index[codes[a]]] & seen[index[codes[b]]] & columns).sum())
            value = f"{whole.new_distance(measure, codes[a], codes[b]):.4f}" if shared else ""
            yield {"a": a, "b": b, "measure": measure, "shared_features": shared, "distance": value}


def main() -> None:
    codes = glottocodes()
    for name, rows in (("grambank", grambank_rows(codes)), ("urielplus", urielplus_rows(codes))):
        with (HERE / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ("a", "b", "measure", "shared_features", "distance"), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
