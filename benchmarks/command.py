"""Whole-process time of the main command, and of importing the package.

Usage: python benchmarks/command.py [--repeats N]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from machine import describe

COMMANDS = {
    "analyze fit --factor typology": ["-m", "analysis.cli.main", "fit", "--factor", "typology"],
    "analyze fit --factor typology --outcome gap": [
        "-m",
        "analysis.cli.main",
        "fit",
        "--factor",
        "typology",
        "--outcome",
        "gap",
    ],
    "python -c 'import analysis'": ["-c", "import analysis"],
    "python -c 'import pandas'": ["-c", "import pandas"],
    "python -c pass": ["-c", "pass"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    print(describe())
    print(f"whole processes, medians of {repeats} runs after one warm-up, in turn\n")
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for i in range(repeats + 1):
        for name, arguments in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            if i:
                seconds[name].append(time.perf_counter() - start)
    print("| process | median s | range |")
    print("|---|---:|---|")
    for name, times in seconds.items():
        print(f"| `{name}` | {statistics.median(times):.2f} | {min(times):.2f}–{max(times):.2f} |")


if __name__ == "__main__":
    main()
