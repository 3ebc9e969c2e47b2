"""Read the package ``urielplus`` as data: its Grambank table, and URIEL+ with every database integrated."""

from __future__ import annotations

import csv
import logging
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = "1.3.2"


@dataclass(frozen=True, slots=True)
class Table:
    """Observed values of some features: 1, 0, or -1 for not observed, shape ``(languages, features)``."""

    glottocodes: tuple[str, ...]
    features: tuple[str, ...]
    values: NDArray[np.int8]


def tables() -> Path:
    """The folder of the installed package's tables; refuses any other version."""
    if version("urielplus") != VERSION:
        raise SystemExit(f"urielplus {VERSION} is needed, but {version('urielplus')} is installed")
    spec = find_spec("urielplus")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "database" / "urielplus_csvs"


def iso_codes() -> dict[str, str]:
    """Glottocode of each ISO 639-3 code that the package maps."""
    with (tables() / "uriel_glottocode_map.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["iso_code"].strip(), row["glottocode"].strip()) for row in csv.DictReader(file)]
    return {iso: glottocode for iso, glottocode in rows if iso and glottocode}


def read_grambank() -> Table:
    """Grambank 1.0.3 as the package carries it, binarised."""
    with (tables() / "grambank_data.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    assert set(np.unique(values)) == {-1.0, 0.0, 1.0}
    return Table(tuple(row[0] for row in rows), tuple(header[1:]), values.astype(np.int8))


def integrate() -> Any:
    """The package's own object with every database integrated: takes about three minutes and 5 GB of memory.

    The integration stays in memory; the package copies its original arrays beside itself on first use.
    """
    tables()
    from urielplus.urielplus import URIELPlus

    logging.getLogger().setLevel(logging.WARNING)
    whole = URIELPlus()
    whole.set_cache(False)
    whole.integrate_databases()
    return whole


def read_uriel_plus(whole: Any) -> Table:
    """The union over sources that the package's distances use, of languages with anything observed.

    Asking for the table first applies the package's rule that features of eWAVE belong to varieties of English.
    """
    typological = whole.map_new_distance_to_loaded_features("featural")
    values = np.asarray(whole.data[typological]).max(axis=2)
    assert set(np.unique(values)) == {-1.0, 0.0, 1.0}
    wanted = {*iso_codes().values(), *own_glottocodes()}
    names = [str(code) for code in whole.langs[typological]]
    rows = [i for i, code in enumerate(names) if code in wanted and (values[i] >= 0).any()]
    features = tuple(str(name) for name in whole.feats[typological])
    return Table(tuple(names[i] for i in rows), features, values[rows].astype(np.int8))


def own_glottocodes() -> set[str]:
    """Glottocodes of this project's table of languages."""
    path = Path(__file__).resolve().parent.parent / "languages" / "languages.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return {row["glottocode"] for row in csv.DictReader(file)} - {""}
