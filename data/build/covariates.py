"""Convert the collected covariates: ``data/covariates/*.csv``.

Usage: ``python data/build/covariates.py SOURCE [OUT]``. Language codes become ISO 639-3; figures stay as printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from analysis.languages.codes import resolve  # noqa: E402
from models import MODELS  # noqa: E402

# ROOTS lists Chinese by script as well as in total; 'zhs' repeats the figure of 'zh', 'zht' is part of it.
PARTS = {"zhs", "zht"}
AS_THEY_ARE = ("intermediate_task_sizes", "xlmr_cc100_table6", "sumeval2022_configs")


def main(source: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write(languages(read(source / "covariates_language.csv")), out / "language.csv")
    write(test_sets(read(source / "test_set_sizes.csv")), out / "test_set_sizes.csv")
    write(models(read(source / "model_params.csv")), out / "model_params.csv")
    for name in AS_THEY_ARE:
        write(read(source / f"{name}.csv"), out / f"{name}.csv")


def languages(table: pd.DataFrame) -> pd.DataFrame:
    """Pretraining sizes by language; one row per language."""
    table = table[~table["lang"].isin(PARTS)].copy()
    table.insert(0, "language", [resolve(code).iso for code in table["lang"]])
    assert table["language"].is_unique, table.loc[table["language"].duplicated(), "language"].tolist()
    return table.rename(columns={"lang": "printed_code"}).sort_values("language")


def test_sets(table: pd.DataFrame) -> pd.DataFrame:
    """Test items by task, language and split."""
    table = table.copy()
    table["language"] = ["mul" if code == "all" else resolve(code).iso for code in table["language"]]
    return table


def models(table: pd.DataFrame) -> pd.DataFrame:
    """Parameters by model as printed, with the name used in records, if any."""
    table = table.rename(columns={"model": "printed_model", "kind": "counts"})
    table.insert(0, "model", [MODELS.get(name, ("", ""))[0] for name in table["printed_model"]])
    return table


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def write(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent / "covariates")
