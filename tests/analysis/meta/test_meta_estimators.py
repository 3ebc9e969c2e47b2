"""Further estimators of the variance between effects, and PET-PEESE: agreement with metafor and R's ``lm``."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from analysis.core.errors import CrossliftError
from analysis.meta import meta_analyze
from analysis.meta.bias import assess_bias
from tests.analysis.meta.reference import data, moderators
from tests.conftest import ROOT

PINNED: dict[str, Any] = json.loads((ROOT / "validation/metafor/estimators.json").read_text(encoding="utf-8"))
# Closed forms, and a root that metafor finds to 1e-14.
EXACT = 1e-8
COLUMNS = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]


def test_the_grid_has_not_shrunk() -> None:
    assert len(PINNED["models"]) == 48
    assert {model["method"] for model in PINNED["models"]} == {"HE", "HS", "SJ", "PMM"}
    assert len(PINNED["regressions"]) == 12


@pytest.mark.parametrize(
    "entry", PINNED["models"], ids=lambda e: "-".join(e[key] for key in ("data", "formula", "method", "test"))
)
def test_estimators(entry) -> None:
    frame = data(entry["data"])
    found = meta_analyze("yi", "vi", moderators(entry["formula"]), entry["method"], entry["test"], frame=frame)
    assert found.tau2 == pytest.approx(entry["tau2"], abs=EXACT)
    assert found.i2 == pytest.approx(entry["I2"], abs=1e-6)
    assert found.log_likelihood == pytest.approx(entry["log_likelihood"], abs=EXACT)
    for column in ("estimate", "std_error", "p_value"):
        np.testing.assert_allclose(found.fixed[column], np.atleast_1d(entry[column]), atol=EXACT, rtol=EXACT)


@pytest.mark.parametrize("entry", PINNED["regressions"], ids=lambda e: f"{e['data']}-{e['kind']}-{e['name']}")
def test_pet_peese(entry) -> None:
    found = meta_analyze("yi", "vi", frame=data(entry["data"])).pet_peese(entry["kind"])
    rows = found.table[found.table["method"] == entry["name"]].set_index("term")
    for term in ("limit", "slope"):
        np.testing.assert_allclose(rows.loc[term, COLUMNS].to_numpy(dtype=float), entry[term], atol=EXACT, rtol=EXACT)


def test_peese_is_taken_where_pet_finds_an_effect() -> None:
    v = np.linspace(0.01, 0.2, 20)
    wobble = 0.3 * np.sqrt(v) * np.where(np.arange(20) % 2, 1.0, -1.0)
    strong, none = meta_analyze(1.0 + wobble, v).pet_peese(), meta_analyze(wobble, v).pet_peese()
    assert (strong.chosen, none.chosen) == ("PEESE", "PET")
    assert strong.limit["method"] == "PEESE"
    assert strong.limit["term"] == none.limit["term"] == "limit"


def test_bias_has_the_corrected_effect_and_no_correction_where_nothing_is_filled_in() -> None:
    alone = meta_analyze("yi", "vi", frame=data("bcg"))
    corrected = assess_bias(alone, None, None, 13, 0).corrected.set_index("method")
    expected = alone.pet_peese()
    assert corrected.loc[f"PET-PEESE: {expected.chosen}", "estimate"] == expected.limit["estimate"]
    assert alone.trim_and_fill("R0").missing == 0
    assert corrected.loc["trim-and-fill R0", "note"] == "nothing to fill in"
    assert corrected.loc["trim-and-fill L0", "note"].endswith("effects filled in on the right")


def test_regressions_are_for_fits_without_moderators() -> None:
    with pytest.raises(CrossliftError, match="without moderators"):
        meta_analyze("yi", "vi", "ablat", frame=data("bcg")).pet_peese()
    with pytest.raises(CrossliftError, match="kind of regression"):
        meta_analyze("yi", "vi", frame=data("bcg")).pet_peese("ols")
