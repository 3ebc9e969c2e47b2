"""Results of single test items: one bit an item, eight to a byte, the first item in the highest bit.

A store keeps those of a cell in a Parquet file with one row per metric (``metric``, ``items``, ``correct``); metrics
that do not judge items one by one have no bits. Records carry an :class:`ItemResults` in the column ``items``.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: How many items a metric has, and their bits; ``None`` where it does not judge items.
Packed = tuple[int, bytes] | None


@dataclass(frozen=True, slots=True)
class ItemResults:
    """Which items are right behind the scores of one cell.

    It is a value of a table: it goes where the row goes, through filters, joins and sorts and into other processes, and
    lives as long as the row does. Written as text it is the hash of what holds the results, and two are equal if they
    have the same hash.

    Attributes
    ----------
    sha256
        Hash of the file that holds the results, or of the results themselves where they came with a table.
    file
        The file, read when the results are first asked for; ``None`` where they came with a table.
    """

    sha256: str
    file: Path | None = field(default=None, compare=False)
    _packed: dict[str, Packed] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of_bits(cls, metric: str, items: int, correct: bytes) -> ItemResults:
        """Results that came with a table of records, for one metric."""
        sha256 = hashlib.sha256(f"{metric} {items} ".encode() + correct).hexdigest()
        return cls(sha256, None, {metric: (items, correct)})

    def correct(self, metric: str) -> NDArray[np.bool_] | None:
        """Which items are right by a metric, in the order of the data; ``None`` where it does not judge items.

        Raises
        ------
        StoreError
            If the file is missing or damaged.
        """
        if self.file is not None and not self._packed:
            self._packed.update(_read(self.file))
        packed = self._packed.get(metric)
        return None if packed is None else unpack(*packed)

    def share(self, metric: str) -> tuple[int, float] | None:
        """How many items a metric judged, and the share of right ones; ``None`` where it does not judge items."""
        if self.file is not None and not self._packed:
            self._packed.update(_read(self.file))
        packed = self._packed.get(metric)
        if packed is None:
            return None
        items, correct = packed
        return items, int.from_bytes(correct).bit_count() / items if items else 0.0

    def __str__(self) -> str:
        return self.sha256


def pack(correct: NDArray[np.bool_] | Sequence[bool]) -> bytes:
    """Bits of results, filled up to whole bytes."""
    import numpy as np

    return np.packbits(np.asarray(correct, dtype=bool)).tobytes()


def unpack(items: int, correct: bytes) -> NDArray[np.bool_]:
    """The reverse of :func:`pack`, shape ``(items,)``."""
    import numpy as np

    return np.unpackbits(np.frombuffer(correct, dtype=np.uint8), count=items).astype(bool)


def items_file(rows: Sequence[tuple[str, int, NDArray[np.bool_] | None]]) -> bytes:
    """The Parquet file of a cell, from the metric, the number of items and the results of each score."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "metric": pa.array([metric for metric, _, _ in rows], pa.string()),
            "items": pa.array([items for _, items, _ in rows], pa.int64()),
            "correct": pa.array([None if correct is None else pack(correct) for *_, correct in rows], pa.binary()),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def _read(file: Path) -> dict[str, Packed]:
    import pyarrow.parquet as pq

    try:
        # read_table looks for a data set in the directory first: 8 times the time
        with pq.ParquetFile(file) as content:
            rows: list[dict[str, Any]] = content.read().to_pylist()
    except (OSError, ValueError) as error:  # pyarrow's errors are both
        raise StoreError(f"'{file}' cannot be read: {str(error).splitlines()[0]}.") from error
    return {row["metric"]: None if row["correct"] is None else (row["items"], row["correct"]) for row in rows}
