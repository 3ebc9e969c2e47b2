"""What the notebooks use besides the public face: their session, their tables and figures, and the sweeps' sections."""

from __future__ import annotations

from ..claims.present.registry import calibration_table, claimed, details, flag_lines, tally, verdict_table
from ..claims.xtreme.decomposition import decompose
from ..core.errors import CrossliftError
from ..core.text import Table, number
from ..mixed import fit_mixed
from ..outcomes.chance import add_floor
from ..outcomes.factors import FACTORS
from ..outcomes.sources import source_words
from ..plots.amounts import plot_amounts
from ..plots.caterpillar import modes, plot_caterpillar
from ..plots.decomposition import plot_decomposition
from ..plots.heat import by_family, plot_heat
from ..plots.marginal import marginal_effect, plot_marginal
from ..plots.mixtures import plot_mixtures
from ..plots.paired import plot_paired
from ..plots.partial_residuals import partial_residuals, plot_partial_residuals
from ..plots.sizes import plot_sizes
from ..plots.slopes import plot_slopes
from ..plots.world import coastline, places, plot_world
from ..questions.scaling.answer import form_sentence, prediction_sentences
from ..records import bundled as datasets
from ..reports import Value, begin
from ..reports.amounts import amount_rows, by_task, kind_slopes
from ..reports.averages import average_gains
from ..reports.bibliography import keys_of
from ..reports.compare import OWN_SWEEP, against_direct, mean_value, own_sweeps
from ..reports.describe import (
    distance_method,
    dropped_table,
    factor_diagnostics,
    fit_diagnostics,
    influence_line,
    language_by_task,
    model_method,
    model_references,
    pairing_method,
    value_table,
)
from ..reports.growth import between_models, floor_table, growth, in_corpus, paired_growth, size_rows
from ..reports.measures import by_measure, measure_table
from ..reports.mixture_arms import arm_rows, arms_at, between_sizes
from ..reports.outcomes import default_sets, possible
from ..reports.pairs import find_pairs, show_pairs
from ..reports.short import key_table, pooling_words, short_answer
from ..reports.sweep.amounts import amounts
from ..reports.sweep.arms import by_arm, by_depth, by_domain
from ..reports.sweep.distance import by_distance
from ..reports.sweep.rows import find_sweep, omit, show
from .regression import draw_strip
from .sources import compared

__all__ = [
    "FACTORS",
    "OWN_SWEEP",
    "CrossliftError",
    "Table",
    "Value",
    "add_floor",
    "against_direct",
    "amount_rows",
    "amounts",
    "arm_rows",
    "arms_at",
    "average_gains",
    "begin",
    "between_models",
    "between_sizes",
    "by_arm",
    "by_depth",
    "by_distance",
    "by_domain",
    "by_family",
    "by_measure",
    "by_task",
    "calibration_table",
    "claimed",
    "coastline",
    "compared",
    "datasets",
    "decompose",
    "default_sets",
    "details",
    "distance_method",
    "draw_strip",
    "dropped_table",
    "factor_diagnostics",
    "find_pairs",
    "find_sweep",
    "fit_diagnostics",
    "fit_mixed",
    "flag_lines",
    "floor_table",
    "form_sentence",
    "growth",
    "in_corpus",
    "influence_line",
    "key_table",
    "keys_of",
    "kind_slopes",
    "language_by_task",
    "marginal_effect",
    "mean_value",
    "measure_table",
    "model_method",
    "model_references",
    "modes",
    "number",
    "omit",
    "own_sweeps",
    "paired_growth",
    "pairing_method",
    "partial_residuals",
    "places",
    "plot_amounts",
    "plot_caterpillar",
    "plot_decomposition",
    "plot_heat",
    "plot_marginal",
    "plot_mixtures",
    "plot_paired",
    "plot_partial_residuals",
    "plot_sizes",
    "plot_slopes",
    "plot_world",
    "pooling_words",
    "possible",
    "prediction_sentences",
    "short_answer",
    "show",
    "show_pairs",
    "size_rows",
    "source_words",
    "tally",
    "value_table",
    "verdict_table",
]
