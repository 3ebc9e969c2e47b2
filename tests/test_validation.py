"""Every external number is there, beside the script that made it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "validation"
EXAMPLES = {"sleepstudy", "sleepstudy_uncorrelated", "penicillin", "dyestuff", "dyestuff2", "pastes", "cake"}
# Languages of the BLOOM gains.
LEFT_OUT = {"ara", "bul", "deu", "ell", "est", "eus", "fra", "hat", "hin", "ind", "ita", "jpn", "mya",
            "por", "que", "rus", "spa", "swa", "tam", "tel", "tha", "tur", "urd", "vie", "zho"}  # fmt: skip
LME4, INFERENCE = {"R", "lme4"}, {"R", "lme4", "lmerTest", "pbkrtest"}
# A residual has no column and a standard deviation no other one; no number is missing anywhere.
LABELS = {"weights", "var1", "var2", "term", "other"}
# Kinds of random designs whose profiles are compared.
PROFILED = ("slope", "factor", "slopes", "crossed", "slopes_crossed")
# Kinds of random designs whose fits are.
DRAWN = ("intercepts", "crossed", "nested", "cells", "slope", "uncorrelated", "slope_alone", "two_slopes",
         "slopes_by_two", "levels_of_a_factor", "slope_crossed", "no_intercept", "weighted", "no_variance",
         "perfect_correlation", "many_small_groups", "few_levels", "badly_scaled", "outliers",
         "two_crossed_slopes")  # fmt: skip
# Limits that lme4 does not find.
UNKNOWN = {"lme4/profile_designs": {"conf_low", "conf_high"}, "dispersion/reference": {"second", "first_se"}}

# What each file holds, by list of results: the models by name, and how many entries there are in all.
EXPECTED: dict[str, tuple[set[str], dict[str, tuple[str, set[str], int]]]] = {
    "formulas/reference": ({"R"}, {"columns": ("side", {"right"}, 89), "outcomes": ("side", {"left"}, 11)}),
    "lme4/reference": (
        INFERENCE,
        {"models": ("name", EXAMPLES | {"sleepstudy_ri", "synth1k", "synth5k", "synth5k_ri", "synth5k_w"}, 24)},
    ),
    "dispersion/reference": (
        {"R", "nlme", "glmmTMB"},
        {"models": ("model", {"nlme varExp", "nlme varIdent", "glmmTMB crossed"}, 3)},
    ),
    "lme4/insteval": (LME4, {"models": ("name", {"insteval", "insteval_dept"}, 4)}),
    "lme4/nested": ({"R", "lme4", "lmerTest"}, {"models": ("name", {"gains", "gains_weights", "pupils"}, 6)}),
    "lme4/modes": (LME4, {"models": ("name", {"sleepstudy", "penicillin", "pastes", "synth1k"}, 4)}),
    "lme4/profile": (LME4, {"models": ("name", EXAMPLES, 7)}),
    "lme4/profile_designs": (
        LME4,
        {
            "designs": (
                "name",
                {"slopes_given", "factor_given"}
                | {f"{kind}_{i}" for kind in PROFILED for i in range(1, 6)},
                27,
            )
        },
    ),
    "lme4/random_designs": (LME4, {"designs": ("name", {f"{kind}_{i}" for kind in DRAWN for i in range(1, 11)}, 200)}),
    "lme4/bootmer": (LME4, {"models": ("name", {"sleepstudy", "penicillin", "synth1k"}, 3)}),
    "lme4/inference": (
        INFERENCE,
        {
            "tests": ("model", {"sleepstudy", "cake", "synth1k"}, 16),
            "comparisons": ("data", {"sleepstudy", "pastes", "penicillin", "cake", "synth1k"}, 7),
            "influence": ("model", {"sleepstudy", "penicillin"}, 3),
        },
    ),
    "peers/metafor": ({"R", "metafor", "metadat"}, {"examples": ("kind", {"rma", "rma.mv", "scale"}, 41)}),
    "peers/mixed": ({"R", "lmerTest", "lme4", "nlme"}, {"examples": ("package", {"lmerTest", "nlme"}, 15)}),
    "multiverse/reference": (
        INFERENCE,
        {"fits": ("df_method", {"satterthwaite", "kenward-roger"}, 100)},
    ),
    "scale/reference": (
        {"R", "lme4", "nlme"},
        {
            "models": ("name", {"power", "power_intercepts", "threshold", "xmtf_power"}, 4),
            "nlme": ("name", {"power_intercepts"}, 1),
        },
    ),
    "predict/reference": (LME4, {"folds": ("language", LEFT_OUT, 25)}),
    "power/reference": (
        {"R", "lme4", "lmerTest"},
        {
            "closed": ("languages", {10, 25, 40}, 6),
            "simulated": ("languages", {10, 20}, 2),
        },
    ),
    "metafor/reference": (
        {"R", "metafor"},
        {
            "models": (
                "name",
                {"konstantopoulos_nested", "konstantopoulos_year", "konstantopoulos_district", "bcg_trial",
                 "synth_crossed", "synth_crossed_no_residual", "synth_blocks", "synth_blocks_no_residual",
                 "synth_kernel", "synth_kernel_only", "related_kernel"},
                22,
            )
        },
    ),
    "metafor/estimators": (
        {"R", "metafor"},
        {
            "models": ("method", {"HE", "HS", "SJ", "PMM"}, 48),
            "regressions": ("name", {"PET", "PEESE"}, 12),
        },
    ),
    "metafor/meta": (
        {"R", "metafor", "metadat", "clubSandwich"},
        {
            "models": ("data", {"bcg", "konstantopoulos", "hackshaw", "synth"}, 126),
            "influence": ("data", {"bcg", "hackshaw"}, 4),
            "leave_one_out": ("data", {"bcg", "hackshaw"}, 3),
            "asymmetry": ("data", {"bcg", "hackshaw", "konstantopoulos"}, 6),
            "trim_and_fill": ("data", {"bcg", "hackshaw", "konstantopoulos"}, 12),
            "selection": ("data", {"bcg", "hackshaw", "konstantopoulos"}, 4),
            "robust": (
                "name",
                {"konstantopoulos_uni", "konstantopoulos_uni_year", "synth_language", "synth_language_dl",
                 "konstantopoulos_nested", "konstantopoulos_nested_year"},
                6,
            ),
            "levels": (
                "name",
                {"konstantopoulos_nested", "konstantopoulos_nested_year", "synth_crossed", "synth_blocks",
                 "synth_blocks_typology"},
                5,
            ),
        },
    ),
}  # fmt: skip


# What a Python script made from another package, not R.
OTHERS: dict[str, tuple[set[str], dict[str, tuple[str, set[str], int]]]] = {
    "metrics/mlqa": ({"lm_eval"}, {"cases": ("language", {"en", "es", "de", "vi", "hi", "zh"}, 24)}),
}


def test_every_script_is_rerun_and_every_output_is_expected() -> None:
    listed = re.search(r"^REFERENCES := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert listed
    scripts = {str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.glob("*/*.R")}
    assert set(listed[1].replace("\\", "").split()) == scripts - {"lme4/common"}
    assert set(EXPECTED) == scripts - {"lme4/common", "lme4/make_data"}
    assert {str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.glob("*/*.json")} == {*EXPECTED, *OTHERS}
    assert all((FOLDER / f"{name}.py").is_file() for name in OTHERS)


@pytest.mark.parametrize("name", [*EXPECTED, *OTHERS])
def test_a_file_is_whole(name: str) -> None:
    packages, lists = {**EXPECTED, **OTHERS}[name]
    pinned = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert set(pinned["versions"]) == packages
    for key, (label, models, count) in lists.items():
        assert {entry[label] for entry in pinned[key]} == models
        assert len(pinned[key]) == count
    assert set(_missing(pinned)) <= LABELS | UNKNOWN.get(name, set())


def _missing(value: Any, key: str = "") -> Iterator[str]:
    """Names under which R wrote a missing or infinite value."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _missing(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _missing(item, key)
    elif value is None or value in ("NA", "NaN", "Inf", "-Inf"):
        yield key
