"""Entry point of ``runner``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from analysis.present.program import add_commands, run_command

from . import check, gc, overlap, plan, results, run, score, status, tasks

#: Subcommands, each a module of this package.
COMMANDS = {
    "check": check, "tasks": tasks, "plan": plan, "run": run, "results": results, "score": score, "status": status,
    "gc": gc, "overlap": overlap,
}  # fmt: skip


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands. Their modules import nothing heavy before they run."""
    parser = argparse.ArgumentParser(prog="runner", description="Train and evaluate cross-lingual transfer.")
    add_commands(parser, COMMANDS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``runner`` and return its exit status."""
    return run_command(build_parser(), arguments)


if __name__ == "__main__":
    raise SystemExit(main())
