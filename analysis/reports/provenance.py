"""Provenance of a run: data, versions, revision."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .. import __version__
from ..core.text import Table, count
from ..records.read import Source

#: Packages whose version may change a number.
PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib")


def versions() -> dict[str, str]:
    """Versions of this package, Python and the packages that numbers depend on."""
    found = {"crosslift": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # pragma: no cover - they are requirements
            found[name] = "not installed"
    return found


def revision() -> str:
    """Revision of the checkout that the package runs from, marked if it has changes; for a wheel, its version."""
    root = Path(__file__).resolve().parent.parent.parent
    if not (root / ".git").exists():
        return f"release {__version__}"
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return f"checkout of {__version__}"
    return f"{head} with changes" if changed else head


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def source_table(sources: Sequence[Source]) -> Table:
    """Data with rows and hashes."""
    rows = tuple((item.name, count(item.rows), item.sha256[:12]) for item in sources)
    return Table(("data", "rows", "sha256"), rows)


def provenance_text(sources: Sequence[Source]) -> str:
    """What the first cell prints."""
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    return f"{source_table(sources).text()}\n\n  {packages}\n  revision {revision()}"
