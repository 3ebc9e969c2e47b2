"""One BLAS thread for small systems, where waking a second one costs more than it saves."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

# Up to this many random effects one thread is at least as fast as two (benchmarks/threads.py).
SMALL = 2000


def blas_threads(q: int) -> AbstractContextManager[Any]:
    """Context in which linear algebra on ``q`` random effects runs on one thread if ``q`` is small."""
    return _controller().limit(limits=1, user_api="blas") if q <= SMALL else nullcontext()


@lru_cache(maxsize=1)
def _controller() -> Any:
    import scipy.linalg  # noqa: F401  its BLAS must be loaded before threadpoolctl can find it
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
