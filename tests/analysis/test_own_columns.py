"""Columns of a table that have the name of a computed one are kept apart from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.outcomes.covariates import COMPUTED
from analysis.questions.regression.run import Request, fit_factors

LANGUAGES = ("deu", "fra", "rus", "hin", "tur", "zho", "swa", "jpn", "tha", "fin", "hun", "kor", "tam", "eus", "spa")


def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = [
        (model, size, task, language, method, "mnli" if method == "intermediate" else None, 50 + rng.normal(), "acc")
        for model, size in (("a", 100.0), ("b", 400.0), ("c", 900.0))
        for task in ("xnli", "pawsx")
        for language in LANGUAGES
        for method in ("baseline", "intermediate")
    ]
    names = ["model", "params_m", "target_task", "language", "method", "intermediate_task", "score", "metric"]
    return pd.DataFrame(rows, columns=names)


@pytest.mark.parametrize("name", ["typology", "log_params", "log_corpus", "observed_share"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_answer_is_that_of_the_table_without_it(tmp_path: Path, name: str, ending: str) -> None:
    assert name in COMPUTED
    frame = table()
    own = frame.assign(**{name: frame["language"].map({code: float(i) for i, code in enumerate(LANGUAGES)})})
    path = tmp_path / f"own.{ending}"
    own.to_csv(path, index=False) if ending == "csv" else own.to_parquet(path)
    request = {"factors": ("typology", "size"), "robustness": "none"}
    found = fit_factors(Request(data=(str(path),), **request))  # type: ignore[arg-type]
    plain = fit_factors(Request(data=(frame,), **request))  # type: ignore[arg-type]
    assert [item.sentence for item in found.answers] == [item.sentence for item in plain.answers]
    assert any(f"'{name}' of the data is kept as 'own_{name}'" in line for line in found.notices)
    asked = fit_factors(Request(data=(str(path),), factors=(f"own_{name}",), robustness="none"))
    assert asked.factors[0].column == f"own_{name}"
