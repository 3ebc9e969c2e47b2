"""Say what this machine can train with: installed packages, devices, precision, memory."""

from __future__ import annotations

import argparse
import json
import sys

SUMMARY = "what this machine can train with"
EXAMPLES = """examples:
  runner check --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner check``."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the environment; exit status 1 if a package of the extra is missing."""
    from ..environment import inspect_environment

    found = inspect_environment()
    if options.json:
        json.dump(found.to_json(), sys.stdout, indent=2)
        print()
        return 1 if found.missing else 0
    print(f"python {found.python} on {found.system}, {found.cores} cores")
    for name, number in found.packages.items():
        print(f"  {name:<14}{number or 'missing'}")
    for device in found.devices:
        memory = f", {device.memory_gib:.0f} GiB" if device.memory_gib else ""
        print(f"  {device.kind}: {device.name}{memory}, bf16 {'yes' if device.bf16 else 'no'}")
    if found.missing:
        print("missing packages come with: pip install 'crosslift[runner]'", file=sys.stderr)
        return 1
    return 0
