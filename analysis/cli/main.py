"""Entry point of ``analyze``."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence

from .. import __version__
from ..present.program import add_commands, run_command

#: Subcommands, each a module of this package.
COMMANDS = (
    "fit", "sources", "meta", "scale", "predict", "multiverse", "power",
    "data", "typology", "validate", "verify", "report", "explore",
)  # fmt: skip


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands. Their modules import nothing heavy before they run."""
    parser = argparse.ArgumentParser(
        prog="analyze",
        description="How much does an intermediate task lift zero-shot scores in other languages, and what does the "
        "lift depend on?",
        epilog="example: analyze fit --factor typology",
    )
    parser.add_argument("--version", action="version", version=f"crosslift {__version__}")
    add_commands(parser, {name: importlib.import_module(f".{name}", __package__) for name in COMMANDS})
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``analyze`` and return its exit status."""
    return run_command(build_parser(), arguments)


if __name__ == "__main__":
    raise SystemExit(main())
