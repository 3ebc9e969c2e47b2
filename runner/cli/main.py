"""Entry point of ``runner``: parses the command line, runs a subcommand, turns errors into messages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from analysis.errors import CrossliftError

from . import check, gc, plan, results, status

#: Subcommands, each a module of this package with ``SUMMARY``, ``EXAMPLES``, ``add_arguments`` and ``run``.
COMMANDS = {"check": check, "plan": plan, "results": results, "status": status, "gc": gc}

#: Exit status for input that cannot be used; 1 is kept for checks that fail, 0 for success.
BAD_INPUT = 2


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands. Their modules import nothing heavy before they run."""
    parser = argparse.ArgumentParser(prog="runner", description="Train and evaluate cross-lingual transfer.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
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
    """Run ``runner`` and return its exit status."""
    options = build_parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(options.run(options))
    except CrossliftError as error:
        print(f"runner {options.command}: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:  # the reader of the output has seen enough, as in `runner results sweep | head`
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
