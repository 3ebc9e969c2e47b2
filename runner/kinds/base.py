"""What a kind of task is: which data it needs, how it is trained, and how its predictions are scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from analysis.core.errors import CrossliftError

from .examples import Examples, Rows

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from analysis.store.cells import Score

    from ..models.backbone import Backbone
    from .features import Features


@dataclass(frozen=True, slots=True)
class Scored:
    """What scoring has to know of a task: its name for messages, the metrics it reports, the names of its classes."""

    task: str
    metrics: tuple[str, ...]
    labels: tuple[str, ...] = ()

    def classes(self, predictions: Any, n: int) -> NDArray[np.int64]:
        """Predicted class indices of ``n`` items, shape ``(n,)``.

        Raises
        ------
        CrossliftError
            If they are not that many, or one is of no class.
        """
        from .metrics.classes import as_classes

        try:
            found = as_classes(predictions, n)
        except ValueError as error:
            raise self.unfit(str(error), f"class indices of shape ({n},)") from error
        if n and (found.min() < 0 or (self.labels and found.max() >= len(self.labels))):
            strange = found.max() if found.min() >= 0 else found.min()
            raise self.unfit(f"class {strange}", f"0 to {len(self.labels) - 1}")
        return found

    def unfit(self, given: str, wanted: str) -> CrossliftError:
        """The error for predictions that do not fit the examples."""
        return CrossliftError(f"predictions do not fit '{self.task}': {given}.", f"Wanted: {wanted}.")


class Kind(ABC):
    """One kind of task.

    A kind is a module of this package that ends with ``KIND = …()``; its file has the name that specifications of tasks
    use. Importing it loads neither torch nor numpy, because plans ask for kinds too.

    Attributes
    ----------
    fields
        Fields of its examples.
    required
        Fields that a specification has to name a column for; by default all of ``fields``.
    metrics
        Metrics that it may report, under the names that published tables use.
    usual
        Those of a specification that names none; by default all of ``metrics``.
    labelled
        Whether its data need a column of labels.
    label_is_position
        Whether a label is a position whatever a data set calls it, so that names of classes do not count.
    trains
        Whether a model can be trained on it.
    no_target
        Why it cannot be a target task, as the end of a sentence that begins with the task; empty where it can.
    lacking
        What to do where examples cannot be scored by a metric that the task reports.
    """

    fields: ClassVar[tuple[str, ...]]
    required: ClassVar[tuple[str, ...]]
    metrics: ClassVar[tuple[str, ...]]
    usual: ClassVar[tuple[str, ...]]
    labelled: ClassVar[bool] = True
    label_is_position: ClassVar[bool] = False
    trains: ClassVar[bool] = True
    no_target: ClassVar[str] = ""
    lacking: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for own, whole in (("required", "fields"), ("usual", "metrics")):
            if whole in vars(cls) and own not in vars(cls):
                setattr(cls, own, vars(cls)[whole])

    # Data -------------------------------------------------------------------------------------------------------------

    def read(self, rows: Rows) -> Examples:
        """Examples of the rows of one split and language.

        Raises
        ------
        CrossliftError
            If a label is of no class, or a row is not an example of this kind.
        """
        fields = self.read_fields(rows)
        return Examples(fields, self.read_labels(rows, fields), rows.ids, rows.language)

    def read_fields(self, rows: Rows) -> dict[str, list[Any]]:
        """The fields: what their columns hold."""
        return {name: rows.field(name) for name in rows.columns}

    def read_labels(self, rows: Rows, fields: Mapping[str, Sequence[Any]]) -> NDArray[np.int64] | Sequence[Any] | None:
        """What is to be predicted: one class for each row, or nothing where no column has labels."""
        import numpy as np

        return np.array([rows.code(label) for label in rows.said], dtype=np.int64) if rows.label else None

    def class_names(self, labels: Iterable[Any]) -> tuple[str, ...]:
        """Names of the classes that a column of labels has, sorted."""
        return tuple(sorted({str(label) for label in labels}))

    def classes(self, labels: Sequence[str], features: Features | None) -> int:
        """Classes of the head, from their names and from the features that are trained on."""
        return max(len(labels), 1)

    # Training and evaluation ------------------------------------------------------------------------------------------

    @abstractmethod
    def encode(self, backbone: Backbone, examples: Examples, max_length: int, train: bool) -> Features:
        """Word pieces, and what is to be predicted where ``train`` is set."""

    @abstractmethod
    def head(self, backbone: Backbone, classes: int) -> torch.nn.Module | None:
        """A new head, whose ``forward`` takes token representations and the mask; ``None`` if nothing is trained."""

    @abstractmethod
    def loss(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> torch.Tensor:
        """Sum of the losses of the chosen sequences, each as often as its weight says."""

    @abstractmethod
    def outputs(self, out: torch.Tensor, features: Features, chosen: NDArray[Any]) -> list[Any]:
        """What is kept of the output of the head for each chosen sequence."""

    @abstractmethod
    def predictions(self, outputs: Sequence[Any], features: Features, examples: Examples) -> Any:
        """What :meth:`scores` takes."""

    # Scores -----------------------------------------------------------------------------------------------------------

    def score(self, task: Scored, predictions: Any, examples: Examples) -> list[Score]:
        """One score for each metric that the task reports.

        Raises
        ------
        CrossliftError
            If there is nothing to score, or predictions do not fit the examples, or the examples lack a metric.
        """
        if not len(examples):
            raise CrossliftError(f"'{task.task}' has no examples to score.", "Give a split that is not empty.")
        found = self.scores(task, predictions, examples)
        for metric in task.metrics:
            if metric not in found:
                raise CrossliftError(f"'{task.task}' has no {metric} in '{examples.language}'.", self.lacking)
        return [found[metric] for metric in task.metrics]

    @abstractmethod
    def scores(self, task: Scored, predictions: Any, examples: Examples) -> dict[str, Score]:
        """Scores by metric, at least of the metrics that the task reports."""
