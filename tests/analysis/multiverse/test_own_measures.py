"""Values of the user's own in a multiverse: in place of distance, or as further measures of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import DesignError
from analysis.outcomes.build import Options
from analysis.questions.multiverse import MultiverseRequest, run_multiverse
from analysis.questions.multiverse.run import open_choices, open_table
from analysis.questions.regression.run import Request, fit_factors
from tests.analysis.own_rows import LANGUAGES, gains, own

VALUES = pd.DataFrame({"language": LANGUAGES, "closeness": [own(i) for i in range(len(LANGUAGES))]})


def request(factor: str | None = None, fixed: tuple[str, ...] = (), **options: object) -> MultiverseRequest:
    return MultiverseRequest((gains(),), options=Options(**options), fixed=fixed, factor=factor, permute=0)  # type: ignore[arg-type]


def test_a_factor_has_no_measure_and_distance_is_a_covariate() -> None:
    choices, _ = open_choices(request("own"))
    names = {choice.name: choice.names for choice in choices}
    assert not {"measure", "recipe", "coverage"} & set(names)
    assert names["covariate"] == ("none", "corpus", "typology")


def test_a_table_is_one_more_measure() -> None:
    choices, space = open_choices(request(distances=(VALUES,)))
    measure = next(choice for choice in choices if choice.name == "measure")
    assert measure.names[-1] == "closeness" and measure.default == "syntactic"
    assert any("and closeness have no recipe" in reason for reason, _ in space.excluded)
    table, _ = open_table(request(distances=(VALUES,)))
    found, share = table.distance("closeness", "knn")
    expected = table.frame["language"].map(dict(zip(table.languages, range(99), strict=False))).to_numpy()
    assert (share == 1.0).all() and len(found) == len(expected)
    np.testing.assert_allclose(found, table.frame["own"])  # the same values as the column of the rows


@pytest.mark.slow
def test_the_default_specification_is_the_default_model() -> None:
    (found,) = run_multiverse(request("own", fixed=("outcome=points", "df_method=satterthwaite", "kernel=none")))
    plain = fit_factors(Request(("own",), (gains(),), slopes="none", robustness="none")).answers[0]
    assert found.default is not None
    assert found.default["estimate"] == pytest.approx(plain.estimate, rel=1e-4)  # both per 0.1
    assert found.over == "own" and "per standard deviation of own" in found.answer[1]
    assert "In points per 0.1 of own, which" in " ".join(found.answer)


def test_what_differs_within_languages_cannot_be_shuffled_between_them() -> None:
    rows = gains().assign(width=lambda frame: frame["model"].map({"A": 1.0, "B": 2.0}))
    with pytest.raises(DesignError, match="'width' differs between rows of one language"):
        open_choices(MultiverseRequest((rows,), factor="width"))
