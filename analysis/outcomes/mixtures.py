"""What a fine-tuning mixture gave a language that it left out: how much other data, and how closely related."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import CrossliftError
from ..languages.codes import resolve
from ..records import bundled as datasets
from ..records.condition import CONFIG, Condition

if TYPE_CHECKING:
    import pandas as pd

#: Set with training examples by configuration and language.
CONFIGURATIONS = "sumeval2022_configs"


def configurations(conditions: pd.Series[str]) -> pd.Series[str]:
    """The configuration that each condition names, or else what it says."""
    return conditions.map({text: Condition.parse(text).value(CONFIG) or text for text in conditions.dropna().unique()})


def add_mixtures(scores: pd.DataFrame, source: str = "eng") -> pd.DataFrame:
    """Join the make-up of each configuration to scores of languages.

    Parameters
    ----------
    scores
        Rows with ``language`` and a ``condition`` of the form ``config=NAME``, as the set ``sumeval2022`` has them.
    source
        Language whose examples are counted separately.

    Returns
    -------
    frame
        A copy of the rows with ``configuration``, ``train_source``, ``train_other`` and ``train_related`` (examples in
        ``source``, in all other languages, and in those other languages that are of the family of the row's language),
        ``train_languages`` (how many, without ``source``), and ``log_source``, ``log_other``, ``log_related``: base-2
        logarithms of one plus thousands of examples.

    Raises
    ------
    CrossliftError
        If a row names a configuration that is not in the table.
    """
    table = datasets.load(CONFIGURATIONS)
    codes = {code: resolve(str(code)) for code in table["pivot_language"].unique()}
    table = table.assign(
        iso=table["pivot_language"].map({code: found.iso for code, found in codes.items()}),
        family=table["pivot_language"].map({code: found.family for code, found in codes.items()}),
    )
    name = configurations(scores["condition"])
    unknown = sorted(set(name.dropna()) - set(table["config_id"]))
    if unknown or name.isna().any():
        what = f"'{unknown[0]}'" if unknown else "a row without condition"
        raise CrossliftError(f"{what} is not a configuration of {CONFIGURATIONS}.", "Leave such rows out first.")
    own = table["iso"] == source
    other = table[~own]
    home = table[own].groupby("config_id")["n_train"].sum()
    total = other.groupby("config_id")["n_train"].sum()
    languages = other.groupby("config_id")["iso"].nunique()
    family = scores["language"].map({code: resolve(code).family for code in scores["language"].unique()})
    kin = other[other["family"] != ""].groupby(["config_id", "family"])["n_train"].sum()
    itself = other.groupby(["config_id", "iso"])["n_train"].sum()
    related = kin.reindex(list(zip(name, family, strict=True))).to_numpy(dtype=float, na_value=0.0)
    in_training = itself.reindex(list(zip(name, scores["language"], strict=True))).to_numpy(dtype=float, na_value=0.0)
    related = np.nan_to_num(related) - np.where(family.to_numpy() != "", np.nan_to_num(in_training), 0.0)
    columns = {
        "train_source": name.map(home).fillna(0.0).to_numpy(dtype=float),
        "train_other": name.map(total).fillna(0.0).to_numpy(dtype=float),
        "train_related": related,
    }
    logs = {f"log_{key.removeprefix('train_')}": np.log2(1.0 + values / 1000.0) for key, values in columns.items()}
    counted = name.map(languages).fillna(0).to_numpy(dtype=int)
    return scores.assign(configuration=name, train_languages=counted, **columns, **logs)
