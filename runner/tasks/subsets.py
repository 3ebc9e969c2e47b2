"""Subsets of training data: nested, so that sizes can be compared, and with the class shares of the whole."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from analysis.core.errors import CrossliftError

from ..kinds.examples import Examples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def nested_order(labels: NDArray[np.int64] | None, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """An order of ``n`` examples whose every beginning nearly has the class shares of the whole.

    The k-th of the ``c`` examples of a class (in random order) is due at ``(k - 1/2) / c`` of the whole, ties broken
    at random: systematic sampling within classes. With K classes of which one has the share p, the count of that class
    among the first m is off p m by at most (1 + p K) / 2.

    Returns
    -------
    ndarray, shape (n,)
    """
    import numpy as np

    shuffled = rng.permutation(n)
    if labels is None:
        return shuffled
    due = np.empty(n)
    for label in np.unique(labels):
        own = shuffled[labels[shuffled] == label]
        due[own] = (np.arange(len(own)) + 0.5) / len(own)
    return shuffled[np.argsort(due[shuffled], kind="stable")]


def subset(examples: Examples, size: int, seed: int, name: str) -> Examples:
    """``size`` of the examples of task ``name``.

    Raises
    ------
    CrossliftError
        If there are fewer, or ``size`` is not positive.
    """
    import numpy as np

    if not 0 < size <= len(examples):
        raise CrossliftError(
            f"'{name}' has {len(examples):,} training examples; {size:,} are asked for.",
            f"Ask for 1 to {len(examples)}, or all.",
        )
    classes = examples.labels if isinstance(examples.labels, np.ndarray) else None
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return examples.take(nested_order(classes, len(examples), rng)[:size])
