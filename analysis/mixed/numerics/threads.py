"""One BLAS thread for small systems: waking a second one costs more than a few hundred rows of work bring."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

from ...core.memory import require_limit

# Random effects of one dense factor up to which one thread is as fast as two or faster (benchmarks/threads.py).
SMALL = 2000


def blas_threads(q: int) -> AbstractContextManager[Any]:
    """Context in which a dense factor of ``q`` random effects is worked out on a sensible number of threads."""
    return _controller().limit(limits=1, user_api="blas") if q <= SMALL else nullcontext()


#: Bytes that both libraries of linear algebra take once. OpenBLAS asks for them without end where there are none.
BUFFERS = 2 * 35e6


@lru_cache(maxsize=1)
def _controller() -> Any:
    import numpy as np
    from scipy.linalg.lapack import dpotrf  # its BLAS has to be loaded to be found
    from threadpoolctl import ThreadpoolController

    require_limit(
        BUFFERS, "The work space of linear algebra", "Raise the limit (ulimit -v), or run on another machine."
    )
    for factor in (np.linalg.cholesky, dpotrf):  # numpy's and scipy's libraries take it at their first call
        factor(np.eye(2))
    return ThreadpoolController()
