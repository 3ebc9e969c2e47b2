"""Imports shared by all blocks. Nothing here may start computation threads or touch a GPU."""

from __future__ import annotations

import pandas
import peft
import safetensors.torch
import torch
from transformers import AutoModel, AutoTokenizer, Trainer

__all__ = ["AutoModel", "AutoTokenizer", "Trainer", "pandas", "peft", "safetensors", "torch"]
