"""What the interpreter is asked to do while something runs, by Python's own audit events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_events: list[tuple[str, tuple[Any, ...]]] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _events is not None:
        _events.append((event, arguments))


sys.addaudithook(_hook)


@contextmanager
def audit() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """Events of this process meanwhile, each with its arguments."""
    global _events
    _events = found = []
    try:
        yield found
    finally:
        _events = None


def written(events: list[tuple[str, tuple[Any, ...]]]) -> list[str]:
    """Files that were opened for writing."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    return [
        str(path)
        for event, (path, mode, flags, *_) in ((event, args) for event, args in events if event == "open")
        if path is not None and not isinstance(path, int) and ((mode and set(mode) & set("wax+")) or flags & writing)
    ]
