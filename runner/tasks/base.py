"""What every task offers to training and evaluation: examples by split and language, label names, and scoring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError, did_you_mean

from ..kinds.base import Scored
from ..kinds.examples import Examples
from ..kinds.registry import find_kind
from .subsets import subset

if TYPE_CHECKING:
    from analysis.store.cells import Score

    from .catalog import TaskCard


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
        """The kind, by its name in ``runner.kinds``."""
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
        """Score predictions for ``examples``, one :class:`~analysis.store.cells.Score` for each metric of the card.

        Parameters
        ----------
        predictions
            What the kind's ``scores`` takes: class indices, texts of answers, embeddings, …

        Raises
        ------
        CrossliftError
            If their number does not fit the examples.
        """
        card = self.card
        return find_kind(card.kind).score(Scored(card.name, card.metrics, self.labels), predictions, examples)

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
