"""How a stage was run: versions, device, git revision, wall time, peak memory."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from analysis.store.timings import Timing

from .stage import Stage

#: Packages whose release may change a score.
NUMERIC = ("torch", "transformers", "peft")
PACKAGES = ("crosslift", "numpy", "pyarrow", "torch", "transformers", "accelerate", "peft", "datasets")


def describe_run(
    stage: Stage,
    wall_s: float,
    device: str = "cpu",
    peak_memory_mib: float | None = None,
    energy_j: float | None = None,
) -> dict[str, Any]:
    """The manifest of a finished stage.

    Parameters
    ----------
    stage
        What was run.
    wall_s
        Seconds it took, without waiting for other stages.
    device
        Name of the device.
    peak_memory_mib
        Of the device; by default the peak of this process, where the system tells it.
    energy_j
        Joules, where the device reports them; left out otherwise.
    """
    peak = _peak_memory() if peak_memory_mib is None else peak_memory_mib
    found: dict[str, Any] = {
        **Timing(stage.kind, stage.model, stage.task, round(wall_s, 3), stage.work, device).fields(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": dict(_versions()),
        "git": git_revision(),
    }
    if peak is not None:
        found["peak_memory_mib"] = round(peak, 1)
    if energy_j is not None:
        found["energy_j"] = round(energy_j, 1)
    return found


def other_releases(manifests: Iterable[Mapping[str, Any]]) -> list[str]:
    """A note for each package that stages of a store were run with in another release than the one installed.

    A release may change the last digits of a training run, and with them a score: stages stay what they are, and what
    is added is said to come from another release.
    """
    here = dict(_versions())
    stages = Counter(
        (name, str(release))
        for manifest in manifests
        for name, release in dict(manifest.get("versions") or {}).items()
        if name in NUMERIC
    )
    notes = []
    for name in NUMERIC:
        others = sorted(release for own, release in stages if own == name and release != here.get(name))
        if others:
            ran = sum(stages[name, release] for release in others)
            notes.append(
                f"{ran:,} stages of this store were run with {name} {', '.join(others)}; {here.get(name, 'none')} is "
                "installed. Scores of one seed may differ between releases, and a gain may mix them."
            )
    return notes


@lru_cache(maxsize=1)
def git_revision() -> str:
    """Commit of the checkout that this package runs from, ``+`` after it with changes; empty for an installed wheel."""
    here = Path(__file__).resolve().parent.parent.parent
    if not (here / ".git").exists():
        return ""
    try:
        commit = _git(here, "rev-parse", "HEAD")
        return commit + ("+" if _git(here, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(where: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(where), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    found = []
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def _peak_memory() -> float | None:
    if os.name != "posix":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, KiB elsewhere
