"""Run the tests with the lowest or the newest releases that ``pyproject.toml`` allows, and report what differs.

Usage: ``python tools/try_versions.py lowest|newest [--hold PACKAGE] … [-- PYTEST ARGUMENTS]`` in the environment of the
tests. Makes ``.venv-lowest`` or ``.venv-newest``. ``--hold`` keeps a package at the release of the lock file, and the
report says so.

Tests that are known to differ are named in ``tools/known_differences.toml`` with the reason. The exit status is 1 if a
test fails that is not named there, or one that is named passes: then its entry must be removed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
import venv
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, KNOWN = ROOT / "requirements.lock", ROOT / "tools" / "known_differences.toml"
RESOLUTION = {"lowest": "lowest-direct", "newest": "highest"}


def main(arguments: Sequence[str]) -> int:
    """Resolve, install, test, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=sorted(RESOLUTION))
    parser.add_argument("--hold", action="append", default=[], metavar="PACKAGE")
    ours, pytest = _split(arguments)
    options = parser.parse_args(ours)
    place = ROOT / f".venv-{options.which}"
    versions = resolve(options.which, options.hold, place)
    install(place, versions)
    results = place / "results.xml"
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    # If another release is installed on purpose, a test of the lock's release may be skipped.
    environment = {key: value for key, value in os.environ.items() if key != "CROSSLIFT_CI"}
    command = [str(python), "-m", "pytest", "-n", "auto", "--dist", "loadfile", f"--junitxml={results}", *pytest]
    subprocess.run(command, cwd=ROOT, env=environment | {"OMP_NUM_THREADS": "1"})
    known = tomllib.loads(KNOWN.read_text(encoding="utf-8")).get(options.which, {})
    lines, agreed = report(pinned(LOCK), pinned(versions), outcomes(results), known, options.hold)
    print("\n".join(lines))
    return 0 if agreed else 1


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Arguments before and after ``--``."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def resolve(which: str, held: Sequence[str], place: Path) -> Path:
    """A file of all packages at their lowest or newest releases."""
    place.mkdir(exist_ok=True)
    lock = pinned(LOCK)
    unknown = [name for name in held if name not in lock]
    if unknown:
        raise SystemExit(f"'{unknown[0]}' is not in {LOCK.name}.")
    (place / "held.txt").write_text("".join(f"{name}=={lock[name]}\n" for name in held))
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--extra", "dev", "--upgrade",
               "--resolution", RESOLUTION[which], "--python-version", f"3.{sys.version_info.minor}",
               "--constraints", str(place / "held.txt"), "--output-file", str(place / "versions.txt"),
               "pyproject.toml"]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True)
    return place / "versions.txt"


def install(place: Path, versions: Path) -> None:
    """An environment with these releases and this checkout."""
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", str(versions)]
    subprocess.run([*pip, "hatchling", "editables", "setuptools-scm"], cwd=ROOT, check=True)
    subprocess.run([*pip, "--no-build-isolation", "--editable", ".[dev]"], cwd=ROOT, check=True)


def pinned(path: Path) -> dict[str, str]:
    """Releases by package, for those that apply to this system and Python version."""
    from packaging.requirements import Requirement

    lines = path.read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if re.match(r"[A-Za-z0-9][\w.-]*==", line)]
    here = [item for item in found if item.marker is None or item.marker.evaluate()]
    return {item.name.lower(): str(item.specifier).removeprefix("==") for item in here}


def outcomes(results: Path) -> dict[str, str]:
    """``passed``, ``failed`` or ``skipped`` of each test by its id."""
    if not results.is_file():
        raise SystemExit("the tests did not run: pytest wrote no results.")
    found = {}
    for case in ET.parse(results).getroot().iter("testcase"):
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        kinds = {child.tag for child in case}
        found[name] = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
    return found


def report(
    lock: Mapping[str, str],
    tried: Mapping[str, str],
    tests: Mapping[str, str],
    known: Mapping[str, str],
    held: Sequence[str] = (),
) -> tuple[list[str], bool]:
    """What to print, and whether all differences are known ones.

    Parameters
    ----------
    lock, tried
        Releases by package.
    tests
        Outcomes by test.
    known
        Reasons by test, whose id may have ``*`` in it.
    held
        Packages kept at the lock's release on purpose.
    """
    differ = sorted(name for name in lock.keys() | tried.keys() if lock.get(name) != tried.get(name))
    lines = [f"{len(differ)} packages differ from {LOCK.name}:"]
    lines += [f"  {name}: {lock.get(name, 'none')} → {tried.get(name, 'none')}" for name in differ]
    lines += [f"  {name}: held at {lock[name]}, not tried" for name in held]
    failed = [name for name, outcome in tests.items() if outcome == "failed"]
    expected = {
        name: next((why for key, why in known.items() if fnmatchcase(name, _pattern(key))), "") for name in failed
    }
    gone = [key for key in known if not any(fnmatchcase(name, _pattern(key)) for name in failed)]
    counts = {what: sum(outcome == what for outcome in tests.values()) for what in ("passed", "failed", "skipped")}
    lines.append("Tests: " + ", ".join(f"{number:,} {what}" for what, number in counts.items()) + ".")
    lines += [f"  known: {name}: {why}" for name, why in expected.items() if why]
    unknown = [name for name, why in expected.items() if not why]
    lines += [f"  NOT KNOWN: {name}" for name in unknown]
    lines += [f"  NO LONGER DIFFERS: {key}" for key in gone]
    return lines, not unknown and not gone and bool(tests)


def _pattern(key: str) -> str:
    """Escape the brackets of parametrised tests."""
    return key.replace("[", "[[]")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
