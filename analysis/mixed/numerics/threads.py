"""One BLAS thread for small systems: waking a second one costs more than a few hundred rows of work bring."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

# Random effects of one dense factor up to which one thread is as fast as two or faster (benchmarks/threads.py).
SMALL = 2000


def blas_threads(q: int) -> AbstractContextManager[Any]:
    """Context in which a dense factor of ``q`` random effects is worked out on a sensible number of threads."""
    return _controller().limit(limits=1, user_api="blas") if q <= SMALL else nullcontext()


@lru_cache(maxsize=1)
def _controller() -> Any:
    import scipy.linalg  # noqa: F401  its BLAS has to be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
