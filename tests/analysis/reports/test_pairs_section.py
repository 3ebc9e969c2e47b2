"""Pairs of languages: amounts of data by pair, both directions, and the heat map."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle

from analysis.languages import distances as typology
from analysis.plots.pairs import UNKNOWN, family_of, pair_table, plot_pairs
from analysis.plots.style import figure
from analysis.reports.pairs import asymmetry, by_amount, find_pairs, fit_amount, fit_distance, show_pairs
from analysis.reports.session import Session

LANGUAGES = ["deu", "fra", "spa", "ita", "rus", "fin", "tur", "zho", "hin", "arb", "swa", "eus"]
AMOUNTS = (1000, 2000, 4000)


def rows(per_doubling: float = 1.0, by_distance: float = 0.0, noise: float = 0.0) -> pd.DataFrame:
    """Scores with an effect of both languages, of distance and of the amount of data."""
    rng = np.random.default_rng(2)
    codes = sorted({typology.distance(code).code for code in LANGUAGES})
    easy = dict(zip(codes, rng.normal(0, 5, len(codes)), strict=True))
    good = dict(zip(codes, rng.normal(0, 5, len(codes)), strict=True))
    found = []
    for source in codes:
        distance = {item.code: item.distance for item in typology.distances(codes, source)}
        for language in codes:
            for amount in AMOUNTS:
                gain = (per_doubling + by_distance * distance[language]) * np.log2(amount / 1000)
                score = 60 + easy[language] + good[source] - 30 * distance[language] + gain + noise * rng.normal()
                found.append({"language": language, "train_language": source, "train_examples": float(amount),
                              "typology": distance[language], "score": score})  # fmt: skip
    return pd.DataFrame(found)


def transfer(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["language"] != frame["train_language"]].reset_index(drop=True)


def test_amounts_are_by_pair() -> None:
    slopes = by_amount(transfer(rows(1.0, 2.0)))
    assert len(slopes) == len(slopes[["language", "train_language"]].drop_duplicates()) == 12 * 11
    np.testing.assert_allclose(slopes["per_doubling"], 1.0 + 2.0 * slopes["typology"])
    few = transfer(rows()).query("train_examples < 4000")
    assert by_amount(few).empty and fit_amount(few) is None


@pytest.mark.slow
def test_slopes_come_back() -> None:
    frame = transfer(rows(1.0, 2.0, noise=0.5))
    amount = fit_amount(frame)
    assert amount is not None and amount.n_obs == 12 * 11
    assert amount.fixed.set_index("term").loc["typology", "estimate"] == pytest.approx(2.0, abs=0.8)
    distance = fit_distance(frame)
    groups = {term.group for term in distance.design.terms}
    assert groups == {"language", "train_language", "language:train_language"}
    # half of what a doubling adds by distance is in the mean over amounts: −30 + 2 × 1
    assert distance.fixed.set_index("term").loc["typology", "estimate"] == pytest.approx(-28.0, abs=2.0)


def test_both_directions() -> None:
    """Distance is the same both ways: all asymmetry is of the languages, and what is left is the same both ways."""
    found = asymmetry(transfer(rows()))
    assert found is not None
    assert (found.languages, found.pairs) == (12, 66)
    assert found.additive == pytest.approx(1.0) and found.left == pytest.approx(1.0)
    rng = np.random.default_rng(3)
    mean = transfer(rows()).groupby(["language", "train_language"], as_index=False)["score"].mean()
    noisy = asymmetry(mean.assign(score=rng.normal(size=len(mean))))
    assert noisy is not None
    assert noisy.additive < 0.5 and abs(noisy.left) < 0.5
    assert asymmetry(transfer(rows())[lambda frame: frame["train_language"] == "deu"]) is None


def test_cells_are_ordered_by_family_on_both_sides() -> None:
    cells = pair_table(rows())
    for codes in (cells.index, cells.columns):
        families = [family_of(code) for code in codes]
        assert families == sorted(families, key=families.index)  # each family stands together
        assert families[0] == "Indo-European"
    frame = rows()
    first = cells.index[0], cells.columns[1]
    own = frame[(frame["language"] == first[0]) & (frame["train_language"] == first[1])]
    assert cells.loc[first] == pytest.approx(own["score"].mean())


def test_the_heat_map_holds_the_cells_and_frames_languages_tested_in_themselves() -> None:
    cells = pair_table(rows())
    with figure() as (_, ax):
        plot_pairs(cells, ax, "points", "trained", "tested")
        (mesh,) = [item for item in ax.collections if isinstance(item, QuadMesh)]
        np.testing.assert_allclose(np.asarray(mesh.get_array()).ravel(), cells.to_numpy().ravel())
        assert len([p for p in ax.patches if isinstance(p, Rectangle)]) == 12
        assert "Indo-European" in {text.get_text() for text in ax.texts}
    assert family_of("xyz-none") == UNKNOWN


def test_rows_of_one_language_trained_on_have_no_such_section(tmp_path) -> None:
    assert find_pairs(["muennighoff2022_xmtf"]) is None
    session = Session("typology", tmp_path)
    show_pairs(session, None)
    assert session.numbers["pairs_words"] == "Fewer than 10 languages were trained on in these data."
    assert "pairs" in session.omitted


@pytest.mark.slow
def test_the_bundled_set_has_the_section(tmp_path) -> None:
    session = Session("typology", tmp_path)
    pairs = find_pairs([])
    assert pairs is not None and len(pairs.whole) - len(pairs.frame) == 585
    show_pairs(session, pairs)
    text = str(session.numbers["pairs_words"])
    assert "65 languages trained on and 105 tested: over 48,546 scores" in text
    assert "changes by −3.32 points per 0.1" in text and "at larger distance is not settled: 0.05 points" in text
    assert "2080 pairs of 65 languages" in text or "2,080 pairs of 65 languages" in text
    assert (tmp_path / "figures" / "pairs.png").is_file()
