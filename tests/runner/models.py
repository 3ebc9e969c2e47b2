"""Tiny models made on the spot: those that the acceptance kit for GPUs trains too."""

from __future__ import annotations

from tools.gpu.tiny_models import ARCHITECTURES, SPECIALS, WORDS, tiny_model, tiny_tokenizer

__all__ = ["ARCHITECTURES", "SPECIALS", "WORDS", "tiny_model", "tiny_tokenizer"]
