"""Check that scores can be read, summarise their contents, and write them as one table of records."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..core.output import OutputFile, whole
from ..core.text import Table, count
from ..present.screen import Screen
from ..present.shell import quote
from ..present.terminal import write_csv, write_text
from ..records.roles import ARM, SET, mapping_text, read_mapping

if TYPE_CHECKING:
    import pandas as pd

    from ..records.read import Input

#: ``COLUMN=score:language=deu``: the role has ``=`` in it too.
_ROLE = re.compile(r"(.+?)=((?:score|gain|arm|std_error):.*)$")

#: Forms that records are written in.
ENDINGS = (".csv", ".parquet", ".eee.json")

SUMMARY = "check scores before fitting, or turn them into one table"
EXAMPLES = """examples:
  analyze validate scores.csv
  analyze validate scores.csv --map lang=language --map accuracy=score
  analyze validate wide.xlsx --pair setting=baseline --write-mapping map.toml
  analyze validate results_DATE.json            # from the lm-evaluation-harness
  analyze validate results_DATE.json --set model=xglm-564M --set intermediate_task=squad --out squad.parquet"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze validate``."""
    parser.add_argument("file", nargs="+", help="tables, results of harnesses, stores, bundled sets")
    add_map(parser)
    parser.add_argument(
        "--write-mapping", metavar="FILE", type=OutputFile, help="write what was understood of the columns, as TOML"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=OutputFile,
        help="write the records as .csv, .parquet (with single items) or .eee.json",
    )


def add_map(parser: argparse._ActionsContainer) -> None:
    """``--map``, ``--pair``, ``--set`` and ``--mapping``: what the columns of files hold."""
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=FIELD",
        help="the column of a file that contains a field of the record; may be repeated",
    )
    parser.add_argument(
        "--pair", action="append", dest="map", type=_arm, metavar="COLUMN=VALUE",
        help="the column that tells runs apart, and its value for those without the intermediate stage",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", dest="map", type=_constant, metavar="FIELD=VALUE",
        help="a field that is the same in all rows of these files; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--mapping", action="append", dest="map", type=_file, metavar="FILE",
        help="a mapping that analyze validate --write-mapping wrote",
    )  # fmt: skip


class _Given(NamedTuple):
    """An argument that stands for entries of a mapping: of which kind, and its text."""

    kind: str
    text: str


def _arm(text: str) -> _Given:
    return _Given("--pair", text)


def _constant(text: str) -> _Given:
    return _Given("--set", text)


def _file(text: str) -> _Given:
    return _Given("--mapping", text)


def parse_map(given: Sequence[str | _Given]) -> dict[str, str]:
    """What columns hold, from the arguments of :func:`add_map`; a column may have a ``=`` in its name."""
    found: dict[str, str] = {}
    for one in given:
        if isinstance(one, str):
            role = _ROLE.match(one)
            parts = (role[1], "=", role[2]) if role else one.rpartition("=")
            column, field = _pair(one, parts, "--map", "COLUMN=FIELD", "lang=language")
            found[column] = field
        elif one.kind == "--mapping":
            found |= read_mapping(one.text)
        elif one.kind == "--pair":
            column, value = _pair(one.text, one.text.rpartition("="), "--pair", "COLUMN=VALUE", "setting=baseline")
            found[column] = f"{ARM}:{value}"
        else:
            field, value = _pair(
                one.text, one.text.partition("="), "--set", "FIELD=VALUE", "intermediate_task=squad"
            )  # fmt: skip
            found[SET + field] = value
    return found


def _pair(text: str, parts: tuple[str, str, str], flag: str, form: str, example: str) -> tuple[str, str]:
    from ..core.errors import CrossliftError

    left, equals, right = (part.strip() for part in parts)
    if not equals or not left or not right:
        raise CrossliftError(f"{flag} '{text}' is not {form}.", f"For example {flag} {example}.")
    return left, right


def run(options: argparse.Namespace) -> int:
    """Read the files, print a summary and what they are ready for, and write the records if requested."""
    from ..records.read import read_inputs
    from ..records.schema import NAMES

    out = Screen()
    if options.out and not options.out.endswith(ENDINGS):
        from ..core.errors import CrossliftError

        raise CrossliftError(f"records cannot be written as '{options.out}'.", f"Endings: {', '.join(ENDINGS)}.")
    read = read_inputs(options.file, parse_map(options.map))
    for source in read.sources:
        out.print(f"{source.name}: {count(source.rows)} rows, sha256 {source.sha256[:12]}")
    for notice in read.notices:
        out.print(f"Note: {notice}")
    records = read.records
    rows = tuple(
        (
            str(name),
            count(int(records[name].notna().sum())),
            count(int(records[name].nunique())),
            _examples(records[name]),
        )
        for name in records.columns
        if records[name].notna().any()
    )
    out.print(Table(("column", "filled", "different", "for example"), rows))
    extra = [str(name) for name in records.columns if name not in NAMES]
    if extra:
        out.print(f"\nColumns outside the record schema, kept for formulas and --where: {', '.join(extra)}")
    _print_ready(records, options, out)
    if options.write_mapping:
        _write_mapping(options.write_mapping, read, out)
    if options.out:
        _write(options.out, records, out)
    return 0


def _print_ready(records: pd.DataFrame, options: argparse.Namespace, out: Screen) -> None:
    from ..outcomes.ready import readiness

    data = " --data " + " ".join(map(quote, options.file)) + _flags(options.map)
    found = readiness(records)
    rows = tuple((one.question, "✓" if one.ok else "✗", one.words) for one in found)
    out.print()
    out.print(Table(("ready for", "", ""), rows))
    out.print()
    for one in found:
        if one.ok or "--set" in one.arguments:
            out.print(f"  analyze {one.arguments}{data}", whole=True)


def _flags(given: Sequence[str | _Given]) -> str:
    parts = [("--map", one) if isinstance(one, str) else (one.kind, one.text) for one in given]
    return "".join(f" {flag} {quote(text)}" for flag, text in parts)


def _write_mapping(path: str, read: Input, out: Screen) -> None:
    from ..core.errors import CrossliftError

    known = [(source.name, mapping) for source, mapping in zip(read.sources, read.mappings, strict=True) if mapping]
    merged: dict[str, str] = {}
    for name, mapping in known:
        for column, role in mapping.items():
            if merged.setdefault(column, role) != role:
                raise CrossliftError(
                    f"column '{column}' is '{merged[column]}' in one file and '{role}' in '{name}'.",
                    "Write a mapping for each file.",
                )
    write_text(path, mapping_text(merged, ", ".join(name for name, _ in known)), out)
    out.print(f"What the columns hold is written to {path}; use it with --mapping {path}.")


def _write(path: str, records: pd.DataFrame, out: Screen) -> None:
    """Write the table. A CSV cell cannot hold results of single items, so that variances from it are not paired."""
    from pathlib import Path

    from ..records.items_parquet import detach_items

    ending = Path(path).suffix
    if path.endswith(".eee.json"):
        import json

        from ..records.readers.every_eval_ever import write

        made = write(records)
        write_text(path, json.dumps(made[0] if len(made) == 1 else made, indent=2, ensure_ascii=False) + "\n", out)
        out.print(f"{count(len(records))} rows written to {path}.")
        return
    items = "items" in records.columns and bool(records["items"].notna().any())
    if ending == ".csv":
        write_csv(path, records.drop(columns=["items", "cell"], errors="ignore"))
    else:
        with whole(path) as file:
            (detach_items(records) if items else records).to_parquet(file, index=False)
    lost = (
        "; results of single items, which make variances paired, go into .parquet" if items and ending == ".csv" else ""
    )
    out.print(f"{count(len(records))} rows written to {path}{lost}.")


def _examples(column) -> str:  # type: ignore[no-untyped-def]
    values = [str(value) for value in column.dropna().unique()[:3]]
    return ", ".join(value if len(value) <= 24 else value[:23] + "…" for value in values)
