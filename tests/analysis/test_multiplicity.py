import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.core.errors import UnknownNameError
from analysis.core.multiplicity import adjust, adjusted_levels

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12)


def test_holm_by_hand():
    assert adjust([0.01, 0.04, 0.03], "holm") == pytest.approx([0.03, 0.06, 0.06])


def test_bh_by_hand():
    assert adjust([0.01, 0.04, 0.03], "bh") == pytest.approx([0.03, 0.04, 0.04])


def test_what_is_missing_is_no_hypothesis():
    adjusted = adjust([0.01, np.nan, 0.03])
    assert np.isnan(adjusted[1])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.03])


def test_none_changes_nothing():
    assert adjust([0.2, 0.01], "none") == pytest.approx([0.2, 0.01])


def test_an_unknown_method_is_named():
    with pytest.raises(UnknownNameError, match="unknown adjustment 'hlom'"):
        adjust([0.1], "hlom")


@pytest.mark.parametrize(("ours", "theirs"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_adjusted_p_values_are_those_of_statsmodels(ours, theirs):
    rng = np.random.default_rng(5)
    for n in (1, 2, 7, 40):
        p = np.round(rng.random(n) ** 3, 3)  # with ties, some of them zero
        assert adjust(p, ours) == pytest.approx(multipletests(p, method=theirs)[1], abs=1e-15)


@given(P_VALUES)
def test_adjusting_never_lowers_a_p_value_and_bh_is_never_above_holm(p_values):
    holm, bh = adjust(p_values, "holm"), adjust(p_values, "bh")
    assert np.all(bh >= np.asarray(p_values) - 1e-12)
    assert np.all(holm >= bh - 1e-12)
    assert np.all(holm <= 1.0)


@pytest.mark.parametrize("method", ["holm", "bh", "none"])
@given(P_VALUES)
def test_intervals_at_adjusted_levels_go_with_the_tests(method, p_values):
    """An interval at level L leaves out zero exactly where p < 1 - L."""
    p = np.array(p_values)
    adjusted = adjust(p, method)
    levels = adjusted_levels(p, adjusted)
    clear = np.abs(adjusted - 0.05) > 1e-9
    assert ((p < 1.0 - levels) == (adjusted < 0.05))[clear].all()
    assert ((levels >= 0.95 - 1e-12) & (levels <= 1.0)).all()


def test_missing_p_values_have_no_level():
    levels = adjusted_levels(np.array([0.01, np.nan]), np.array([0.02, np.nan]))
    assert levels[0] == pytest.approx(0.975)
    assert np.isnan(levels[1])
