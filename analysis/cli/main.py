"""Entry point of ``analyze``: parses the command line, runs a subcommand, turns errors into messages."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import CrossliftError

#: Subcommands, each a module of this package with ``SUMMARY``, ``add_arguments`` and ``run``.
COMMANDS = ("fit", "data", "typology", "validate", "verify")

#: Exit status for input that cannot be used; 1 is kept for checks that fail, 0 for success.
BAD_INPUT = 2


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands. Their modules import nothing heavy before they run."""
    parser = argparse.ArgumentParser(
        prog="analyze",
        description="How much does an intermediate task lift zero-shot scores in other languages, and what does the "
        "lift depend on?",
        epilog="example: analyze fit --factor typology",
    )
    parser.add_argument("--version", action="version", version=f"crosslift {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f".{name}", __package__)
        sub = subparsers.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``analyze`` and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = build_parser().parse_args(given)
    try:
        return int(options.run(options))
    except CrossliftError as error:
        print(f"analyze {options.command}: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:  # the reader of the output has seen enough, as in `analyze data | head`
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
