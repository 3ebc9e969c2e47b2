"""Arguments that mean the same in every subcommand: which outcome, which rows, which files are written."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..present.figure_file import FigureFile
from ..present.table_files import add_tables
from ..present.terminal import add_json, add_verbose
from .validate import add_map

if TYPE_CHECKING:
    from ..outcomes.build import Options
    from ..plots.look import Look


def add_outcome(group: argparse._ActionsContainer, outcomes: str = "gain, gap or score", default: str = "gain") -> None:
    """``--outcome``, ``--source``, ``--source-data``, ``--measure``, ``--recipe`` and ``--corpus``."""
    from ..outcomes.factors import CORPORA, OWN

    group.add_argument("--outcome", default=default, metavar="OUTCOME", help=f"{outcomes} (default: {default})")
    add_source(group)
    group.add_argument("--recipe", metavar="RECIPE", help="of URIEL: knn, shared or published (default: knn)")
    group.add_argument("--corpus", default="cc100", metavar="CORPUS",
                       help=f"{', '.join(CORPORA)} or {OWN}: corpus behind log_corpus (default: cc100)")  # fmt: skip
    add_distances(group)


def add_distances(group: argparse._ActionsContainer) -> None:
    """``--distances``."""
    group.add_argument("--distances", action="append", default=[], metavar="FILE|NAME",
                       help="values of languages, or of pairs of languages, as columns for --factor, --formula and "
                       "--where; a table or a bundled set, may be repeated")  # fmt: skip


def add_source(group: argparse._ActionsContainer) -> None:
    """``--source``, ``--source-data`` and ``--measure``."""
    from ..languages.feature_sources import DEFAULT, SOURCES

    group.add_argument(
        "--source", default="eng", metavar="LANGUAGE|DATA",
        help="language of the training data (default: English), or the features that distances are made from: "
        f"{', '.join(SOURCES)} (default: {DEFAULT})",
    )  # fmt: skip
    group.add_argument("--source-data", default=DEFAULT, metavar="DATA",
                       help="the features, beside another language: --source fin --source-data grambank")  # fmt: skip
    group.add_argument("--measure", default="", metavar="MEASURE",
                       help="typological measure (default: syntactic; featural of Grambank)")  # fmt: skip


def add_rows(group: argparse._ActionsContainer) -> None:
    """``--data``, ``--map``, ``--where``, ``--metric`` and ``--keep``."""
    group.add_argument("--data", nargs="+", action="extend", default=[], metavar="NAME|FILE",
                       help="bundled sets or files (CSV, TSV, Parquet, JSON Lines)")  # fmt: skip
    add_map(group)
    group.add_argument("--baseline", default="plain", metavar="BASELINE",
                       help="plain, or steps: gains over a baseline trained for as many steps")  # fmt: skip
    group.add_argument("--where", metavar="EXPR", help="keep the rows for which a condition holds")
    group.add_argument("--metric", metavar="METRIC", help="use this metric instead of the first of acc, f1, em")
    group.add_argument("--keep", action="append", default=[], metavar="FLAG",
                       help="keep rows with this flag; may be repeated ('analyze data NAME' lists flags)")  # fmt: skip


def add_files(group: argparse._ActionsContainer, table: str, figure: str) -> None:
    """``--json``, tables (``--csv``, ``--latex``, …) and ``--plot``; ``table`` and ``figure`` say what these show."""
    add_json(group)
    add_tables(group, table)
    group.add_argument("--plot", metavar="FILE", type=FigureFile, help=f"draw {figure} (.png, .svg, .pdf)")
    add_verbose(group)
    add_look(group)


def add_look(group: argparse._ActionsContainer) -> None:
    """``--style`` and ``--columns``: where a figure will be seen."""
    from ..plots.look import PAPER, STYLES

    group.add_argument("--style", choices=STYLES, default="paper", help="figures for paper or slides (default: paper)")
    group.add_argument("--columns", type=int, choices=tuple(PAPER), default=2,
                       help="width of a paper's figures: 1 column (7.7 cm) or 2 (16 cm, the default)")  # fmt: skip


def read_look(options: argparse.Namespace) -> Look:
    """The choices of :func:`add_look`."""
    from ..plots.look import find_look

    return find_look(options.style, options.columns)


def read_options(options: argparse.Namespace) -> Options:
    """The choices of :func:`add_outcome` and :func:`add_rows` as the library's ``Options``."""
    from ..outcomes.build import Options

    return Options(
        outcome=options.outcome,
        source=options.source,
        measure=options.measure,
        recipe=options.recipe,
        corpus=options.corpus,
        keep=split(options.keep),
        metric=options.metric,
        where=options.where,
        baseline=options.baseline,
        source_data=options.source_data,
        distances=tuple(options.distances),
    )


def split(given: Iterable[str]) -> tuple[str, ...]:
    """Names given one by one, separated by commas, or both."""
    return tuple(part.strip() for text in given for part in text.split(",") if part.strip())
