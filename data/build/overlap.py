"""Measure the built-in model's pieces over SIB-200: ``data/covariates/subword_overlap.csv``.

Usage: ``python data/build/overlap.py TEXTS [OUT]`` where TEXTS is the table of SIB-200 (``lang``, ``split``, ``text``).
The texts of the test split are parallel: 204 sentences in each of 205 languages and scripts. Languages trained on are
English and those of ``devries2022_xpos`` that SIB-200 has. No text is written, and numbers only of whole languages.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

import pandas as pd  # noqa: E402

from analysis.languages.codes import resolve_code  # noqa: E402
from runner.models.catalog import find_model  # noqa: E402
from runner.overlap.measures import measure  # noqa: E402
from runner.overlap.pieces import load_tokenizer, tokenize_with  # noqa: E402
from runner.overlap.texts import read_texts  # noqa: E402

MODEL, SPLIT = "me5-small", "test"


def main(texts: Path, out: Path) -> None:
    found = read_texts(texts, SPLIT)
    table = measure(found, sources(list(found)), tokenize_with(load_tokenizer(find_model(MODEL))))
    out.mkdir(parents=True, exist_ok=True)
    table.to_csv(out / "subword_overlap.csv", index=False, lineterminator="\n")


def sources(codes: list[str]) -> list[str]:
    """English first, then the languages trained on in ``devries2022_xpos``, each in its usual script."""
    trained = pd.read_parquet(HERE.parent / "published" / "devries2022_xpos.parquet", columns=["train_language"])
    wanted = {"eng", *trained["train_language"]}
    usual = [code for code in codes if resolve_code(code).language.iso in wanted and not resolve_code(code).variant]
    return sorted(usual, key=lambda code: (not code.startswith("eng"), code))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent / "covariates")
