"""The committed calibration study keeps its thresholds, and its seeds still give its numbers."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import checks
import numpy as np
import ours
import pandas as pd
import pytest
import run
import store
import summary
from designs import CELLS, GAIN_LANGUAGES, RESIDUAL, SHAPES, SIZES, TASKS_OF_LANGUAGE, VARIANCES, build_layout, draw
from estimate import TERM, failed
from methods import DEFAULT, METHODS, NAIVE, plan, prepare
from work import simulate

from analysis import fit_mixed
from analysis.core.errors import CrossliftError
from analysis.core.options import DF_METHODS
from analysis.mixed.numerics.threads import blas_threads
from analysis.questions.regression.run import Request, fit_factors
from tests.conftest import ROOT, skip_or_fail

SCRIPT = ROOT / "validation" / "calibration" / "run.py"
SAMPLES = ROOT / "validation" / "calibration" / "sample"
SMALL = "15-small-ragged-related"
# The search stops at a predicted decrease of 1e-10, so that other BLAS builds end elsewhere in the last digits.
REPRODUCED = {"rtol": 1e-5, "atol": 1e-7}
# The same code on another number of BLAS threads, which moves the end of a search along a flat ridge.
SAME = 1e-6
# An iterative search started from another outcome ends elsewhere within its stopping rule.
EQUIVARIANT = {"rtol": 2e-4, "atol": 2e-4}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The study runs on one BLAS thread a process."""
    with blas_threads(0):
        yield


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    """A complete table in which every threshold is kept."""
    rows = [
        {"cell": cell, "method": method, "simulations": 2000, "failures": 0, "singular": 0, "coverage_se": 0.005,
         "coverage": 0.5 if method == NAIVE else 0.95, "false_positive_rate": 0.5 if method == NAIVE else 0.05,
         "median_width": 1.0, "median_df": 10.0, "spread": 1.0}
        for cell, methods in plan().items()
        for method in methods
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_committed_table_keeps_its_thresholds() -> None:
    if not summary.RESULTS.is_file():
        skip_or_fail("results.csv of the calibration study; see validation/calibration/README.md")
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert summary.markdown(summary.read_results()) in summary.README.read_text(encoding="utf-8")


@pytest.mark.parametrize("method", run.SAMPLE)
def test_recorded_simulations_come_out_again(method: str) -> None:
    recorded = store.read_chunk(SAMPLES / f"{method}.csv")
    assert len(recorded) == run.SAMPLED
    rows = simulate(run.SAMPLE[method], [method], range(run.SAMPLED))[method]
    again = pd.DataFrame([(number, *row) for number, row in rows], columns=store.COLUMNS)
    pd.testing.assert_frame_equal(again, recorded, check_exact=False, **REPRODUCED)


def test_the_default_is_what_users_get() -> None:
    assert inspect.signature(fit_mixed).parameters["df"].default == DEFAULT
    assert DEFAULT in METHODS and NAIVE in METHODS


@pytest.mark.parametrize("related", [False, True])
@pytest.mark.parametrize("cell", [SMALL, "25-large-ragged-independent"])
def test_the_shortcut_is_the_public_fit(cell: str, related: bool) -> None:
    layout = build_layout(CELLS[cell])
    kernel = layout.kernel if related else None
    covariance = {"language": layout.kernel} if related else None
    y = draw(layout, 3, slope=-10.0)
    frame = layout.frame.assign(gain=y)
    formula = ours.default_design(layout, y).formula.text
    tests = [name for name in DF_METHODS if name in ours.REFERENCES or name == "normal"]
    for test, row in ours.mixed(layout, {name: name for name in tests}, kernel)(y, 3).items():
        public = fit_mixed(formula, frame, covariance=covariance, df=test)
        expected = public.fixed.set_index("term").loc[TERM]
        for name in ("estimate", "std_error", "df", "conf_low", "conf_high", "p_value"):
            assert getattr(row, name) == pytest.approx(expected[name], rel=SAME), name
        assert row.singular == public.singular


@pytest.mark.parametrize("method", METHODS)
def test_a_slope_shifts_the_estimate_and_nothing_else(method: str) -> None:
    """So that coverage at any slope is coverage at zero, and one minus the rate of false positives."""
    cell = next(name for name in CELLS if METHODS[method].cells(CELLS[name]) and (CELLS[name].related
                or method == "bootstrap-t"))  # fmt: skip
    layout = build_layout(CELLS[cell])
    (estimate,) = prepare(layout, [method]).values()
    for simulation in range(1 if method == "bootstrap-t" else 3):  # 400 fits
        flat, steep = (estimate(draw(layout, simulation, slope), simulation)[method] for slope in (0.0, -12.0))
        assert flat.failure == steep.failure == ""
        for name in ("estimate", "conf_low", "conf_high"):
            assert getattr(steep, name) + 12.0 == pytest.approx(
                getattr(flat, name), rel=EQUIVARIANT["rtol"], abs=EQUIVARIANT["atol"]
            ), name
        assert steep.std_error == pytest.approx(flat.std_error, rel=EQUIVARIANT["rtol"])


def test_every_design_is_there() -> None:
    assert len(CELLS) == 24
    for name, cell in CELLS.items():
        layout = build_layout(cell)
        assert cell.name == name
        assert layout.frame["language"].nunique() == cell.languages in SIZES
        assert (layout.frame["target_task"].nunique(), layout.frame["model"].nunique()) == SHAPES[cell.shape]
        assert not layout.frame.duplicated(["language", "target_task", "model"]).any()
        full = cell.languages * np.prod(SHAPES[cell.shape])
        assert len(layout.frame) < full if cell.ragged else len(layout.frame) == full
        if cell.ragged:
            tasks = layout.frame.groupby("language")["target_task"].nunique()
            assert tasks.min() == 1 and tasks.max() >= 3


def test_designs_are_like_the_bundled_gains() -> None:
    """Languages and tasks are theirs; variances within a factor of two, as sets are added and numbers are rounded."""
    found = fit_factors(Request(factors=("typology",)))
    rows = found.outcome.frame.loc[found.result.design.kept]
    assert set(rows["language"]) == set(GAIN_LANGUAGES)
    tasks = rows.groupby("language")["target_task"].nunique()
    assert tuple(tasks[list(GAIN_LANGUAGES)]) == TASKS_OF_LANGUAGE
    variance = found.result.variance.set_index("group")["variance"]
    for factors, value in VARIANCES.items():
        assert 0.5 < value / variance[":".join(factors)] < 2.0, factors
    assert 0.5 < RESIDUAL / (variance["Residual"] + variance["baseline"]) < 2.0


def test_gains_have_the_variances_they_are_given() -> None:
    """Averages over many draws: of the whole variance, and of the covariance of two related languages."""
    layout = build_layout(CELLS["15-small-balanced-related"])
    gains = np.array([draw(layout, simulation) for simulation in range(4000)])
    whole = sum(VARIANCES.values()) + RESIDUAL
    assert gains.var(axis=0).mean() == pytest.approx(whole, rel=0.05)
    cells = layout.frame.set_index(["language", "target_task", "model"]).index
    a, b = cells.get_loc(("hin", "task1", "model1")), cells.get_loc(("urd", "task2", "model2"))
    expected = VARIANCES["language",] * layout.kernel.loc["hin", "urd"]
    assert layout.kernel.loc["hin", "urd"] > 0.7
    assert (gains[:, a] * gains[:, b]).mean() == pytest.approx(expected, abs=5.0)


def test_seeds_depend_on_cell_and_simulation_only() -> None:
    method = "satterthwaite"
    alone = simulate(SMALL, [method], [4])[method]
    among = simulate(SMALL, ["ols", method], range(2, 6))[method]
    assert alone[0] == among[2]
    assert (draw(build_layout(CELLS[SMALL]), 4) != draw(build_layout(CELLS[SMALL]), 5)).all()


def test_a_run_continues_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--cells", SMALL, "--simulations", "5", "--jobs", "1", "--out", str(tmp_path)]
    assert run.main([*common, "--methods", "ols"]) == 0
    file = store.path_of(tmp_path, "ols", SMALL, range(5))
    before = file.stat().st_mtime_ns, file.read_bytes()
    assert run.main([*common, "--methods", "ols,ols-clustered"]) == 0
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before
    assert len(store.read_chunks(tmp_path, "ols-clustered", SMALL, 5)) == 5
    assert not list(tmp_path.rglob("*.part"))
    assert "| 15-small-ragged |" in capsys.readouterr().out
    with pytest.raises(CrossliftError, match=r"1 of 1 chunks of 'ols' on .* have not been run.*--simulations 7"):
        store.read_chunks(tmp_path, "ols", SMALL, 7)


def test_results_of_other_code_are_not_mixed_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store.claim(tmp_path, ["ols"])
    mark = tmp_path / "ols" / "made_by.json"
    own = json.loads(mark.read_text())
    mark.write_text(json.dumps({**own, "code": "0123"}))
    common = ["--cells", SMALL, "--methods", "ols", "--simulations", "5", "--jobs", "1", "--out", str(tmp_path)]
    assert run.main(common) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"code 0123 there, {own['code']} here" in said and "another --out" in said


def test_unknown_names_are_answered_with_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--methods", "satterthwait"]) == 1
    assert run.main(["--cells", "15-small-raged-related"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "'satterthwaite'" in said and "'15-small-ragged-related'" in said


def test_failed_fits_are_counted(tmp_path: Path) -> None:
    rows = simulate(SMALL, ["ols"], range(10))["ols"]
    rows[3] = (3, failed("not\nconverged"))
    store.write_chunk(store.path_of(tmp_path, "ols", SMALL, range(10)), rows)
    row = summary.summarize(tmp_path, {SMALL: ("ols",)}, 10).iloc[0]
    assert (row["simulations"], row["failures"]) == (10, 1)
    assert row["coverage"] * 9 == pytest.approx(round(row["coverage"] * 9))


def test_checks_pass_on_a_table_without_fault(results: pd.DataFrame) -> None:
    assert checks.violations(results, plan()) == []


@pytest.mark.parametrize(
    ("method", "column", "value", "message"),
    [
        (DEFAULT, "coverage", 0.93, "the default 'satterthwaite' covers 93.00%, outside 93.5–96.5%"),
        (DEFAULT, "coverage", 0.97, "covers 97.00%"),
        (DEFAULT, "failures", 20, "lacks an interval in 20 simulations"),
        (DEFAULT, "simulations", 1999, "has 1999 simulations, fewer than 2000"),
        (NAIVE, "coverage", 0.9, "'ols' covers 90.00%, not under 80%"),
        (DEFAULT, "false_positive_rate", 0.07, "do not add up to 1"),
    ],
)
def test_checks_name_the_cell(results: pd.DataFrame, method: str, column: str, value: float, message: str) -> None:
    cell = "25-large-balanced-independent"
    broken = results.copy()
    where = (broken["cell"] == cell) & (broken["method"] == method)
    broken.loc[where, column] = value
    if column == "coverage":
        broken.loc[where, "false_positive_rate"] = 1.0 - value
    (sentence,) = checks.violations(broken, plan())
    assert sentence.startswith(f"{cell}: ") and message in sentence


def test_a_related_design_may_fail(results: pd.DataFrame) -> None:
    broken = results.copy()
    where = (broken["cell"] == SMALL) & (broken["method"] == DEFAULT)
    broken.loc[where, ["coverage", "false_positive_rate"]] = 0.8, 0.2
    assert checks.violations(broken, plan()) == []


def test_an_incomplete_table_is_refused(results: pd.DataFrame) -> None:
    found = checks.violations(pd.concat([results.iloc[1:], results.iloc[[5]]]), plan())
    assert any("is missing from the table" in sentence for sentence in found)
    assert any("appears twice" in sentence for sentence in found)


def test_the_bootstrap_is_the_public_one() -> None:
    layout = build_layout(CELLS[SMALL])
    y = draw(layout, 0, slope=-10.0)
    row = prepare(layout, ["bootstrap-t"])["bootstrap"](y, 0)["bootstrap-t"]
    result = fit_mixed(ours.default_design(layout, y).formula.text, layout.frame.assign(gain=y))
    found = result.bootstrap(ours.RESAMPLES, rng=np.random.default_rng([ours.SEED, ours.RESAMPLES, 0]))
    interval = found.conf_int(kind="studentized").set_index("term").loc[f"fixed:{TERM}"]
    assert row.conf_low == pytest.approx(interval["conf_low"], rel=SAME)
    assert row.conf_high == pytest.approx(interval["conf_high"], rel=SAME)
    assert row.p_value == pytest.approx(found.p_value(TERM))


@pytest.mark.parametrize("lost", [0, 3])
@pytest.mark.parametrize("observed", [0.0, 1.0, 1.9, -1.96, 2.0, -2.1, 2.6])
def test_a_bootstrap_that_stops_early_decides_as_the_whole_one(observed: float, lost: int) -> None:
    shorter = 0
    for seed in range(40):
        draws = list(np.random.default_rng(seed).standard_t(12, ours.RESAMPLES - lost))
        whole = ours.bootstrap_t(observed, 1.0, iter(draws), early=False)
        left = iter(draws)
        early = ours.bootstrap_t(observed, 1.0, left, early=True)
        assert (early[0] <= 0.0 <= early[1]) == (whole[0] <= 0.0 <= whole[1])
        assert (early[2] < 0.05) == (whole[2] < 0.05)
        shorter += len(list(left)) > 0
    assert shorter or abs(observed) > 1.5
