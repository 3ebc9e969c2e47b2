"""Answer the five research questions as reports that can be rerun.

Executes notebooks on the bundled results or on your own, and writes for each one HTML file that needs no network, the
same as Markdown, its figures as PNG and SVG, and numbers.json with every number that the text names; index.html lists
the answers. Needs the extra 'report'.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.output import OutputFolder
from ..present.screen import Screen
from ..present.terminal import console
from .validate import add_map, parse_map

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..reports.discovery import Notebook

SUMMARY = "reports on the five research questions"
EXAMPLES = """examples:
  analyze report --list
  analyze report typology
  analyze report all --out reports
  analyze report typology --pdf
  analyze report typology model_size --data scores.csv
  analyze report typology --data scores.csv --map lang=language --map accuracy=score"""

#: Exit status if a report failed.
FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze report``."""
    parser.add_argument("names", nargs="*", default=[], metavar="NAME", help="reports to build (default: all)")
    parser.add_argument("--list", action="store_true", help="list the reports and build none")
    parser.add_argument("--data", nargs="+", action="extend", default=[], metavar="NAME|FILE",
                        help="your own results instead of the bundled ones: sets, files or stores")  # fmt: skip
    add_map(parser)
    parser.add_argument(
        "--out", default="reports", metavar="DIR", type=OutputFolder, help="where to write (default: reports)"
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="reports at a time (default: 2)")
    parser.add_argument("--pdf", action="store_true", help="write each report as PDF too (needs the extra 'pdf')")
    parser.add_argument("--notebooks", metavar="DIR", help="a directory of your own percent notebooks")


def run(options: argparse.Namespace) -> int:
    """Build and say what was written."""
    from ..core.errors import CrossliftError
    from ..reports.discovery import choose, notebooks

    folder = Path(options.notebooks) if options.notebooks else None
    out = Screen()
    if options.list:
        for notebook in notebooks(folder).values():
            out.print(f"{notebook.name:24}{notebook.title}")
        return 0
    if options.jobs < 1:
        raise CrossliftError(f"--jobs {options.jobs}: at least one report has to run.")
    chosen = choose(options.names, folder)
    if not chosen:
        raise CrossliftError(f"'{options.notebooks}' does not contain a percent notebook (*.py).")
    mapping = parse_map(options.map)
    if mapping and not options.data:
        raise CrossliftError("--map names columns of files, but no file is given.", "Give --data FILE.")
    if options.data:
        from ..records.read import read_inputs

        read_inputs(options.data, mapping)  # unreadable data are refused once, before any kernel starts
    from ..reports.build import build

    with _progress(chosen) as advance:
        built = build(chosen, Path(options.out), tuple(options.data), options.jobs, advance, mapping, options.pdf)
    for page in built.pages:
        out.print(f"{page.title} ({page.seconds:.0f} s)", style="bold")
        out.print(f"  {page.answer}")
        out.print(f"  {page.path}")
    for executed in built.failures:
        failure = executed.failure
        assert failure is not None
        where = f"cell {failure.cell} ('{failure.source}')" if failure.cell else failure.source
        out.print(f"{executed.notebook.name} failed in {where}: {failure.error}", style="bold red")
    out.print(f"index: {built.index}")
    return FAILED if built.failures else 0


@contextmanager
def _progress(chosen: list[Notebook]) -> Iterator[Callable[[str, int, int], None]]:
    """One bar per report, on standard error; nothing where that is not a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    err = console(stderr=True)
    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(),
                                TextColumn("cells"), TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        tasks = {item.name: bar.add_task(item.name, total=None, start=False) for item in chosen}

        def advance(name: str, done: int, total: int) -> None:
            bar.start_task(tasks[name])
            bar.update(tasks[name], completed=done, total=total)

        yield advance
