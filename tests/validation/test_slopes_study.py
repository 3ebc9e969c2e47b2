"""The rule for random slopes and the verb, on the stored simulations."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import numpy as np
import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location("slopes_study", ROOT / "validation" / "slopes" / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["slopes_study"] = module
    spec.loader.exec_module(module)
    return module


def test_the_rule_keeps_its_level_and_the_verb_is_seldom_wrong(study: ModuleType) -> None:
    found = study.table()
    assert set(found.index) == set(study.CELLS)
    limit = 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / found["draws"])
    assert (found["auto"] <= limit).all()
    assert (found["verb"] <= limit).all()
    # An unreserved verb is never said where the interval includes zero.
    assert (found["verb"] <= found["auto"]).all()


def test_the_page_shows_the_stored_table(study: ModuleType) -> None:
    text = (ROOT / "validation/slopes/README.md").read_text(encoding="utf-8")
    found = 100 * study.table().drop(columns="draws")
    shown = [line.split("|")[2:-1] for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(shown) == len(found)
    for cells, (name, row) in zip(shown, found.iterrows(), strict=True):
        assert [float(cell) for cell in cells] == pytest.approx(row.tolist(), abs=0.051), name


def test_a_stored_draw_is_made_again(study: ModuleType) -> None:
    """One data set from its seed: the p values are those that are stored."""
    from analysis.languages.kernels import language_kernel
    from analysis.outcomes.build import Options, read_outcome

    _, outcome = read_outcome((), {}, Options(), lambda words: None)
    frame, name = outcome.frame, "slopes by model, sd 12"
    kernel = np.eye(frame["language"].nunique())
    assert language_kernel(sorted(frame["language"].unique()), "genealogy", missing="independent").missing == ("eus",)
    rng = np.random.default_rng([20261127, list(study.CELLS).index(name), 0])
    sample = frame.assign(gain=study.invent(frame, study.CELLS[name], kernel, rng))
    stored = {row["policy"]: row for row in study.read() if row["cell"] == name and row["draw"] == "0"}
    for policy, p, error, *_ in study.answers(sample):
        assert p == pytest.approx(float(stored[policy]["p_value"]), abs=2e-4)
        assert error == pytest.approx(float(stored[policy]["std_error"]), rel=1e-3)
