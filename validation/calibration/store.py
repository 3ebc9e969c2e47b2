"""Results on disk: one file for each method, cell and chunk of simulations, never half written.

Each method's folder contains results of one version of the code and records which; a run that would mix two versions
is refused.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from estimate import Estimate
from methods import METHODS

import analysis
from analysis.core.errors import CrossliftError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGE = Path(analysis.__file__).resolve().parent
#: Simulations per file.
CHUNK = 100
#: Not part of the checkout: a full run is a hundred thousand lines.
DEFAULT_OUT = ROOT / "build" / "calibration"
COLUMNS = ("simulation", *Estimate._fields)

# Parts of the engine that only print or call other software.
_NO_NUMBERS = ("__init__.py", "statsmodels_engine.py", "summary.py", "threads.py")
_OUTSIDE = ("ols", "ols-adjusted", "ols-clustered", "statsmodels-z")


def chunks(simulations: int) -> list[range]:
    """Numbers of the simulations of each file."""
    return [range(start, min(start + CHUNK, simulations)) for start in range(0, simulations, CHUNK)]


def path_of(out: Path, method: str, cell: str, chunk: range) -> Path:
    """File of one chunk."""
    return out / method / cell / f"{chunk.start:05d}-{chunk.stop:05d}.csv"


def write_chunk(path: Path, rows: Sequence[tuple[int, Estimate]]) -> None:
    """Write all rows or none; floats with all their digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([simulation, *_plain(row)] for simulation, row in rows)
    part.replace(path)


def read_chunks(out: Path, method: str, cell: str, simulations: int) -> pd.DataFrame:
    """All simulations of a method on a cell.

    Raises
    ------
    CrossliftError
        If some have not been run.
    """
    paths = [path_of(out, method, cell, chunk) for chunk in chunks(simulations)]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise CrossliftError(
            f"{len(missing)} of {len(paths)} chunks of '{method}' on '{cell}' have not been run.",
            f"Run again with --simulations {simulations} to continue.",
        )
    return pd.concat([read_chunk(path) for path in paths], ignore_index=True)


def read_chunk(path: Path) -> pd.DataFrame:
    """One file."""
    frame = pd.read_csv(path, dtype={"failure": "str"})
    return frame.assign(singular=frame["singular"].astype(bool), failure=frame["failure"].fillna(""))


def claim(out: Path, methods: Sequence[str]) -> None:
    """Mark the folders of ``methods`` as results of this version of the code.

    Raises
    ------
    CrossliftError
        If one has results of another version.
    """
    for method in methods:
        path, own = out / method / "made_by.json", made_by(method)
        if path.is_file():
            other = json.loads(path.read_text(encoding="utf-8"))
            if other != own:
                what = ", ".join(
                    f"{key} {other.get(key)} there, {own.get(key)} here"
                    for key in sorted({*other, *own})
                    if other.get(key) != own.get(key)
                )
                raise CrossliftError(
                    f"{path.parent} contains results of other code: {what}.",
                    "Give another --out, or remove that folder to run the method again.",
                )
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(own, indent=1) + "\n", encoding="utf-8")


def made_by(method: str) -> dict[str, str]:
    """Hash of the code that a method's numbers depend on, and versions of the libraries."""
    sources = [HERE / name for name in ("designs.py", "relations.py", "estimate.py")]
    if METHODS[method].family in _OUTSIDE:
        sources.append(HERE / "others.py")
    else:
        engine = sorted(path for path in (PACKAGE / "mixed").glob("*.py") if path.name not in _NO_NUMBERS)
        sources += [HERE / "ours.py", PACKAGE / "outcomes.py", *engine]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return {"code": digest.hexdigest()[:16], **{name: version(name) for name in ("numpy", "scipy", "statsmodels")}}


def _plain(row: Estimate) -> list[object]:
    return [int(value) if isinstance(value, bool) else value if isinstance(value, str) else repr(float(value))
            for value in row]  # fmt: skip
