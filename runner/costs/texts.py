"""How long texts are in word pieces: measured on a sample where tokenizer and data are at hand, else their limit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

from ..kinds.registry import find_kind
from ..models.catalog import REVISION, ModelCard
from ..tasks.catalog import TaskCard
from ..tasks.load import CLDR, load_task

if TYPE_CHECKING:
    from ..kinds.features import Features

#: Training examples, and test languages with examples of each, that are read.
TRAIN_SAMPLE, LANGUAGES, TEST_SAMPLE = 1024, 6, 128


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of one split as the model gets them.

    Attributes
    ----------
    pieces
        Per example, with the padding of batches in training.
    length
        Of the sequence that a piece stands in, in the mean over pieces: what attention takes.
    largest
        Pieces of the largest part of a batch that goes through the model at once.
    distinct
        Different pieces of all examples.
    parts
        Parts of a batch.
    measured
        Whether these are of a sample; else every text is taken to be as long as it may be.
    """

    pieces: float
    length: float
    largest: int
    distinct: int
    parts: int = 1
    measured: bool = True


@dataclass
class Reader:
    """A model's tokenizer, for :meth:`~runner.kinds.base.Kind.encode`, without the model."""

    card: ModelCard

    @property
    def prefix(self) -> str:
        """What stands in front of a text."""
        from ..models.me5 import PREFIX

        return PREFIX if self._built_in else ""

    @property
    def pad(self) -> int:
        """The piece that fills up."""
        return int(self.tokenizer.pad_token_id)

    @property
    def positions(self) -> int:
        """The longest text."""
        return min(512, int(self.tokenizer.model_max_length))

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer, from this machine."""
        from transformers import AutoTokenizer

        from ..models.me5 import cached_model

        if self._built_in:
            return AutoTokenizer.from_pretrained(
                str(cached_model(Path(self.card.source) if self.card.source else None))
            )
        local = Path(self.card.source).is_dir()
        options = {} if local else {"revision": self.card.revision, "local_files_only": True}
        found = AutoTokenizer.from_pretrained(self.card.source, **options)
        if found.pad_token is None:
            found.pad_token = found.eos_token or found.unk_token
        return found

    @property
    def _built_in(self) -> bool:
        return self.card.revision == REVISION or self.card.source.endswith(".npz")


def training_texts(
    reader: Reader, task: TaskCard, examples: int, length: int, batch_size: int, room: int, data_dir: Path | None
) -> Texts:
    """Texts that a stage trains on; ``room`` is how many pieces go through the model at once."""
    features, n = _read(reader, task, length, data_dir, min(examples, TRAIN_SAMPLE))
    if features is None:
        return Texts(length, length, min(batch_size * length, room), 0, -(-batch_size * length // room), False)
    import numpy as np

    from ..training.batches import parts, training_batches

    total, squares, largest, most = 0, 0.0, 0, 1
    for batch in training_batches(features, batch_size, -(-n // batch_size), np.random.default_rng(0)):
        found = parts(features, batch, room)
        most = max(most, len(found))
        for part in found:
            longest = int(features.lengths[part].max())
            total += longest * len(part)
            squares += float(longest) ** 2 * len(part)
            largest = max(largest, longest * len(part))
    # New pieces come ever more slowly: by the root of the number of texts (Heaps' law).
    distinct = round(len(features.pieces) * (examples / n) ** 0.5)
    return Texts(total / n, squares / total, largest, distinct, most)


def test_texts(reader: Reader, task: TaskCard, length: int, room: int, data_dir: Path | None) -> Texts:
    """Texts of a test set, over a few of its languages."""
    lengths, pieces, items = [], 0, 0
    codes = list(task.languages)
    for code in codes[:: max(1, len(codes) // LANGUAGES)][:LANGUAGES]:
        features, n = _read(reader, task, length, data_dir, TEST_SAMPLE, code)
        if features is None:
            return Texts(length, length, room, 0, measured=False)
        lengths += features.lengths.tolist()
        pieces, items = pieces + int(features.lengths.sum()), items + n
    return Texts(pieces / items, sum(size**2 for size in lengths) / pieces, room, 0)


def dev_pieces(reader: Reader, task: TaskCard, length: int, data_dir: Path | None) -> int:
    """Pieces of the dev split of a training task; 0 where it has none, or it is not at hand."""
    kind = find_kind(task.kind)
    if not task.validation or kind.no_target or not at_hand(task, data_dir):
        return 0
    examples = load_task(task.name, data_dir).validation()
    backbone: Any = reader
    try:
        return 0 if examples is None else int(kind.encode(backbone, examples, length, False).lengths.sum())
    except (OSError, ValueError, CrossliftError):
        return 0


def at_hand(task: TaskCard, data_dir: Path | None) -> bool:
    """Whether the data of a task are read without a network."""
    return task.name in CLDR or bool(data_dir is not None and task.file and (data_dir / task.file).is_file())


def _read(
    reader: Reader, task: TaskCard, length: int, data_dir: Path | None, most: int, language: str = ""
) -> tuple[Features | None, int]:
    """Features of at most ``most`` examples of training or of a language, and how many examples these are."""
    if not at_hand(task, data_dir):
        return None, 0
    own = load_task(task.name, data_dir)
    examples = own.test(language) if language else own.train(None if most >= task.train_examples else most)
    if len(examples) > most and examples.gold is None:
        examples = examples.take(range(most))
    try:
        backbone: Any = reader
        return find_kind(task.kind).encode(backbone, examples, length, not language), len(examples)
    except (OSError, ValueError, CrossliftError):  # the tokenizer is not on this machine
        return None, 0
