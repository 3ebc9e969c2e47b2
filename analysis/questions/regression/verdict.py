"""The verb of an answer: by a rule over the answer and everything that stands beside it.

- too few languages (models): no verdict, whatever the interval;
- the interval of the answer holds zero: not settled;
- it does not, and every decisive row beside it agrees: the outcome falls, rises, widens or narrows;
- it does not, and some decisive row holds zero or turns round: so in the default model, but not with that.

validation/slopes counts how often the verb is wrong where the true slope is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...core.text import number
from .answer import FEWEST_LEVELS, Answer, Words
from .robustness import Row

HOLDS, DEPENDS, OPEN, TOO_FEW = "holds", "depends", "not-settled", "too-few"
# Rows that a sentence names; the others are counted.
NAMED = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict, one of ``holds``, ``depends``, ``not-settled`` and ``too-few``, and the sentence that states it."""

    verdict: str
    sentence: str


def judged(item: Answer, words: Words, rows: Sequence[Row]) -> Answer:
    """The answer with its verdict; with no rows beside it only one on too few levels is given."""
    if not rows and item.levels >= FEWEST_LEVELS[words.level]:
        return item
    found = judge(item, words, rows)
    return replace(item, sentence=found.sentence, verdict=found.verdict)


def judge(item: Answer, words: Words, rows: Sequence[Row]) -> Verdict:
    """The verdict on ``item`` with ``rows`` beside it."""
    fewest = FEWEST_LEVELS[words.level]
    # What is too little for a verdict is too little to decide one.
    beside = [row for row in rows if row.computed and row.name != "default" and row.levels >= fewest]
    if item.levels < fewest:
        return Verdict(TOO_FEW, words.few(item, fewest))
    own = item.direction
    if own == 0:
        settled = [row for row in beside if row.direction and row.name != "pooled"]
        return Verdict(OPEN, words.not_settled(item) + _only(settled, words))
    against = [row for row in beside if row.decisive and row.direction != own]
    if not against:
        return Verdict(HOLDS, words.holds(item))
    opposite = [row for row in against if row.direction == -own]
    plain = [row for row in against if row.direction == 0]
    parts = [f"but not {_listed(plain)}"] if plain else []
    parts += [f"and the other way round {_listed(opposite)}"] if opposite else []
    return Verdict(DEPENDS, f"{words.holds(item).removesuffix('.')} {rows[0].label}, {', '.join(parts)}.")


def _only(rows: Sequence[Row], words: Words) -> str:
    """Rows beside an open answer that would settle it."""
    if not rows:
        return ""
    directions = {row.direction for row in rows}
    verb = words.verb(directions.pop()) if len(directions) == 1 else "changes"
    first = rows[0]
    found = f"{number(first.estimate, 2)}, {number(first.conf_low, 2)} to {number(first.conf_high, 2)}"
    if len(rows) > 1:
        return f" It {verb} only {_listed(rows)}."
    return f" It {verb} only {first.label} ({found})."


def _listed(rows: Sequence[Row]) -> str:
    labels = [row.label for row in rows[:NAMED]]
    if len(rows) > NAMED:
        labels.append(f"in {len(rows) - NAMED} more of the rows below")
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} or {labels[-1]}"
