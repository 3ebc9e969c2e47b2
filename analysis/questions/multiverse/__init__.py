"""Multiverse analysis: all defensible specifications of one question, their fits, and joint inference."""

from .choices import Choice, ChoiceOption, default_choices, fix_choices, read_choices
from .result import Multiverse
from .run import MultiverseRequest, run_multiverse

__all__ = [
    "Choice",
    "ChoiceOption",
    "Multiverse",
    "MultiverseRequest",
    "default_choices",
    "fix_choices",
    "read_choices",
    "run_multiverse",
]
