"""Make-up of fine-tuning mixtures, joined to the scores of languages that they left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.languages.codes import resolve
from analysis.outcomes.mixtures import add_mixtures
from analysis.records import bundled as datasets


def scores(language: str, configuration: str = "TyDiQA_TULRv6Large_ID:0") -> pd.DataFrame:
    return pd.DataFrame({"language": [language], "condition": [f"config={configuration}"]})


def test_amounts_are_the_sums_of_the_table() -> None:
    table = datasets.load("sumeval2022_configs")
    own = table[table["config_id"] == "TyDiQA_TULRv6Large_ID:0"]
    found = add_mixtures(scores("fin")).iloc[0]
    english = own.loc[own["pivot_language"] == "en", "n_train"].sum()
    assert found["train_source"] == english
    assert found["train_other"] == own["n_train"].sum() - english
    assert found["train_languages"] == len(own) - 1
    assert found["log_other"] == np.log2(1 + found["train_other"] / 1000)


def test_related_data_are_of_the_family_and_not_of_the_language_itself() -> None:
    table = datasets.load("sumeval2022_configs")
    own = table[table["config_id"] == "TyDiQA_TULRv6Large_ID:0"]
    amounts = {resolve(code).iso: n for code, n in zip(own["pivot_language"], own["n_train"], strict=True)}
    family = {iso for iso in amounts if resolve(iso).family == resolve("hin").family} - {"eng"}
    assert add_mixtures(scores("hin"))["train_related"].item() == sum(amounts[iso] for iso in family)
    assert add_mixtures(scores("rus"))["train_related"].item() == sum(amounts[iso] for iso in family - {"rus"})
    assert add_mixtures(scores("fin"))["train_related"].item() == 0.0


def test_unknown_configurations_are_refused() -> None:
    with pytest.raises(CrossliftError, match="'Nowhere:1' is not a configuration of sumeval2022_configs"):
        add_mixtures(scores("fin", "Nowhere:1"))
    with pytest.raises(CrossliftError, match="a row without condition"):
        add_mixtures(pd.DataFrame({"language": ["fin"], "condition": [None]}, dtype="str"))
