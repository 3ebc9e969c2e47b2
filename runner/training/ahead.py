"""Steps made ready before the device asks for them: cut into parts, padded, and in pinned memory, by a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..kinds.features import Features
from .batches import pad, parts
from .bench import Bench, Inputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

#: Steps that are ready and not yet asked for.
DEPTH = 2


@dataclass(frozen=True)
class Ready:
    """A step: its examples, the pieces at once that it was cut for, and its parts with what the model gets of each."""

    examples: NDArray[np.int64]
    room: int
    parts: tuple[tuple[NDArray[np.int64], Inputs], ...]


def make_ready(bench: Bench, features: Features, examples: NDArray[np.int64], room: int) -> Ready:
    """Cut a step into parts of at most ``room`` pieces."""
    found = []
    for chunk in parts(features, examples, room):
        batch = pad(features.ids, features.types, chunk, bench.backbone.pad, bench.multiple)
        found.append((chunk, bench.inputs(batch)))
    return Ready(examples, room, tuple(found))


def ready_steps(
    bench: Bench, features: Features, batches: Iterable[NDArray[np.int64]], room: Callable[[], int]
) -> Generator[Ready]:
    """Steps in their order. On a GPU a thread makes them ready ahead; a CPU has no time to spare for one."""
    made = (make_ready(bench, features, examples, room()) for examples in batches)
    return ahead(made) if bench.device.startswith("cuda") else made


def ahead(items: Iterable[T], depth: int = DEPTH) -> Generator[T]:
    """The same items, up to ``depth`` of them taken before they are asked for; what goes wrong is raised here."""
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(depth)
    ended = threading.Event()

    def put(kind: bool, item: Any) -> bool:
        while not ended.is_set():
            with suppress(queue.Full):
                waiting.put((kind, item), timeout=0.1)
                return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(True, item):
                    return
            put(False, None)
        except BaseException as error:
            put(False, error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            kind, item = waiting.get()
            if not kind:
                if item is not None:
                    raise item
                return
            yield item
    finally:
        ended.set()
        thread.join()
