"""Build ``runner/tasks/catalog.toml``: what a plan has to know of each task, counted in the data sets themselves.

Usage: ``python data/build/tasks.py MINI [OUT]``. Holds counts, codes and hashes, no text of the data sets.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent

# name, file, kind, metrics, domain, language of the training split, column of the language, train split, test split
TASKS = (
    ("banking77", "banking77", "classification", ("acc", "macro_f1"), "banking", "en", None, "train", "test"),
    ("nollysenti", "nollysenti", "classification", ("acc", "macro_f1"), "film reviews", "en", "lang", "train", "test"),
    ("nusax", "nusax_senti", "classification", ("acc", "macro_f1"), "social media", "english", "lang", "train", "test"),
    ("sib200", "sib200", "classification", ("acc", "macro_f1"), "encyclopedia", "eng_Latn", "lang", "train", "test"),
    ("tatoeba", "tatoeba_v1", "retrieval", ("acc",), "sentences", None, "lang", None, None),
    ("ud_pos", "ud_pos", "tagging", ("acc", "macro_f1"), "web", "en", "lang", "train", "test"),
)
#: Names of languages that the language table does not list under the words of the data set.
CODES = {
    "acehnese": "ace", "balinese": "ban", "banjarese": "bjn", "buginese": "bug", "english": "eng", "indonesian": "ind",
    "javanese": "jav", "madurese": "mad", "minangkabau": "min", "ngaju": "nij", "sundanese": "sun",
    "toba_batak": "bbc",
}  # fmt: skip


def main(source: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    blocks = [block(source, *task) for task in TASKS]
    head = "# Made by data/build/tasks.py. Test items by language; `revision` is the SHA-256 of the data file.\n\n"
    (out / "catalog.toml").write_text(head + "\n".join(blocks), encoding="utf-8")


def block(source, name, file, kind, metrics, domain, english, column, train, test) -> str:
    path = source / f"{file}.tsv.xz"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quotechar='"')
    tested = table if test is None else table[table["split"] == test]
    tested = tested.assign(code="en" if column is None else tested[column])
    items = tested["code"].map(lambda code: CODES.get(code, code)).value_counts().sort_index()
    rows = 0
    if train is not None:
        own = table["split"] == train
        rows = int((own & (table[column] == english)).sum() if column else own.sum())
    lines = [
        f"[{name}]", f'file = "{path.name}"', f'revision = "{hashlib.sha256(path.read_bytes()).hexdigest()}"',
        f'kind = "{kind}"', f"metrics = [{', '.join(quoted(metric) for metric in metrics)}]", f'domain = "{domain}"',
        f'train_language = "{CODES.get(english, english) if english else ""}"', f"train_examples = {rows}",
        'split = "test"', f"[{name}.languages]", *(f"{code} = {count}" for code, count in items.items()), "",
    ]  # fmt: skip
    return "\n".join(lines)


def quoted(text: str) -> str:
    return f'"{text}"'


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent.parent / "runner" / "tasks")
