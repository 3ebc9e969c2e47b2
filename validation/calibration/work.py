"""Run simulations in a worker process."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from designs import CELLS, Layout, build_layout, draw
from estimate import Estimate
from methods import METHODS, Run, prepare
from store import path_of, write_chunk

from analysis.mixed.numerics.threads import blas_threads


class Unit(NamedTuple):
    """Simulations of one cell, and the methods that have not run on them."""

    cell: str
    chunk: range
    methods: tuple[str, ...]


class Done(NamedTuple):
    """A finished unit: processor seconds by family, and how many fits failed by method."""

    unit: Unit
    seconds: dict[str, float]
    failures: dict[str, int]


def simulate(cell: str, methods: Sequence[str], numbers: Collection[int]) -> dict[str, list[tuple[int, Estimate]]]:
    """Estimates by method with the numbers of their simulations."""
    return _simulate(cell, tuple(methods), numbers)[0]


def run_unit(unit: Unit, out: Path) -> Done:
    """Run a unit and write its files."""
    rows, seconds = _simulate(unit.cell, unit.methods, unit.chunk)
    for method, found in rows.items():
        write_chunk(path_of(out, method, unit.cell, unit.chunk), found)
    failures = {method: sum(bool(row.failure) for _, row in found) for method, found in rows.items()}
    return Done(unit, seconds, failures)


def _simulate(
    cell: str, methods: tuple[str, ...], numbers: Collection[int]
) -> tuple[dict[str, list[tuple[int, Estimate]]], dict[str, float]]:
    layout, runs = _prepared(cell, methods)
    rows: dict[str, list[tuple[int, Estimate]]] = {method: [] for method in methods}
    seconds = dict.fromkeys(runs, 0.0)
    with blas_threads(0):  # one thread: the processes share the cores
        for simulation in numbers:
            y = draw(layout, simulation)
            for family, run in runs.items():
                start = time.process_time()
                found = run(y, simulation)
                seconds[family] += time.process_time() - start
                for method, row in found.items():
                    rows[method].append((simulation, row))
    return rows, seconds


@lru_cache(maxsize=4)
def _prepared(cell: str, methods: tuple[str, ...]) -> tuple[Layout, dict[str, Run]]:
    layout = build_layout(CELLS[cell])
    return layout, prepare(layout, [name for name in METHODS if name in methods])
