"""What every command-line program here does: subcommands from modules, and errors as messages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

from ..errors import CrossliftError

#: Exit status for input that cannot be used; 1 is kept for checks that fail, 0 for success.
BAD_INPUT = 2
#: After Ctrl-C, as shells count it.
INTERRUPTED = 130


def add_commands(parser: argparse.ArgumentParser, modules: Mapping[str, ModuleType]) -> None:
    """Add subcommands, each a module with ``SUMMARY``, ``EXAMPLES``, ``add_arguments`` and ``run``."""
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in modules.items():
        sub = subparsers.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)


def run_command(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Parse, run the subcommand, and return its exit status."""
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(options.run(options))
    except CrossliftError as error:
        print(f"{parser.prog} {options.command}: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"\n{parser.prog} {options.command}: stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the output has seen enough, as in `analyze data | head`
        sys.stderr.close()
        return 0
