"""Entry point of ``runner``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import check

COMMANDS = {"check": check}


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands; none imports torch before it runs."""
    parser = argparse.ArgumentParser(prog="runner", description="Train and evaluate cross-lingual transfer.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        sub = subparsers.add_parser(name, help=module.SUMMARY, description=module.__doc__)
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``runner`` and return its exit status."""
    options = build_parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    return int(options.run(options))


if __name__ == "__main__":
    raise SystemExit(main())
