"""Generated tiny models with random weights, as directories in Hugging Face's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = [
    "the", "a", "river", "is", "long", "deep", "old", "bank", "account", "card", "lost", "money", "goes", "up", "down",
    "cat", "sleeps", "dog", "runs", "fast", "slow", "green", "tree", "house", "big", "small", "red", "car", "drives",
    "north", "south", "sea", "sky", "blue", "star", "moon", "sun", "bright", "dark",
]  # fmt: skip
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
#: What the kit trains: encoders, the encoder of an encoder–decoder, decoders; absolute, rotary and ALiBi positions,
#: shared and separate keys, local and global attention.
ARCHITECTURES = ("xlm-roberta", "bert", "modernbert", "mt5", "bloom", "llama", "qwen3", "gemma3")


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
    make: Any = PreTrainedTokenizerFast
    fast = make(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        unk_token="<unk>", pad_token="<pad>", mask_token="<mask>" if mask else None, model_max_length=64,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    fast.save_pretrained(place)
    return len(pieces)


def tiny_model(place: Path, kind: str = "bert") -> Path:
    """Write a model of two layers and random weights: one of ``ARCHITECTURES``, or ``t5``; returns its directory."""
    import torch
    from transformers import AutoModel

    make: Any = AutoModel
    config = _config(kind, tiny_tokenizer(place))
    torch.manual_seed(1)
    make.from_config(config).save_pretrained(place)
    return place


def _config(kind: str, size: int) -> Any:
    import transformers

    shape = {"vocab_size": size, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    wide = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    deep = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
    grouped = {"num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 64}
    name, extra = {
        "bert": ("BertConfig", {**wide, "max_position_embeddings": 64}),
        "xlm-roberta": ("XLMRobertaConfig", {**wide, "max_position_embeddings": 66}),
        "modernbert": ("ModernBertConfig", {
            **wide, "max_position_embeddings": 64, "local_attention": 16, "global_attn_every_n_layers": 2,
            "cls_token_id": 0, "sep_token_id": 2,
        }),
        "t5": ("T5Config", deep),
        "mt5": ("MT5Config", deep),
        "bloom": ("BloomConfig", {"hidden_size": 32, "n_layer": 2, "n_head": 2}),
        "llama": ("LlamaConfig", {**wide, "max_position_embeddings": 64}),
        "qwen3": ("Qwen3Config", {**wide, **grouped}),
        "gemma3": ("Gemma3TextConfig", {**wide, **grouped, "sliding_window": 16}),
    }[kind]  # fmt: skip
    return getattr(transformers, name)(**shape, **extra)
