"""All defensible specifications of one question: the choices, all fits, and what they say together.

May import: claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""

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
