"""Examples of a task, and the rows of a data set that a kind of task makes them of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Examples:
    """Examples of one split in one language, ``n`` of them.

    Attributes
    ----------
    fields
        Sequences of length ``n``, named by kind: texts; for tagging a list of words; ``choices`` a list of texts;
        ``answers`` a list of mappings with ``text`` and ``start`` (in characters of the context). In retrieval the i-th
        ``source`` means the same as the i-th ``target``, the English side; ``gold`` pairs of positions replace that
        where the two sides are corpora of different length.
    labels
        Class indices, shape ``(n,)``; for tagging a sequence of one array of class indices for each example, one index
        a word; for questions a sequence of lists of accepted answers; ``None`` where there is nothing to predict.
    ids
        Names of the items, alike in all languages where the data are parallel; of corpora to mine, of the sources.
    language
        The code of the language as the data spell it.
    gold
        For mining: pairs of positions in ``source`` and ``target``.
    """

    fields: Mapping[str, Sequence[Any]]
    labels: NDArray[np.int64] | Sequence[Any] | None
    ids: tuple[str, ...]
    language: str = ""
    gold: tuple[tuple[int, int], ...] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Examples:
        """The examples at ``indices``, in that order."""
        import numpy as np

        if self.gold is not None:
            raise CrossliftError("corpora with gold pairs cannot be cut.", "Use them whole.")
        positions = [int(i) for i in indices]
        labels: Any = self.labels
        if isinstance(labels, np.ndarray):
            labels = labels[positions]
        elif labels is not None:
            labels = [labels[i] for i in positions]
        fields = {name: [values[i] for i in positions] for name, values in self.fields.items()}
        return Examples(fields, labels, tuple(self.ids[i] for i in positions), self.language)


@dataclass(frozen=True)
class Rows:
    """Rows of a data set that belong to one split and one language.

    Attributes
    ----------
    task
        Name of the task, for messages.
    table
        The rows.
    columns
        Column of each field, or a list of columns; as the specification of the task has them.
    label
        Column of the labels; empty where there are none.
    classes
        Names of the classes in the order of their indices.
    ids, language
        As in :class:`Examples`.
    """

    task: str
    table: pd.DataFrame
    columns: Mapping[str, Any]
    label: str
    classes: Sequence[str]
    ids: tuple[str, ...]
    language: str

    def field(self, name: str) -> list[Any]:
        """What the column of a field holds."""
        return self.table[self.columns[name]].tolist()

    @property
    def said(self) -> list[Any]:
        """What the column of the labels holds."""
        return list(self.table[self.label])

    def code(self, label: Any) -> int:
        """The index of a class.

        Raises
        ------
        CrossliftError
            If there is no such class.
        """
        if str(label) not in self._index:
            raise CrossliftError(
                f"'{self.task}' has the label '{label}', which its training data do not have.",
                f"Labels: {', '.join(self.classes[:20])}.",
            )
        return self._index[str(label)]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {label: i for i, label in enumerate(self.classes)}
