"""Tiny models made on the spot, as directories in the form of Hugging Face."""

from __future__ import annotations

from pathlib import Path

WORDS = [
    "the",
    "a",
    "river",
    "is",
    "long",
    "deep",
    "old",
    "bank",
    "account",
    "card",
    "lost",
    "money",
    "goes",
    "up",
    "down",
    "cat",
    "sleeps",
    "dog",
    "runs",
    "fast",
    "slow",
    "green",
    "tree",
    "house",
    "big",
    "small",
    "red",
    "car",
    "drives",
    "north",
    "south",
    "sea",
    "sky",
    "blue",
    "star",
    "moon",
    "sun",
    "bright",
    "dark",
]
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def tiny_tokenizer(place: Path, mask: bool = True) -> int:
    """Words as pieces; returns the size of the vocabulary."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = [*SPECIALS, *WORDS]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        unk_token="<unk>", pad_token="<pad>", mask_token="<mask>" if mask else None, model_max_length=64,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    fast.save_pretrained(place)
    return len(pieces)


def tiny_model(place: Path, kind: str = "bert") -> Path:
    """A model of two layers and random weights: ``bert``, ``xlm-roberta``, ``llama`` or ``t5``."""
    import torch
    from transformers import AutoModel, BertConfig, LlamaConfig, T5Config, XLMRobertaConfig

    size = tiny_tokenizer(place)
    shape = {"vocab_size": size, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    wide = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = {
        "bert": lambda: BertConfig(**shape, **wide, max_position_embeddings=64),
        "xlm-roberta": lambda: XLMRobertaConfig(**shape, **wide, max_position_embeddings=66),
        "llama": lambda: LlamaConfig(**shape, **wide, max_position_embeddings=64),
        "t5": lambda: T5Config(**shape, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2),
    }[kind]()
    torch.manual_seed(1)
    AutoModel.from_config(config).save_pretrained(place)
    return place
