"""What every task offers to training and evaluation: examples by split and language, label names, and scoring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from .catalog import TaskCard

#: Fields of the examples of each kind.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "classification": ("text",),
    "pair": ("first", "second"),
    "tagging": ("tokens",),
    "choice": ("premise", "question", "choices"),
    "qa": ("question", "context", "answers"),
    "retrieval": ("source", "target"),
    "mlm": ("text",),
}


@dataclass(frozen=True)
class Examples:
    """Examples of one split in one language, ``n`` of them.

    Attributes
    ----------
    fields
        Sequences of length ``n``, named by kind as in ``FIELDS``: texts; for tagging a list of words; ``choices`` a
        list of texts; ``answers`` a list of mappings with ``text`` and ``start`` (in characters of the context).
        In retrieval the i-th ``source`` means the same as the i-th ``target``, the English side; ``gold`` pairs of
        positions replace that where the two sides are corpora of different length.
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


class Task(ABC):
    """One task: where its data come from, what it predicts, how that is scored.

    Subclasses read data; sampling and scoring are the same for all of a kind.
    """

    @property
    @abstractmethod
    def card(self) -> TaskCard:
        """What a plan knows of the task, with the revision of the data at hand."""

    @property
    def kind(self) -> str:
        """The kind, a key of ``FIELDS``."""
        return self.card.kind

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of their indices; empty where there are none."""

    def train(self, size: int | None = None, domain: str = "", seed: int = 0) -> Examples:
        """Training examples, all or ``size`` of them.

        Subsets are nested (with one seed the first 500 are among the first 2,000) and have the class shares of the
        whole, nearly.

        Parameters
        ----------
        size
            How many; ``None`` for all, in the order of the data.
        domain
            Only those of this domain; empty for all.
        seed
            Which subset.

        Raises
        ------
        CrossliftError
            If there is no training split, no such domain, or it has fewer examples.
        """
        from .subsets import subset

        if not self.card.train_examples:
            raise CrossliftError(f"'{self.card.name}' has no training data.", "Use it as a target without training.")
        examples = self._domain(self._train(), domain)
        return examples if size is None else subset(examples, size, seed, self.card.name)

    def validation(self) -> Examples | None:
        """Examples of the training language to choose settings on; ``None`` where the data set has none."""
        return None

    def test(self, language: str) -> Examples:
        """Test examples in a language, under the data set's own code.

        Raises
        ------
        CrossliftError
            If the task has no test data in it; the message names the nearest codes.
        """
        if language not in self.card.languages:
            known = list(self.card.languages)
            hint = did_you_mean(language, known) or f"It has {len(known)}: {', '.join(known[:20])}."
            raise CrossliftError(f"'{self.card.name}' has no test data in '{language}'.", hint)
        examples = self._test(language)
        if not len(examples):
            raise CrossliftError(
                f"the test split of '{self.card.name}' in '{language}' is empty.", "Leave that language out."
            )
        return examples

    def score(self, predictions: Any, examples: Examples) -> list[Score]:
        """Score predictions for ``examples``, one :class:`~runner.store.cells.Score` for each metric of the card.

        Parameters
        ----------
        predictions
            By kind: class indices, shape ``(n,)``, for classification, pairs and choice; one array of class indices
            for each example for tagging; answer texts for questions; for retrieval the embeddings of ``source`` and
            of ``target``, shapes ``(n, d)`` and ``(m, d)``; for masked texts the predicted and the true pieces, two
            arrays of shape ``(masked,)``.

        Raises
        ------
        CrossliftError
            If their number does not fit the examples.
        """
        from ..kinds.score import score

        return score(self, predictions, examples)

    @abstractmethod
    def _train(self) -> Examples:
        """The whole training split."""

    @abstractmethod
    def _test(self, language: str) -> Examples:
        """The test split in one of the card's languages."""

    def _domain(self, examples: Examples, domain: str) -> Examples:
        """Examples of one domain. Tasks with several domains say which example is of which in field ``domain``."""
        own = examples.fields.get("domain")
        if not domain or (own is None and domain == self.card.domain):
            return examples
        offered = sorted(set(own)) if own is not None else [self.card.domain]
        if domain not in offered:
            hint = did_you_mean(domain, offered) or f"It has: {', '.join(offered)}."
            raise CrossliftError(f"'{self.card.name}' has no domain '{domain}'.", hint)
        return examples.take([i for i, value in enumerate(own or ()) if value == domain])


def load_task(name: str, data_dir: Path | str | None = None) -> Task:
    """Open a task: from ``data_dir`` if its file is there, from the hub if it names one, or built in.

    Raises
    ------
    UnknownNameError
        If there is no such task; the message names the nearest ones.
    CrossliftError
        If its data are not at hand; the message says which file or hub data set is wanted.
    """
    from .load import open_task

    return open_task(name, None if data_dir is None else Path(data_dir))
