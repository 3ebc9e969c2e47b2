"""How often planted errors are found, and how often a clean table is contradicted.

Usage: ``python -m validation.claims.run [--tables N] [--clean N] [--seed S] [--check]``. Writes ``results.csv``;
``--check`` writes nothing and exits with 1 if a threshold is missed.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.claims.papers.audit import audit_table

from .plant import CLEAN, ERRORS, Draft, draw

RESULTS = Path(__file__).parent / "results.csv"
#: Least share of planted tables in which every wrong row is contradicted.
LEAST: Mapping[str, float] = {
    "average off by 0.2": 0.95,
    "averages of two rows exchanged": 0.95,
    "cells of two rows exchanged": 0.95,
    "one row without English": 0.95,
    "one row without one language": 0.95,
    "one row without two languages": 0.95,
    "averages cut off": 0.70,
    "average off by 0.1": 0.45,
    "average off by 0.1, 15 languages": 0.65,
}
#: Languages of the tables in which one average alone could be rounding.
MANY = 15
#: Rows of a table that can show that all its averages are cut off.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Rate:
    """One kind of table.

    ``found`` of ``tables`` have all their wrong rows contradicted (of cut-off ones, most), ``false`` have a right one
    contradicted.
    """

    kind: str
    clean: bool
    tables: int
    found: int
    false: int

    @property
    def detection(self) -> float:
        """Share found."""
        return self.found / self.tables


def measure(kind: str, plant: Callable[[Draft], bool], clean: bool, tables: int, seed: int) -> Rate:
    """Draw tables until so many could show the kind."""
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    done = found = false = 0
    while done < tables:
        cut = kind == "averages cut off"
        draft = draw(rng, MANY if cut or kind.endswith("15 languages") else None)
        if not plant(draft) or (cut and len(draft.values) < FEWEST):
            continue
        done += 1
        wrong = {
            int(item.what.split(",")[0].removeprefix("model "))
            for item in audit_table(draft.print())
            if item.verdict == "contradicted"
        }
        found += 2 * len(draft.wrong & wrong) > len(draft.wrong) if cut else bool(draft.wrong) and draft.wrong <= wrong
        # Of a table that is cut off every row is; which of them rounding would print alike is beyond the cells.
        false += bool(wrong - draft.wrong) and not cut
    return Rate(kind, clean, tables, found, false)


def measure_all(tables: int, clean: int, seed: int) -> list[Rate]:
    """Every kind of error, and clean tables in equal shares of their forms."""
    each = -(-clean // len(CLEAN))
    return [
        *(measure(kind, plant, True, each, seed) for kind, plant in CLEAN.items()),
        *(measure(kind, plant, False, tables, seed) for kind, plant in ERRORS.items()),
    ]


def missed(rates: Sequence[Rate]) -> list[str]:
    """Thresholds that do not hold."""
    lines = [
        f"{rate.false} of {rate.tables} clean tables contradicted: {rate.kind}"
        for rate in rates
        if rate.clean and rate.false
    ]
    lines += [
        f"{rate.kind}: {rate.detection:.0%} found, {LEAST[rate.kind]:.0%} wanted"
        for rate in rates
        if rate.kind in LEAST and rate.detection < LEAST[rate.kind]
    ]
    return lines


def main(arguments: Sequence[str]) -> int:
    """Measure, and write or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--clean", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    rates = measure_all(options.tables, options.clean, options.seed)
    for rate in rates:
        kind = "clean" if rate.clean else "error"
        print(f"{kind}  {rate.kind:34} {rate.detection:7.1%}  false {rate.false}/{rate.tables}")
    problems = missed(rates)
    print("\n".join(problems) or "every threshold holds")
    if not options.check:
        with RESULTS.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["kind", "clean", "tables", "found", "false"])
            writer.writerows([r.kind, int(r.clean), r.tables, r.found, r.false] for r in rates)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
