"""The figure of the average gain: its data against the tables, and what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from analysis.claims.xtreme.decomposition import MEAN_KIND, PRINTED_KIND, REQUIRED_KIND, decompose
from analysis.claims.xtreme.printed_scores import TASKS
from analysis.plots.decomposition import plot_decomposition
from analysis.plots.style import figure
from analysis.plots.words import CAPTION
from tests.analysis.claims.planted import CLAIM, cells, tables


def test_the_published_rows() -> None:
    data = decompose()
    kinds = data.frame.groupby("kind").size()
    assert kinds.to_dict() == {PRINTED_KIND: 13, REQUIRED_KIND: 2, MEAN_KIND: 1}
    required = data.frame[data.frame["kind"] == REQUIRED_KIND]
    assert list(required["task"]) == ["BUCC", "Tatoeba"]
    # (48.6 − 17.65) / 2, known to (9 · 0.1 + 7 · 0.2) / 2
    np.testing.assert_allclose((required["low"] + required["high"]) / 2, (48.6 - 17.65) / 2)
    np.testing.assert_allclose(required["high"] - required["low"], 1.15)
    tydiqa = data.frame[(data.frame["task"] == "TyDiQA") & (data.frame["publication"] == "RemBERT paper")]
    assert (tydiqa["low"].item(), tydiqa["high"].item()) == pytest.approx((12.6, 12.8))
    assert "BUCC and Tatoeba, if alike, must each have gained so much for a mean of 5.4." in data.caption


def test_a_full_table_requires_nothing() -> None:
    data = decompose(CLAIM, tables(cells(dict.fromkeys(TASKS, 5.4))))
    assert REQUIRED_KIND not in set(data.frame["kind"])
    assert "must each" not in data.caption
    mean = data.frame[data.frame["kind"] == MEAN_KIND].iloc[0]
    assert (mean["low"], mean["high"]) == pytest.approx((5.3, 5.5))
    with pytest.raises(ValueError, match="no gain is printed"):
        decompose(CLAIM, tables(cells({})))


def test_what_is_drawn() -> None:
    data = decompose()
    with figure(7.2, 4.2) as (made, ax):
        plot_decomposition(data, ax)
        bars = [bar for group in ax.containers for bar in group if isinstance(bar, Rectangle)]
        drawn = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars)
        expected = sorted(zip(data.frame["low"], data.frame["high"], strict=True))
        np.testing.assert_allclose(drawn, expected)
        assert [tick.get_text() for tick in ax.get_yticklabels()] == list(dict.fromkeys(data.frame["task"]))
        assert ax.get_xlabel() == "gain over no intermediate task (points)"
        legend = ax.get_legend()
        assert legend is not None
        assert "claimed mean, 5.35 to under 5.45" in [text.get_text() for text in legend.get_texts()]
        made.draw_without_rendering()


@pytest.mark.parametrize("width", [6.8, 7.2])
def test_the_caption_ends_within_the_figure_and_leaves_the_axes_their_room(width: float) -> None:
    with figure(width, 5.4) as (made, ax):
        plot_decomposition(decompose(), ax)
        made.draw_without_rendering()
        (caption,) = [text for text in made.texts if text.get_gid() == CAPTION]
        assert "A bar is as wide" in " ".join(caption.get_text().split())
        assert caption.get_window_extent().x1 < made.bbox.x1
        assert ax.get_position().width > 0.85
