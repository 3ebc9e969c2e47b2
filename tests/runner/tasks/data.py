"""Small data sets, written by the tests themselves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from runner.tasks.load import load_task
from runner.tasks.tables import TableTask

SPECS = """
[moods]
file = "moods.tsv"
kind = "classification"
fields = { text = "text" }
label = "mood"
id = "id"
language_column = "lang"
train_language = "en"
validation = "dev"
domain = "letters"
[moods.codes]
german = "de"

[names]
file = "names.parquet"
kind = "tagging"
fields = { tokens = "words" }
label = "tags"
metrics = ["f1", "acc", "macro_f1"]
language = "en"
train_language = "en"

[answers]
file = "answers.tsv"
kind = "qa"
fields = { question = "q", context = "c", answer = "a", start = "s" }
language_column = "lang"
train_language = "en"
holdout = { column = "article", train_share = 0.5 }

[causes]
file = "causes.tsv"
kind = "choice"
fields = { premise = "p", choices = ["one", "two"] }
label = "right"
labels = ["0", "1"]
language_column = "lang"
train_language = "en"

[twins]
file = "twins.tsv.gz"
kind = "retrieval"
fields = { source = "text", target = "eng" }
metrics = ["acc", "acc_from_english", "f1"]
language_column = "lang"

[mined]
file = "mined.tsv"
kind = "retrieval"
fields = { source = "text", target = "eng" }
metrics = ["f1"]
language_column = "lang"

[texts]
file = "moods.tsv"
kind = "mlm"
fields = { text = "text" }
language_column = "lang"
train_language = "en"
"""


def moods() -> pd.DataFrame:
    kinds = ["glad"] * 6 + ["sad"] * 3 + ["calm"]
    rows = [("en", "train", f"t{i}", f"text {i}", kinds[i % 10]) for i in range(100)]
    rows += [("en", "dev", f"d{i}", f"kept {i}", kinds[i]) for i in range(10)]
    rows += [(code, "test", f"x{i}", f"{code} {i}", kinds[i]) for code in ("en", "german", "sw") for i in range(10)]
    return pd.DataFrame(rows, columns=["lang", "split", "id", "text", "mood"])


def write(folder: Path) -> Path:
    """All of them, with their ``tasks.toml``."""
    folder.mkdir(exist_ok=True)
    (folder / "tasks.toml").write_text(SPECS, encoding="utf-8")
    moods().to_csv(folder / "moods.tsv", sep="\t", index=False)
    sentences = [
        ("train", ["Ann", "saw", "New", "York"], ["B-PER", "O", "B-LOC", "I-LOC"]),
        ("train", ["Al", "Poe"], ["B-PER", "I-PER"]),
        ("test", ["Bob", "Lee", "left"], ["B-PER", "I-PER", "O"]),
        ("test", ["in", "Rome"], ["O", "B-LOC"]),
    ]
    pd.DataFrame(sentences, columns=["split", "words", "tags"]).to_parquet(folder / "names.parquet")
    pairs = [
        (code, f"article {k}", f"q{k}", f"it is {code}{k} here", f"{code}{k}", "6")
        for code in ("en", "de")
        for k in range(8)
    ]
    columns = ["lang", "article", "q", "c", "a", "s"]
    pd.DataFrame(pairs, columns=columns).to_csv(folder / "answers.tsv", sep="\t", index=False)
    causes = [
        ("et", "test", "wet", "rain", "sun", "0"),
        ("et", "test", "dry", "rain", "sun", "1"),
        ("et", "val", "hot", "fire", "ice", "0"),
    ]
    columns = ["lang", "split", "p", "one", "two", "right"]
    pd.DataFrame(causes, columns=columns).to_csv(folder / "causes.tsv", sep="\t", index=False)
    twins = [("de", f"Satz {i}", f"sentence {i}") for i in range(6)]
    pd.DataFrame(twins, columns=["lang", "text", "eng"]).to_csv(folder / "twins.tsv.gz", sep="\t", index=False)
    mined = [("de", f"Satz {i}", f"sentence {i}") for i in range(4)]
    mined += [("de", "allein", ""), ("de", "", "alone"), ("de", "", "lonely")]
    pd.DataFrame(mined, columns=["lang", "text", "eng"]).to_csv(folder / "mined.tsv", sep="\t", index=False)
    return folder


def task(folder: Path, name: str) -> TableTask:
    found = load_task(name, folder)
    assert isinstance(found, TableTask)
    return found
