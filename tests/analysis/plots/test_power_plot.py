"""The power curve: what is drawn of which designs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.plots.power import plot_power
from analysis.plots.style import figure

FRAME = pd.DataFrame({"languages": [40, 10, 20], "power": [0.9, 0.2, 0.6], "power_se": [0.01, 0.02, 0.03],
                      "balanced_power": [0.91, 0.21, 0.61], "detectable": [1.0, 3.0, 2.0]})  # fmt: skip


def test_power_and_its_band() -> None:
    with figure() as (made, ax):
        assert plot_power(FRAME, "languages", ax, 0.8, "words") is ax
        lines = {line.get_label(): line for line in ax.lines}
        np.testing.assert_array_equal(lines["simulated"].get_xdata(), [10, 20, 40])
        np.testing.assert_array_equal(lines["simulated"].get_ydata(), [0.2, 0.6, 0.9])
        np.testing.assert_array_equal(lines["closed form"].get_ydata(), [0.21, 0.61, 0.91])
        assert lines["80%"].get_ydata()[0] == 0.8
        band = ax.collections[0].get_paths()[0].vertices[:, 1]
        assert band.min() == 0.2 - 1.96 * 0.02
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("languages", "power (share of sweeps with p < 0.05)")
        made.draw_without_rendering()


def test_detectable_effects_where_no_effect_is_asked_about() -> None:
    with figure() as (_, ax):
        plot_power(FRAME.assign(power=None), "languages", ax)
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3.0, 2.0, 1.0])
        assert "minimum detectable effect" in ax.get_ylabel()
