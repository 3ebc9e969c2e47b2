"""A pretrained model without its head: token representations, and how to make one vector of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

if TYPE_CHECKING:
    import torch

    from .catalog import ModelCard


@dataclass
class Backbone:
    """A pretrained model without a head, as it was loaded.

    Attributes
    ----------
    module
        Gives ``last_hidden_state`` for ``input_ids`` and ``attention_mask``: an encoder, the encoder of an
        encoder–decoder, or a decoder.
    tokenizer
        A fast tokenizer.
    pooling
        ``mean`` over the pieces of a text, or ``last`` piece where attention only looks back.
    width
        Of the representations.
    prefix
        What the model expects in front of a text that is compared or classified.
    positions
        The longest text that it takes, in pieces.
    """

    module: torch.nn.Module
    tokenizer: Any
    pooling: str
    width: int
    prefix: str = ""
    positions: int = 512

    @property
    def embedding(self) -> torch.nn.Embedding:
        """The word embeddings."""
        return self.module.get_input_embeddings()  # type: ignore[operator]

    @property
    def pad(self) -> int:
        """Index of the piece that fills up short texts."""
        return int(self.tokenizer.pad_token_id)


def load_backbone(card: ModelCard, half: bool = False) -> Backbone:
    """Load a model in single precision, or in bfloat16 where ``half`` is set, on the CPU.

    Raises
    ------
    CrossliftError
        If its files are not at hand or are not a model that can be used.
    """
    import torch
    from transformers.utils import logging as talk

    from .catalog import REVISION
    from .me5 import PREFIX, cached_model

    logging: Any = talk
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # checkpoints often have a head that is not used
    kind = torch.bfloat16 if half else torch.float32
    if card.revision == REVISION or card.source.endswith(".npz"):
        path = cached_model(Path(card.source) if card.source else None)
        found = _load(str(path), None, kind, card.name)
        found.prefix = PREFIX
        cut(found, card.layers)
        return found
    local = Path(card.source).is_dir()
    return _load(card.source, None if local else card.revision, kind, card.name)


def cut(backbone: Backbone, layers: int) -> None:
    """Keep the first ``layers`` layers of a BERT."""
    module: Any = backbone.module
    module.encoder.layer = module.encoder.layer[:layers]
    module.config.num_hidden_layers = layers


def _load(source: str, revision: str | None, kind: torch.dtype, name: str) -> Backbone:
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    options: dict[str, Any] = {} if revision is None else {"revision": revision}
    try:
        config = AutoConfig.from_pretrained(source, **options)
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        # A pooler on top of BERT was trained for another purpose and is not used.
        pooler = {"add_pooling_layer": False} if config.model_type in WITH_POOLER else {}
        module: Any = AutoModel.from_pretrained(source, dtype=kind, **options, **pooler)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise CrossliftError(
            f"model '{name}' could not be loaded: {str(error).strip().splitlines()[0].rstrip('.')}.",
            "Without a network, give the directory that it was downloaded to.",
        ) from error
    if not getattr(tokenizer, "is_fast", False):
        raise CrossliftError(
            f"model '{name}' has no fast tokenizer.", "Tagging and questions need its offsets; convert it."
        )
    kinds = (
        config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        (config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES),
    )
    if config.is_encoder_decoder:
        module = module.get_encoder()
    pooling = "last" if kinds == (True, False) and not config.is_encoder_decoder else "mean"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    with torch.no_grad():
        width = module.get_input_embeddings().weight.shape[1]
    text = config.get_text_config()
    width = int(getattr(text, "hidden_size", None) or getattr(text, "d_model", None) or width)
    longest = min(int(getattr(text, "max_position_embeddings", None) or 10**6), tokenizer.model_max_length)
    if config.model_type in OFFSET_POSITIONS:
        longest -= config.pad_token_id + 1
    return Backbone(module, tokenizer, pooling, width, "", int(longest))


#: Models whose class takes ``add_pooling_layer``.
WITH_POOLER = frozenset({"bert", "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "rembert"})
#: Models that number positions from behind the padding index.
OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert"})
