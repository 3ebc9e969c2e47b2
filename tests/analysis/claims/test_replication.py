"""Own results beside the claims' directions: planted gains, and what is said of models and tasks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.claims.registry import registry
from analysis.claims.xtreme.replication import (
    OPPOSITE,
    SAME,
    UNDECIDED,
    UNFIT,
    UNMEASURED,
    Beside,
    estimate_gain,
    replicate,
)
from analysis.core.errors import CrossliftError

LANGUAGES = ("deu", "fra", "hin", "swa", "tha")


def write(path: Path, lifts: dict[str, list[float]], model: str = "XLM-R Large", intermediate: str = "MNLI") -> Path:
    """Scores of 50 without and with a stage, whose lift is given by target task and language."""
    rows = [
        {"study": "mine", "model": model, "method": method, "intermediate_task": stage, "target_task": task,
         "language": language, "metric": "acc", "split": "test", "score": 50.0 + lift * (method == "intermediate")}
        for task, values in lifts.items()
        for language, lift in zip(LANGUAGES, values, strict=False)
        for method, stage in (("baseline", ""), ("intermediate", intermediate))
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def beside(path: Path) -> dict[str, Beside]:
    return {item.claim: item for item in replicate([str(path)], registry()).beside}


def test_directions(tmp_path: Path) -> None:
    lifts = {
        "tydiqa-goldp": [3.0, 4.0, 5.0, 4.0, 3.0],
        "xnli": [2.0, 2.1, 1.9, 2.0, 2.0],
        "tatoeba": [-9, -8, -9, -9, -8.0],
    }
    found = beside(write(tmp_path / "t.csv", lifts))
    assert found["tydiqa-gains"].outcome == SAME
    assert found["xnli-no-gain"].outcome == OPPOSITE
    assert found["retrieval-gain"].outcome == OPPOSITE
    assert found["dev-gain-mnli"].outcome == found["average-gain"].outcome
    assert found["dev-gain-squad"].outcome == UNMEASURED
    assert found["tydiqa-gains"].gain == pytest.approx(3.8)
    assert (found["tydiqa-gains"].languages, found["tydiqa-gains"].df, found["tydiqa-gains"].rows) == (5, 4, 5)


def test_no_gain_and_too_few_languages(tmp_path: Path) -> None:
    found = beside(write(tmp_path / "t.csv", {"xnli": [-2.0, -2.1, -1.9, -2.0], "tydiqa": [5.0, 6.0]}))
    assert found["xnli-no-gain"].outcome == SAME
    assert found["tydiqa-gains"].outcome == UNDECIDED
    assert found["tydiqa-gains"].conf_low is None


def test_what_differs_is_said(tmp_path: Path) -> None:
    lifts = {"tatoeba": [3.0, 4.0, 5.0, 4.0, 3.0], "sib200": [1.0, 2.0, 3.0, 2.0, 1.0]}
    found = beside(write(tmp_path / "t.csv", lifts, model="intfloat/multilingual-e5-small", intermediate="banking77"))
    retrieval = found["retrieval-gain"]
    assert retrieval.outcome == UNFIT
    assert "intfloat/multilingual-e5-small was tuned for retrieval before" in "; ".join(retrieval.differs)
    overall = found["average-gain"]
    assert overall.differs == (
        "intfloat/multilingual-e5-small, not XLM-R Large",
        "1 of XTREME's nine target tasks, and sib200",
        "intermediate task banking77, not the best for each target",
    )
    same = beside(write(tmp_path / "u.csv", {"xnli": [1.0, 2.0, 3.0]}))["dev-gain-mnli"]
    assert same.differs == ("1 of XTREME's nine target tasks",)


def test_one_task_is_students_interval() -> None:
    """For one row a language the jackknife is the standard error of a mean."""
    from scipy import stats

    gains = np.array([1.0, 4.0, 2.0, 7.0, 3.0])
    rows = pd.DataFrame({"language": LANGUAGES, "target_task": "xnli", "gain": gains})
    expected = stats.ttest_1samp(gains, 0).confidence_interval(0.95)
    estimate, low, high, df = estimate_gain(rows)
    assert (estimate, low, high, df) == pytest.approx((gains.mean(), *expected, 4))


def test_macro_average_over_unequal_tasks() -> None:
    rows = pd.DataFrame(
        {"language": ["deu", "fra", "hin", "deu"], "target_task": ["a", "a", "a", "b"], "gain": [1.0, 2.0, 3.0, 10.0]}
    )
    assert estimate_gain(rows)[0] == pytest.approx((2.0 + 10.0) / 2)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    found = replicate(["polyglot_prompt_explainaboard"], registry())
    assert found.read == 26
    assert sum(rows for _, rows in found.dropped) == 26 - 9
    assert found.frame()["rows"].max() == 9


def test_results_without_gains(tmp_path: Path) -> None:
    with pytest.raises(CrossliftError, match="no gain can be paired"):
        replicate(["sumeval2022"], registry())


def test_a_store_of_a_sweep(tmp_path: Path) -> None:
    """A store is read as it is; its model was tuned for retrieval, and the claim about retrieval is left alone."""
    from runner.store.store import Store
    from tests.runner.store.sweep import small_plan, sweep

    store = Store.create(tmp_path / "store", "trial")
    sweep(store, small_plan())
    found = replicate([str(store.path)], registry())
    by_claim = {item.claim: item for item in found.beside}
    assert by_claim["retrieval-gain"].outcome == UNFIT
    assert "was tuned for retrieval before" in by_claim["retrieval-gain"].differs[-1]
    assert by_claim["average-gain"].languages == 3
    assert "and nusax" in "; ".join(by_claim["average-gain"].differs)
