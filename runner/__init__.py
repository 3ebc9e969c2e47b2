"""The runner: pretrained multilingual model, intermediate task, target task, zero-shot evaluation.

This half of the project needs the extra ``runner`` (torch, transformers and their kin); importing the package does not.
"""

from __future__ import annotations
