"""What a computation will take, asked before it begins: an error with its numbers, not a process that is killed."""

from __future__ import annotations

import sys
from pathlib import Path

from .errors import SizeError

GB = 1e9
# Bytes that are taken without a question, which takes as long as fitting a small model.
SMALL = 1e8
# Share of the free memory that one computation may be planned to take; estimates leave out what is small.
PLANNED = 0.9


def require(size: float, what: str, way_round: str) -> None:
    """Refuse a computation that does not fit.

    Parameters
    ----------
    size
        Bytes that it will take on top of what is held now.
    what
        What takes them, as the subject of a sentence.
    way_round
        What to do instead.

    Raises
    ------
    SizeError
        If less is free. Where the system does not say what is free, nothing is refused.
    """
    if size < SMALL:
        return
    free = free_memory()
    if free is not None and size > PLANNED * free:
        raise SizeError(
            f"{what} would take about {size / GB:.1f} GB of memory, and {free / GB:.1f} GB are free.", way_round
        )


def require_limit(size: float, what: str, way_round: str) -> None:
    """Refuse what the process's own limit does not leave, however small; parameters are those of :func:`require`.

    Raises
    ------
    SizeError
        If the limit leaves less.
    """
    left = _own_limit()
    if left is not None and size > left:
        raise SizeError(
            f"{what} would take about {size / GB:.2f} GB of memory, and the limit of this process leaves "
            f"{left / GB:.2f} GB.",
            way_round,
        )


def free_memory() -> float | None:
    """Bytes that this process can still get: of the machine, of its control group and of its own limit."""
    found = [limit for limit in (_machine(), _control_group(), _own_limit()) if limit is not None]
    return min(found) if found else None


def _machine() -> float | None:
    """Of Linux; elsewhere a share of the memory that is built in, and nothing where that is not known."""
    import os

    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    except OSError:
        pass
    if sys.platform == "win32" or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")


def _control_group() -> float | None:
    """What a container may still take (version 2 of control groups)."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        return None if limit == "max" else max(0.0, float(limit) - float((folder / "memory.current").read_text()))
    except (OSError, ValueError):
        return None


def _own_limit() -> float | None:
    """What ``ulimit -v`` leaves."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return float(limit)
    return max(0.0, float(limit) - float(pages) * resource.getpagesize())
