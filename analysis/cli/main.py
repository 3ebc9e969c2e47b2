"""Entry point of ``analyze``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from .. import __version__
from ..present.program import add_commands, run_command

#: Subcommands, each a module of this package.
COMMANDS = (
    "fit", "sources", "meta", "scale", "predict", "multiverse", "power",
    "data", "typology", "validate", "verify", "report", "explore",
)  # fmt: skip


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of all subcommands, with the arguments of all or of ``only`` one.

    Their modules import nothing heavy before they run; what arguments need of the analysis, such as names of measures,
    is imported where arguments are added.
    """
    parser = argparse.ArgumentParser(
        prog="analyze",
        description="How much does an intermediate task lift zero-shot scores in other languages, and what does the "
        "lift depend on?",
        epilog="example: analyze fit --factor typology",
    )
    parser.add_argument("--version", action="version", version=f"crosslift {__version__}")
    add_commands(parser, {name: importlib.import_module(f".{name}", __package__) for name in COMMANDS}, only)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``analyze`` and return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    asked = next((text for text in given if not text.startswith("-")), "")
    return run_command(build_parser(asked), given)


if __name__ == "__main__":
    raise SystemExit(main())
