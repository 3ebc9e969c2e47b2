"""Tokenizers as a function from texts to pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

if TYPE_CHECKING:
    from ..models.catalog import ModelCard

#: Texts that are cut into pieces at once.
BATCH = 512


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of some texts, one after the other.

    Attributes
    ----------
    ids
        Their numbers.
    letters
        Whether each has a letter; digits, signs and blanks alone have none.
    unknown
        Whether each stands for what the tokenizer does not know.
    """

    ids: tuple[int, ...]
    letters: tuple[bool, ...]
    unknown: tuple[bool, ...]


#: From texts to pieces.
Tokenize = Callable[[Sequence[str]], Pieces]


def tokenize_with(tokenizer: Any) -> Tokenize:
    """The function of a fast tokenizer; what it adds around a text is left out."""
    unknown = tokenizer.unk_token_id

    def tokenize(texts: Sequence[str]) -> Pieces:
        ids: list[int] = []
        letters: list[bool] = []
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            made = tokenizer(batch, add_special_tokens=False, return_offsets_mapping=True, truncation=False)
            for text, own, spans in zip(batch, made["input_ids"], made["offset_mapping"], strict=True):
                ids += own
                letters += [any(character.isalpha() for character in text[a:b]) for a, b in spans]
        return Pieces(tuple(ids), tuple(letters), tuple(one == unknown for one in ids))

    return tokenize


def load_tokenizer(card: ModelCard) -> Any:
    """The tokenizer of a model, without its weights.

    Raises
    ------
    CrossliftError
        If it is not at hand, or is not a fast one.
    """
    from transformers import AutoTokenizer

    from ..models.catalog import REVISION
    from ..models.me5 import build_tokenizer, package_file, read_weights

    if card.revision == REVISION or card.source.endswith(".npz"):
        return build_tokenizer(read_weights(Path(card.source) if card.source else package_file()))
    options: dict[str, Any] = {} if Path(card.source).is_dir() else {"revision": card.revision}
    try:
        found: Any = AutoTokenizer.from_pretrained(card.source, **options)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise CrossliftError(
            f"the tokenizer of '{card.name}' could not be loaded: {str(error).strip().splitlines()[0].rstrip('.')}.",
            "Without a network, give the directory that it was downloaded to.",
        ) from error
    if not getattr(found, "is_fast", False):
        raise CrossliftError(f"'{card.name}' has no fast tokenizer.", "Convert it: pieces need their places in a text.")
    return found
