"""Shared parts of the command-line programs: subcommands from modules, and errors as messages."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import ModuleType

from ..core.errors import CrossliftError, UnknownNameError, did_you_mean, unknown_name
from ..core.output import OutputFile, OutputFolder
from ..core.plain import degrade_output
from .table_files import TableFile

#: Exit status for input that cannot be used; 1 is kept for checks that fail, 0 for success.
BAD_INPUT = 2
#: What helps where memory ran out in the middle of something.
MEMORY_HINT = "Take fewer rows (--where), or a machine with more memory; Parquet takes less to read than CSV."
#: Exit status after Ctrl-C, by shell convention.
INTERRUPTED = 130
#: What is said after Ctrl-C.
RESUME = "Files are written whole or not at all; the same command starts again."


def add_commands(parser: argparse.ArgumentParser, modules: Mapping[str, ModuleType], only: str | None = None) -> None:
    """Add subcommands, each a module with ``SUMMARY``, ``EXAMPLES``, ``add_arguments`` and ``run``.

    A module may have ``RESUME``, what is said after Ctrl-C. With ``only``, the others stand in the help alone.
    """
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in modules.items():
        sub = subparsers.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if only is None or name == only:
            module.add_arguments(sub)
        sub.set_defaults(run=module.run, resume=getattr(module, "RESUME", RESUME))


def run_command(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Parse, run the subcommand, and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name, resume = parser.prog, RESUME
    for stream in (sys.stdout, sys.stderr):
        degrade_output(stream)
    try:
        _check_command(parser, given)
        options, unknown = parser.parse_known_args(given)
        name, resume = f"{parser.prog} {options.command}", options.resume
        if unknown:
            raise _unknown_argument(name, _commands(parser)[options.command], unknown[0])
        check_outputs(options)
        status = int(options.run(options))
        if sys.stdout is not None:
            sys.stdout.flush()  # a reader that is gone shows here, not when Python ends
        return status
    except CrossliftError as error:
        if _out_of_memory(error.__cause__):  # a reader takes what its library could not hold for a fault of the file
            return _refuse(name, "memory ran out.", MEMORY_HINT)
        return _refuse(name, error.message, error.hint)
    except (ImportError, MemoryError, RuntimeError, ValueError) as error:
        if not _out_of_memory(error):
            raise
        return _refuse(name, "memory ran out.", MEMORY_HINT)
    except KeyboardInterrupt:
        print(f"\n{name}: stopped. {resume}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the output has seen enough, as in `analyze data | head`
        _forget_output()
        return 0


def check_outputs(options: argparse.Namespace) -> None:
    """Refuse outputs that could not be written, before anything is read or computed.

    Raises
    ------
    CrossliftError
        If a path cannot be written to, or two outputs have the same.
    """
    given = [item for value in vars(options).values() for item in (value if isinstance(value, list) else [value])]
    seen: set[str] = set()
    for output in given:
        if not isinstance(output, (OutputFile, OutputFolder, TableFile)):
            continue
        output.check()
        path = output.path if isinstance(output, TableFile) else str(output)
        if path in seen:
            raise CrossliftError(f"'{path}' is asked for twice, and one output would replace the other.",
                                 "Give each its own name.")  # fmt: skip
        seen.add(path)


def _forget_output() -> None:
    """Nothing more can be printed, not even what Python flushes as it ends."""
    with suppress(AttributeError, OSError, ValueError):  # a stream without a descriptor has nothing left to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(name: str, message: str, hint: str) -> int:
    print(f"{name}: {message}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
    return BAD_INPUT


#: How pandas' reader of CSV, threads, and libraries that are loaded say that memory ran out.
_NO_MEMORY = ("out of memory", "new thread", "failed to map segment", "annot allocate memory")


def _out_of_memory(error: BaseException | None) -> bool:
    """Whether that is what an error means; some say so in words alone."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def _commands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    return next(action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))


def _check_command(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    known = _commands(parser)
    if given and not given[0].startswith("-") and given[0] not in known:
        raise unknown_name("command", given[0], known)


def _unknown_argument(name: str, command: argparse.ArgumentParser, given: str) -> CrossliftError:
    """Before 3.14, Python's own message names neither the subcommand nor the nearest option."""
    if not given.startswith("-"):
        return CrossliftError(f"'{given}' is one argument too many.", f"'{name} --help' lists its arguments.")
    option = given.split("=")[0]
    hint = did_you_mean(option, command._option_string_actions)
    return UnknownNameError(f"unknown option '{option}'.", hint or f"'{name} --help' lists them.")
