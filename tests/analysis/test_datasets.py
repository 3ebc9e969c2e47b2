"""Bundled data: schema, catalog, flags, hashes."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.core.errors import UnknownNameError
from analysis.records import bundled as datasets
from analysis.records.check import check_records
from analysis.records.schema import NAMES
from tests.conftest import ROOT

RECORD_SETS = [entry.name for entry in datasets.record_sets()]


@pytest.mark.parametrize("name", RECORD_SETS)
def test_every_set_follows_the_schema(name: str) -> None:
    frame = datasets.load(name)
    beside = ["cell", "control", "matched_steps", "items"] if datasets.find(name).own else []
    assert list(frame.columns) == [*NAMES, *beside]
    checked = check_records(frame, name)
    assert checked.notices == ()
    pd.testing.assert_frame_equal(checked.frame, frame)


@pytest.mark.parametrize("name", RECORD_SETS)
def test_every_flag_is_explained(name: str) -> None:
    used = datasets.load(name)["flags"].dropna().str.split(";").explode()
    assert set(used) <= set(datasets.flags())


def test_every_file_is_in_the_catalog_and_has_provenance() -> None:
    for folder in ("published", "covariates"):
        files = {path.stem for path in (ROOT / "data" / folder).glob("*.csv")} - {"flags"}
        files |= {path.stem for path in (ROOT / "data" / folder).glob("*.parquet")}
        files |= {path.parent.name for path in (ROOT / "data" / folder).glob("*/records.parquet")}
        kind = "records" if folder == "published" else "covariates"
        assert files == {entry.name for entry in datasets.catalog().values() if entry.kind == kind}
        provenance = (ROOT / "data" / folder / "PROVENANCE.md").read_text(encoding="utf-8")
        for name in files:
            assert f"`{name}`" in provenance, name
    for folder in ("typology", "languages"):
        assert (ROOT / "data" / folder / "PROVENANCE.md").is_file()


def test_scores_are_points() -> None:
    """SumEval's fractions are converted; XTREME-like levels are in the tens."""
    assert datasets.load("sumeval2022")["score"].median() > 40
    for name in RECORD_SETS:
        scores = datasets.load(name)["score"].dropna()
        assert not len(scores) or scores.max() > 1


def flagged(name: str, flag: str) -> pd.DataFrame:
    frame = datasets.load(name)
    return frame[frame["flags"].fillna("").str.contains(flag)]


def test_known_defects_are_flagged() -> None:
    masakhaner = "masakhaner2_direct_finetuning_seeds"
    assert len(flagged(masakhaner, "copied-folder")) == 224
    assert set(flagged(masakhaner, "copied-folder")["model"]) == {"AfriBERTa", "mBERT"}
    assert len(flagged(masakhaner, "collapsed-run")) == 16
    swapped = flagged("conneau2020_xlm_r_paper", "average-mismatch")
    assert sorted(swapped["score"]) == [70.7, 71.3]
    assert flagged("ouyang2021_ernie_m_readme", "misprint")[["language", "score"]].to_numpy().tolist() == [
        ["hin", 62.9]
    ]
    suspect = flagged("conneau2020_goyal2021_xlm_r", "column-order-suspect")
    assert set(suspect["model"]) == {"XLM-R XL", "XLM-R XXL"}
    assert set(suspect["target_task"]) == {"mlqa"}
    translated = flagged("conneau2020_goyal2021_xlm_r", "translate-train")
    assert set(translated["target_task"]) == {"xnli"}
    assert len(flagged("ponti2020_xcopa_leaderboard", "chance-substitute")) == 3


def test_bloom_sizes_and_mixtures() -> None:
    frame = datasets.load("muennighoff2022_xmtf")
    bloom = frame[frame["family"] == "BLOOM"]
    assert sorted(bloom["params_m"].unique()) == [560, 1100, 1700, 3000, 7100, 176000]
    assert set(bloom["intermediate_task"].dropna()) == {"P3", "xP3", "xP3mt"}
    english = bloom[bloom["intermediate_task"] == "P3"]
    assert set(english["intermediate_language"]) == {"eng"}
    assert set(english["params_m"]) == {7100, 176000}


def test_unknown_set_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'lewis2020_mlqa'"):
        datasets.find("lewis2020")


def test_gains_are_asked_of_sets_that_have_them_and_all_else_of_every_set() -> None:
    gains = datasets.default_data("gain")
    assert gains and set(gains) < set(RECORD_SETS)
    for name in gains:
        assert {"baseline", "intermediate"} <= set(datasets.load(name)["method"]), name
    default = [entry.name for entry in datasets.default_sets()]
    assert datasets.default_data("gap") == datasets.default_data("score") == default
    # Our own sweep, and sets whose design or seeds would outweigh the others, are read where they are named.
    assert set(RECORD_SETS) - set(default) == {"crosslift_mini", "devries2022_xpos", "stefanit_xlmv_seeds"}


def test_runs_of_65_languages_at_nine_budgets() -> None:
    """Every run is tested in every language, its own among them; sentences cannot be what a budget counts."""
    frame = datasets.load("devries2022_xpos")
    assert len(frame) == 65 * 105 * 9 == 61_425
    assert (frame.groupby(["train_language", "condition"])["language"].nunique() == 105).all()
    assert int((frame["train_language"] == frame["language"]).sum()) == 65 * 9
    budgets = frame.groupby("condition")["train_examples"].first()
    assert sorted(budgets.dropna()) == [630, 1250, 2500, 5000, 10_000, 20_000, 40_000]
    assert set(budgets[budgets.isna()].index) == {"budget=1 epoch", "budget=3 epochs"}
    own = frame[(frame["train_language"] == "eng") & (frame["language"] == "eng") & (frame["train_examples"] == 630)]
    assert own["score"].item() == 90.276


def test_seeds_stand_apart_from_their_means() -> None:
    frame = datasets.load("stefanit_xlmv_seeds")
    means = frame["flags"].fillna("").str.contains("seed-average")
    assert frame.loc[means, "seed"].isna().all() and frame.loc[~means, "seed"].notna().all()
    cells = frame[~means].groupby(["model", "target_task", "metric", "split", "language"], dropna=False)
    assert (cells["seed"].nunique() == 5).all() and (cells.size() == 5).all()
    single = frame[~means & (frame["language"] != "mul")]
    keys = ["model", "target_task", "metric", "split", "language"]
    found = single.groupby(keys, dropna=False)["score"].mean()
    printed = frame[means & (frame["language"] != "mul")].set_index(keys)["score"]
    pd.testing.assert_series_equal(found.sort_index(), printed.sort_index(), rtol=0, atol=0.051)
    misprints = frame[frame["flags"].fillna("").str.contains("average-mismatch")]
    assert set(misprints["split"]) == {"validation"} and len(misprints) == 19
