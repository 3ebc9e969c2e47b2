"""Coverage and false-positive rate of methods of testing a language-level slope, by simulation.

Usage:
    python validation/calibration/run.py                    run what has not been run (can be interrupted and rerun)
    python validation/calibration/run.py --cells '15-small-*' --methods ols,satterthwaite --simulations 100
    python validation/calibration/run.py --table            write results.csv and the table of README.md
    python validation/calibration/run.py --check            compare results.csv with the thresholds of checks.py
    python validation/calibration/run.py --sample           write sample.csv, which a test reruns
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from fnmatch import fnmatchcase
from pathlib import Path

from checks import violations
from designs import CELLS
from methods import ABSENT, METHODS, plan
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from store import DEFAULT_OUT, HERE, chunks, claim, path_of, write_chunk
from summary import README, RESULTS, markdown, read_results, summarize, write_readme, write_results
from work import Done, Unit, run_unit, simulate

from analysis.core.errors import CrossliftError, unknown_name
from analysis.core.text import Table

SIMULATIONS = 2000
#: Simulations that a test reruns, by the file that stores them.
SAMPLE = {"ols": "15-small-balanced-independent", "satterthwaite": "15-small-balanced-independent",
          "kernel-satterthwaite": "15-small-ragged-related"}  # fmt: skip
SAMPLED = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write the table, or check it."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        planned = plan(_cells(options.cells), _methods(options.methods))
        if options.check:
            return check(console)
        if options.sample:
            write_sample(HERE / "sample")
            return 0
        for name in ABSENT:
            console.print(f"'{name}' is skipped: the engine does not offer it.", style="yellow")
        if not options.table:
            run(planned, options.simulations, options.jobs, options.out, console)
        table = summarize(options.out, planned, options.simulations)
    except CrossliftError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    if options.table:
        if options.cells or options.methods:
            console.print("--table writes the whole table: leave --cells and --methods out.", style="red")
            return 1
        write_results(table)
        write_readme(table)
        console.print(f"written: {RESULTS}, {README}")
    else:
        print(markdown(table))
    return 0


def run(planned: dict[str, tuple[str, ...]], simulations: int, jobs: int, out: Path, console: Console) -> None:
    """Run every chunk that is not on disk yet."""
    claim(out, sorted({method for methods in planned.values() for method in methods}))
    units = []
    for cell, methods in planned.items():
        for chunk in chunks(simulations):
            missing = tuple(m for m in methods if not path_of(out, m, cell, chunk).is_file())
            if missing:
                units.append(Unit(cell, chunk, missing))
    if not units:
        return
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    columns = (TextColumn("{task.description:34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(units[0].cell, total=sum(len(unit.chunk) for unit in units))
        for done in _finished(units, jobs, out):
            for family, spent in done.seconds.items():
                seconds[done.unit.cell, family].append(1000.0 * spent / len(done.unit.chunk))
            for method, count in done.failures.items():
                if count:
                    progress.console.print(f"{done.unit.cell}: '{method}' failed on {count} of {len(done.unit.chunk)}")
            progress.update(task, advance=len(done.unit.chunk), description=done.unit.cell)
    _print_times(seconds, simulations, console)


def _finished(units: Sequence[Unit], jobs: int, out: Path) -> Iterator[Done]:
    if jobs == 1:
        for unit in units:
            yield run_unit(unit, out)
        return
    context = multiprocessing.get_context("spawn")  # forking a process that draws a progress bar may hang it
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures = [pool.submit(run_unit, unit, out) for unit in units]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _print_times(seconds: dict[tuple[str, str], list[float]], simulations: int, console: Console) -> None:
    means = {key: sum(values) / len(values) for key, values in seconds.items()}
    families = list(dict.fromkeys(family for _, family in means))
    rows = [
        (cell, *(f"{means[cell, family]:.1f}" if (cell, family) in means else "–" for family in families))
        for cell in dict.fromkeys(cell for cell, _ in means)
    ]
    console.print("\nprocessor milliseconds per simulation, by family of methods that share a fit:")
    console.print(Table(("cell", *families), tuple(rows)).text(), markup=False, soft_wrap=True)
    minutes = sum(means.values()) * simulations / 60000.0
    console.print(f"{simulations:,} simulations of these take {minutes:.1f} processor minutes.")


def check(console: Console) -> int:
    """Compare the committed table with the thresholds."""
    if not RESULTS.is_file():
        console.print(
            f"{RESULTS} does not exist. Run the study, then --table.", style="red", markup=False, soft_wrap=True
        )
        return 1
    table = read_results()
    found = violations(table, plan())
    for sentence in found:
        console.print(sentence, style="red", markup=False, soft_wrap=True)
    if not found:
        print(f"{len(table)} rows of {RESULTS.name} keep every threshold.")
    return 1 if found else 0


def write_sample(folder: Path) -> None:
    """Write the first simulations of a few methods, so that seeds and engine are pinned."""
    for method, cell in SAMPLE.items():
        write_chunk(folder / f"{method}.csv", simulate(cell, [method], range(SAMPLED))[method])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default="", help="names or patterns, by comma (default: all)")
    parser.add_argument("--methods", default="", help="names, by comma (default: all)")
    parser.add_argument("--simulations", type=int, default=SIMULATIONS, help="per cell (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder of the chunks (default: %(default)s)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--table", action="store_true", help="write results.csv and the table of README.md")
    what.add_argument("--check", action="store_true", help="compare results.csv with the thresholds")
    what.add_argument("--sample", action="store_true", help="write the simulations that a test reruns")
    return parser


def _cells(text: str) -> list[str]:
    names: list[str] = []
    for pattern in filter(None, text.split(",")):
        found = [name for name in CELLS if fnmatchcase(name, pattern)]
        if not found:
            raise unknown_name("cell", pattern, CELLS)
        names += found
    return names


def _methods(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in METHODS:
            raise unknown_name("method", name, METHODS)
    return names


if __name__ == "__main__":
    sys.exit(main())
