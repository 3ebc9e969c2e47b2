"""Sections on a sweep with controls: planted effects of arms, amounts, domain, depth and distance come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.plots.amounts import plot_amounts
from analysis.plots.style import figure
from analysis.reports.session import Session
from analysis.reports.sweep.amounts import amounts
from analysis.reports.sweep.arms import by_arm, by_depth, by_domain
from analysis.reports.sweep.distance import by_distance
from analysis.reports.sweep.rows import RETRIEVAL, TRUNCATIONS, Fits, Sweep, find_sweep, fit_runs, omit

LANGUAGES = [
    "deu", "fra", "spa", "hin", "tur", "fin", "heb", "ind", "jpn", "kor", "rus", "swa", "tha", "vie", "zho", "hun",
    "est", "yor", "wol",
]  # fmt: skip
ARMS = {("banking77", 500): 32, ("banking77", 2000): 126, ("banking77", 8000): 500, ("nollysenti", 500): 32}
#: Points: a doubling of banking77; as many steps on the target task; reviews for sentiment; two thirds of the layers.
DOUBLING, CONTROL, REVIEWS, DEPTH = 1.5, 2.0, 4.0, 3.0


def planted(seeds: int = 4) -> pd.DataFrame:
    """Records of two depths, two trained targets and one without training, with noise by run and by score."""
    rng = np.random.default_rng(5)
    rows: list[dict[str, Any]] = []

    def run(level: float, languages: np.ndarray, **what: Any) -> None:
        luck = rng.normal(0, 0.3)
        for language, own in zip(LANGUAGES, languages, strict=True):
            score = round(level + own + luck + rng.normal(0, 0.3), 4)
            rows.append({"study": "planted", "metric": "acc", "split": "test", "language": language, "score": score,
                         "n_items": 1000, "family": "m truncations", "cell": f"c{len(rows)}", **what})  # fmt: skip

    for depth in (3, 6):
        for target in ("nusax", "sib200", "tatoeba"):
            own = rng.normal(0, 3, len(LANGUAGES))
            trained = target != "tatoeba"
            for seed in range(1, seeds + 1):
                base = {"model": f"m@{depth}", "params_m": 100.0 + depth, "target_task": target, "seed": str(seed),
                        "train_examples": 500.0 * trained, "control": "", "matched_steps": 0}  # fmt: skip
                run(50, own, **base, method="baseline")
                for steps in sorted(set(ARMS.values())) if trained else ():
                    run(50 + CONTROL, own, **{**base, "control": "steps", "matched_steps": steps},
                        condition=f"control=steps:{steps}", method="baseline")  # fmt: skip
                for (task, examples), steps in ARMS.items():
                    lift = DOUBLING * np.log2(examples / 500) + DEPTH * (depth == 6)
                    lift += REVIEWS if task == "nollysenti" and target == "nusax" else 0.0
                    run(50 + lift, own, **{**base, "matched_steps": steps}, method="intermediate",
                        intermediate_task=task, intermediate_examples=examples)  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    path = tmp_path_factory.mktemp("sweep") / "planted.csv"
    planted().to_csv(path, index=False)
    found = find_sweep([str(path)])
    assert found is not None
    return found


def test_amounts_give_the_slope_over_either_baseline(sweep: Sweep) -> None:
    found = amounts(sweep)
    assert found is not None
    section, points = found
    assert set(section.values) == {"nusax_plain", "nusax_steps", "sib200_plain", "sib200_steps", "tatoeba_plain"}
    for value in section.values.values():
        assert value.low is not None and value.high is not None
        assert value.low < DOUBLING < value.high and value.high - value.low < 1.0
    assert not section.fits.warning
    names = [row[0] for row in section.table.rows]
    assert any("low-resource languages, difference" in name for name in names)
    at = points.pivot_table(index=["target_task", "examples"], columns="baseline", values="estimate").dropna()
    assert (at["plain"] - at["steps"]).to_numpy() == pytest.approx(CONTROL, abs=0.7)


def test_a_figure_of_amounts_has_a_line_for_each_target_and_baseline(sweep: Sweep) -> None:
    found = amounts(sweep)
    assert found is not None
    with figure() as (_, ax):
        plot_amounts(found[1], ax)
        drawn = ax.containers
        assert len(drawn) == 5
        for container, (_, rows) in zip(drawn, found[1].groupby(["target_task", "baseline"]), strict=True):
            assert container[0].get_ydata() == pytest.approx(rows["estimate"].to_numpy())
        assert [text.get_text() for text in ax.get_xticklabels()] == ["500", "2,000", "8,000"]


def test_arms_are_compared_with_as_many_steps(sweep: Sweep) -> None:
    section = by_arm(sweep)
    assert section.values["nusax_nollysenti_500_plain"].estimate == pytest.approx(REVIEWS + DEPTH / 2, abs=0.6)
    assert section.values["sib200_banking77_8000_steps"].estimate == pytest.approx(
        4 * DOUBLING + DEPTH / 2 - CONTROL, abs=0.6
    )
    assert not any(name.startswith("tatoeba") and name.endswith("steps") for name in section.values)
    assert list(section.shown)[:3] == ["nusax: banking77:500", "nusax: banking77:2000", "nusax: banking77:8000"]


def test_domain_matters_where_it_was_planted(sweep: Sweep) -> None:
    section = by_domain(sweep)
    assert section is not None
    assert section.values["nusax"].estimate == pytest.approx(REVIEWS, abs=0.5)
    assert not section.values["sib200"].settled
    assert section.values["domain"].settled
    assert section.values["domain"].estimate == pytest.approx(REVIEWS, abs=0.6)


def test_depths_stand_beside_each_other_and_are_called_truncations(sweep: Sweep) -> None:
    section = by_depth(sweep)
    grown = section.values["sib200_m_6_plain"].estimate - section.values["sib200_m_3_plain"].estimate
    assert grown == pytest.approx(DEPTH, abs=0.6)
    assert "sib200: m@6 minus m@3, over no stage" in section.shown
    assert section.values["sib200_grown_steps"].estimate == pytest.approx(DEPTH, abs=0.6)
    assert "On nusax the gain changes from m@3 to m@6 by {sweep_nusax_grown_plain.estimate}" in section.words
    assert TRUNCATIONS in section.words


@pytest.mark.slow
def test_comparisons_rest_on_the_same_cells(tmp_path: Path) -> None:
    """An arm that one depth alone has run tells nothing of depth, and a depth with one arm nothing of arms."""
    frame = planted()
    arm = (frame["intermediate_task"] == "banking77") & (frame["intermediate_examples"] == 500)
    ragged = frame[(frame["model"] == "m@3") | (frame["method"] == "baseline") | arm]
    sweep = sweep_of(ragged[(ragged["model"] == "m@3") | (ragged["target_task"] != "tatoeba")], tmp_path)
    depth, arms, amount = by_depth(sweep), by_arm(sweep), amounts(sweep)
    assert amount is not None
    assert not any("tatoeba" in name for name in depth.values)  # run at one depth
    for target in ("nusax", "sib200"):
        grown = depth.values[f"{target}_m_6_plain"].estimate - depth.values[f"{target}_m_3_plain"].estimate
        assert grown == pytest.approx(DEPTH, abs=0.6)
        assert arms.values[f"{target}_banking77_500_plain"].estimate == pytest.approx(0.0, abs=0.6)
        assert arms.values[f"{target}_banking77_8000_plain"].estimate == pytest.approx(4 * DOUBLING, abs=0.6)
        first = amount[1].query("target_task == @target and baseline == 'plain' and examples == 500").iloc[0]
        assert first["estimate"] == pytest.approx(0.0, abs=0.6)
    for section in (depth, arms, amount[0]):
        assert any("gains over no intermediate stage are left out" in note for note in section.table.notes)
    assert "and a trained target at m@3, " in arms.words
    assert amount[0].words.startswith("A doubling of the examples of banking77 at m@3 changes")
    whole = sweep_of(planted(), tmp_path)
    assert by_depth(whole).table.notes == ()
    assert "and a trained target, " in by_arm(whole).words


def sweep_of(frame: pd.DataFrame, place: Path) -> Sweep:
    path = place / "sweep.csv"
    frame.to_csv(path, index=False)
    found = find_sweep([str(path)])
    assert found is not None
    return found


def test_distance_has_no_slope_where_none_was_planted(sweep: Sweep) -> None:
    section = by_distance(sweep)
    assert set(section.values) == {"nusax_plain", "nusax_steps", "sib200_plain", "sib200_steps", "tatoeba_plain"}
    assert all(abs(value.estimate) < 0.5 for value in section.values.values())
    assert any(name.endswith(", kernel") for name in section.shown)


def test_words_name_values_that_are_recorded_and_warn_of_retrieval(sweep: Sweep, tmp_path: Path) -> None:
    for number, section in enumerate((amounts(sweep), by_arm(sweep), by_domain(sweep), by_depth(sweep))):
        made = section[0] if isinstance(section, tuple) else section
        assert made is not None
        session = Session(f"trial{number}", tmp_path)
        made.record(session)
        said = session.numbers.print("sweep_detail")
        assert RETRIEVAL in said and "{" not in said


def test_one_run_an_arm_is_said_to_leave_out_the_noise_of_training(tmp_path: Path) -> None:
    planted(seeds=1).query("model == 'm@3'").to_csv(tmp_path / "one.csv", index=False)
    found = find_sweep([str(tmp_path / "one.csv")])
    assert found is not None
    for section in (by_arm(found), by_domain(found)):
        assert section is not None and section.fits.warning.startswith("Too few training runs")
    assert "one depth" in by_depth(found).words


def test_without_a_control_there_is_no_section(tmp_path: Path) -> None:
    assert find_sweep(["devlin2019_mbert"]) is None
    session = Session("trial", tmp_path)
    omit(session)
    assert session.omitted == ["sweep", "sweep_table"]
    assert "not among the data" in session.numbers.print("sweep_detail")


def test_a_diagnosis_of_many_fits_counts_them() -> None:
    fits = Fits(fitted=dict.fromkeys("abcdef"))
    fits.health = {"few": ["a", "b", "a"], "most": list("abcde"), "all": list("abcdef")}
    assert fits.diagnostics == [
        "Of the sweep (a; b): few",
        "Of the sweep (5 of 6 fits, a; b; c; d among them): most",
        "Of the sweep (all 6 fits): all",
    ]


def test_more_seeds_are_no_more_languages() -> None:
    """Each language has a slope of its own: a difference between two kinds of them rests on their number."""
    rng = np.random.default_rng(4)
    slopes = {language: rng.normal(0, 1) for language in LANGUAGES}
    rows = pd.DataFrame(
        {"language": language, "kind": float(i % 2), "doublings": amount, "run": f"{seed} {amount}",
         "baseline_run": str(seed), "gain": slopes[language] * amount + rng.normal(0, 0.2)}
        for i, language in enumerate(LANGUAGES) for seed in range(8) for amount in (0.0, 2.0, 4.0)
    )  # fmt: skip
    whole, _ = fit_runs(rows, "doublings*kind", 3, differs="doublings")
    naive, _ = fit_runs(rows, "doublings*kind", 3)
    own, pooled = (found.fixed.set_index("term").loc["doublings:kind"] for found in (whole, naive))
    assert own["df"] == pytest.approx(len(LANGUAGES) - 2, abs=1)
    assert own["std_error"] > 3 * pooled["std_error"]
    of_languages = pd.DataFrame({"slope": slopes, "kind": {x: i % 2 for i, x in enumerate(LANGUAGES)}})
    spread = of_languages.groupby("kind")["slope"].agg(["var", "size"])
    assert own["std_error"] == pytest.approx(np.sqrt((spread["var"] / spread["size"]).sum()), rel=0.1)


def test_more_languages_are_no_more_runs() -> None:
    """Each run serves one kind of languages better: a slope that differs by kind rests on the number of runs."""
    rng = np.random.default_rng(8)
    rows = []
    for seed in range(6):
        for amount in (0.0, 2.0, 4.0):
            luck = rng.normal(0, 1)
            rows += [
                {"language": language, "kind": float(i % 2), "doublings": amount, "run": f"{seed} {amount}",
                 "baseline_run": str(seed), "gain": luck * (i % 2) + rng.normal(0, 0.2)}
                for i, language in enumerate(LANGUAGES)
            ]  # fmt: skip
    result, _ = fit_runs(pd.DataFrame(rows), "doublings*kind", 3, differs="doublings", kind="kind")
    assert result.fixed.set_index("term").loc["doublings:kind", "df"] == pytest.approx(18 - 2, abs=3)


def test_an_arm_has_a_part_of_its_own_in_each_language(sweep: Sweep) -> None:
    frame = sweep.gains["plain"].frame
    result, _ = fit_runs(frame[frame["target_task"] == "sib200"], "1", 1, differs="arm")
    assert "language:arm" in result.groups
