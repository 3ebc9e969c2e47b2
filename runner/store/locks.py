"""Locks: no two processes run the same stage.

A lock is one of the operating system (``flock``) on a file of the stage. The kernel gives it back when the process
ends, however it ends, so that the lock of a dead process is free at once and none has to be judged stale by its age.
The file says who holds it. It is removed while the lock is still held; who locks a file that is no longer there under
its name has locked nothing, and tries again. A forked child shares the lock of its parent: it is free when both have
ended.
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from analysis.core.errors import StoreError

from .atomic import write_error

#: Asking who holds a lock takes a shared one for an instant, which must not pass for a holder: try again after it.
TRIES, PAUSE = 3, 0.01


@dataclass
class Lock:
    """A stage that this process holds. A context manager; leaving it gives the stage back."""

    path: Path
    descriptor: int

    def release(self) -> None:
        """Give the stage back."""
        if self.descriptor >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def acquire(path: Path, label: str = "") -> Lock | None:
    """Lock what ``path`` stands for; ``None`` if a living process holds it."""
    fcntl = _locks()
    tries = TRIES
    while True:
        try:
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise write_error(path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            tries -= 1
            if tries == 0:
                return None
            time.sleep(PAUSE)
            continue
        if _is_at(path, descriptor):
            break
        os.close(descriptor)
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "stage": label}
    held = Lock(path, descriptor)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(holder).encode())
    except OSError as error:
        held.release()
        raise write_error(path, error) from error
    return held


def holder(path: Path) -> dict[str, Any] | None:
    """Who holds a lock: ``pid``, ``host`` and ``stage``; ``None`` if no living process does."""
    fcntl = _locks()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            found = json.loads(os.read(descriptor, 4096))
        except ValueError:  # locked a moment ago
            found = {}
        return found if isinstance(found, dict) else {}
    finally:
        os.close(descriptor)
    return None


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    own = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)


def _locks() -> Any:
    try:
        import fcntl
    except ImportError as error:
        raise StoreError(
            "this system has no flock, which keeps two sweeps from the same stage.", "On Windows, work inside WSL."
        ) from error
    return fcntl
