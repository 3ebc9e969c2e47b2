"""Build the datasheet of the suite ``cldr``: ``data/mini/cldr.md`` and the counts by language in ``cldr.csv``.

Usage: ``python data/build/cldr.py [OUT]``. Needs babel and scikit-learn; a minute.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from pathlib import Path
from textwrap import fill

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from analysis.languages.codes import resolve_code  # noqa: E402
from runner.tasks.cldr.items import MAKERS, PER_TYPE, Items  # noqa: E402
from runner.tasks.cldr.split import DAY, SHARES, splits  # noqa: E402
from runner.tasks.cldr.task import LABELS, LEAST, MOST_ENGLISH, count, english_share, exclusion  # noqa: E402
from runner.tasks.cldr.terms import SOURCE, TYPES, cldr_version, is_known, locales, names  # noqa: E402

#: Letters in a row that two names must share for the surface rule to call them related.
SHARED_LETTERS = 4


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rows = [describe(locale) for locale in locales()]
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    (out / "cldr.csv").write_text(text.getvalue(), encoding="utf-8")
    (out / "cldr.md").write_text(datasheet(rows), encoding="utf-8")


def describe(locale: str) -> dict[str, object]:
    """One language: its names, the share that is English, and for each task items, what was left out, surface rule."""
    row: dict[str, object] = {
        "locale": locale,
        "iso": resolve_code(locale).language.iso if is_known(locale) else "",
        "names": len(names(locale)),
        "english_share": round(english_share(locale), 3),
    }
    for name, make in MAKERS.items():
        items = make(locale, "test")
        short = name.removeprefix("cldr-")
        reason = "no target in English" if name == "cldr-terms" and locale == SOURCE else exclusion(name, locale, items)
        row[short] = len(items.ids)
        row[f"{short}_excluded"] = reason
        for what, number in items.left_out.items():
            row[f"{short}_left_out: {what}"] = number
        row[f"{short}_surface"] = "" if reason else round(100 * surface(name, items), 1)
    return row


def surface(name: str, items: Items) -> float:
    """Share that a rule without knowledge of any language gets right.

    Typing: always the most frequent type. Pairs: related if the names share ``SHARED_LETTERS`` letters in a row.
    Retrieval: the English name with the most similar sequences of one to three letters (cosine of tf-idf weights).
    """
    if name == "cldr-typing":
        return max(Counter(items.labels or ()).values()) / len(items.ids)
    if name == "cldr-terms":
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))
        vectors.fit([*items.fields["source"], *items.fields["target"]])
        source, target = (vectors.transform(items.fields[side]) for side in ("source", "target"))
        return float(np.mean((source @ target.T).toarray().argmax(axis=1) == np.arange(len(items.ids))))
    pairs = zip(items.fields["first"], items.fields["second"], items.labels or (), strict=True)
    return float(np.mean([_share_letters(a, b) == bool(label) for a, b, label in pairs]))


def _share_letters(one: str, other: str) -> bool:
    one, other = one.casefold(), other.casefold()
    parts = {one[i : i + SHARED_LETTERS] for i in range(len(one) - SHARED_LETTERS + 1)}
    return any(part.isalpha() and part in other for part in parts)


def datasheet(rows: list[dict[str, object]]) -> str:
    lines = [
        "# Datasheet of the suite `cldr`",
        "",
        "Made by `data/build/cldr.py`; counts by language in `cldr.csv` next to it.",
        "",
        f"**What it is.** Four tasks made from the Unicode CLDR data inside the Python package "
        f"babel (CLDR {cldr_version()}): names of territories, languages, currencies, scripts, units, time zones and "
        "calendar terms, as CLDR's contributors translated them. Nothing is downloaded; the items are made anew from "
        "the installed package, and the revision of a task (version of CLDR, version of the "
        "builder, hash of all items) changes when they do.",
        "",
        "**What it is for.** Trying out transfer between languages, with real names in real languages, where a data "
        "set is not available: demonstrations, tests of a pipeline, sanity checks. It measures knowledge of names, not "
        "understanding of sentences; a result on it is not a result on XTREME.",
        "",
        "| task | kind | asks | languages | test items | English training items | chance |",
        "|---|---|---|---:|---:|---:|---|",
    ]
    asks = {
        "cldr-typing": ("classification", f"which of {len(TYPES)} types a name is: {', '.join(TYPES)}"),
        "cldr-currency": ("pair", "is the currency legal tender in the territory"),
        "cldr-language": ("pair", "is the language official in the territory, in law or in fact"),
        "cldr-terms": ("retrieval", "which English name means the same, no training"),
    }
    for name, (kind, words) in asks.items():
        card = count(name)
        chance = f"{100 / len(LABELS[name]):.0f}%" if LABELS[name] else "under 1%"
        lines.append(
            f"| `{name}` | {kind} | {words} | {len(card.languages)} | {sum(card.languages.values()):,} | "
            f"{card.train_examples:,} | {chance} |"
        )
    where = Counter(splits().values())
    shares = ", ".join(f"{name} {where[name]:,} ({share:.0%} wanted)" for name, share in SHARES.items())
    lines += [
        "",
        f"**Splits.** By concept, the same for all tasks and languages: {shares} of {where.total():,} concepts with an "
        "English name. Territories that share a currency, and that currency, are in one split; a language is where "
        "most of the territories are in which it is official; all others go by the hash of their code. Training and "
        "validation are in English. A name in any language that is, but for case, the English name of a concept "
        "trained on is not a test item. So a model may be trained on one task of the suite and tested on another.",
        "",
        "**Items.** Names that a language inherits from another are not used. Names without a letter, names that are "
        "the code, placeholders, varieties (`en_AU`) and continents are not used. Typing leaves out names of several "
        f"types ('Arabic') and tests at most {PER_TYPE} concepts of a type. Each true pair has a false one with the "
        "same territory, whose other side is drawn from the true pairs of the split. Retrieval leaves out names that "
        f"are the English one, and names of several concepts. Legal tender is that of {DAY.isoformat()}.",
        "",
        "**Languages.** One entry per language (and script); no regional varieties. Left out of a task, with "
        f"the reason in `cldr.csv`: fewer test items than {', '.join(f'{n} ({t})' for t, n in LEAST.items())}; more "
        f"than {MOST_ENGLISH:.0%} of the names the English ones; not in the language table.",
        "",
        f"| task | tested | {' | '.join(reasons(rows))} |",
        f"|---|---:|{'---:|' * len(reasons(rows))}",
    ]
    for name in MAKERS:
        found = Counter(str(row[f"{name.removeprefix('cldr-')}_excluded"]) for row in rows)
        merged = Counter({_reason(reason): number for reason, number in found.items()})
        lines.append(f"| `{name}` | {found['']} | {' | '.join(str(merged[reason]) for reason in reasons(rows))} |")
    lines += [
        "",
        "**Surface baseline.** Many names are cognates, loans or transliterations. A rule without knowledge of any "
        "language gets this share right (typing: the most frequent type; pairs: related if the names share "
        f"{SHARED_LETTERS} letters in a row; retrieval: most similar sequences of one to three letters). What "
        "a model's score says something about the model only above it.",
        "",
        "| task | median over languages | lowest | highest |",
        "|---|---:|---:|---:|",
    ]
    for name in MAKERS:
        values = [float(str(row[key])) for row in rows if row[key := f"{name.removeprefix('cldr-')}_surface"] != ""]
        lines.append(f"| `{name}` | {np.median(values):.1f}% | {min(values):.1f}% | {max(values):.1f}% |")
    english = [
        float(str(row["english_share"])) for row in rows if row["typing_excluded"] == "" and row["locale"] != "en"
    ]
    lines += [
        "",
        f"Names that are the English ones: median {np.median(english):.0%}, at most {max(english):.0%}, over the "
        f"{len(english)} languages that typing is tested in. They stay in typing and in the pairs; retrieval leaves "
        "them out.",
        "",
        "**Known limits.** Names were translated from English by CLDR's contributors. Items are "
        "parallel: the same concepts in every language, so that scores in several languages are not independent. Some "
        "languages have names for far fewer concepts than others (`cldr.csv` has the counts), and then for other, "
        "often better known ones: compare gains within a language, not scores between languages. What is tender or "
        "official somewhere may well be in the text that a model was pretrained on: this is not a test of reasoning.",
        "",
        "**Licence.** CLDR: Unicode License v3 (https://www.unicode.org/license.txt), © Unicode, Inc. Babel: BSD "
        "3-Clause. Only counts are copied from either.",
        "",
    ]
    return "\n".join(line if line.startswith("|") else fill(line, 120) for line in lines)


def reasons(rows: list[dict[str, object]]) -> list[str]:
    """Why languages are left out, without the numbers that differ from task to task."""
    found = {_reason(str(row[f"{name.removeprefix('cldr-')}_excluded"])) for row in rows for name in MAKERS}
    return sorted(found - {""})


def _reason(text: str) -> str:
    return "too few items" if text.startswith("fewer than") else text


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "mini")
