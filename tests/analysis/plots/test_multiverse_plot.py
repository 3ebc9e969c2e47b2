"""The specification curve: what is drawn of which fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection, QuadMesh

from analysis.plots.multiverse import BINS, SINGLE, bin_of, plot_choices, plot_curve
from analysis.plots.style import figure


def fits(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    effect = rng.normal(-0.1, 0.2, count)
    frame = pd.DataFrame({"effect": effect, "effect_low": effect - 0.2, "effect_high": effect + 0.2,
                          "p_value": rng.uniform(0, 0.2, count), "default": False,
                          "measure": rng.choice(["syntactic", "genetic"], count), "kernel": "none"})  # fmt: skip
    frame.loc[3, ["default", "measure"]] = [True, "syntactic"]
    return frame


@pytest.mark.parametrize("count", [40, 1000])
def test_the_curve_has_every_fit_in_order(count: int) -> None:
    frame = fits(count)
    with figure() as (_, ax):
        assert plot_curve(frame, ax, "effect", claimed=-0.3) is ax
        points = {item.get_label(): item.get_offsets() for item in ax.collections if isinstance(item, PathCollection)}
        drawn = np.vstack([xy for label, xy in points.items() if label.startswith("p ")])
        order = np.argsort(drawn[:, 0])
        np.testing.assert_allclose(drawn[order, 1], np.sort(frame["effect"]))
        np.testing.assert_array_equal(drawn[order, 0], np.arange(1, count + 1))
        blue = next(xy for label, xy in points.items() if "negative" in label)
        assert len(blue) == ((frame["p_value"] < 0.05) & (frame["effect"] < 0)).sum()
        default = points["default specification"]
        assert default[0, 1] == frame.loc[3, "effect"]
        assert {line.get_label(): line.get_ydata()[0] for line in ax.lines}["claimed"] == -0.3
        assert ax.get_ylabel() == "effect"


@pytest.mark.parametrize("count", [40, 1000])
def test_the_matrix_has_the_shares(count: int) -> None:
    frame = fits(count)
    with figure() as (made, ax):
        assert plot_choices(frame, ["measure", "kernel"], ax, caption="words") is ax
        assert [label.get_text() for label in ax.get_yticklabels()] == ["syntactic", "genetic", "none"]
        lines = [item for item in ax.collections if isinstance(item, QuadMesh)]
        own = frame.sort_values("effect", kind="stable")["measure"].to_numpy() == "genetic"
        bins = bin_of(count)
        share = np.ma.filled(lines[1].get_array(), 0.0).ravel()
        assert len(share) == (count if count <= SINGLE else BINS)
        np.testing.assert_allclose(share, np.bincount(bins, own) / np.bincount(bins))
        assert "words" in {text.get_text() for text in made.texts}
        made.draw_without_rendering()


def test_bins_hold_neighbours_evenly() -> None:
    bins = bin_of(1003)
    assert (np.diff(bins) >= 0).all()
    sizes = np.bincount(bins)
    assert len(sizes) == BINS
    assert np.ptp(sizes) <= 1
