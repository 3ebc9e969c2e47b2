"""Design advice: power and minimum detectable effect of a planned sweep, and what to run next.

May import: claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""

from .design import PowerDesign, pick_languages
from .next_step import Following, Step, rank_next
from .run import Power, PowerPoint, PowerRequest, run_power
from .simulate import Simulated, simulate
from .variances import COMPONENTS, Components, fitted_components

__all__ = [
    "COMPONENTS",
    "Components",
    "Following",
    "Power",
    "PowerDesign",
    "PowerPoint",
    "PowerRequest",
    "Simulated",
    "Step",
    "fitted_components",
    "pick_languages",
    "rank_next",
    "run_power",
    "simulate",
]
