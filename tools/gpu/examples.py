"""Generated examples of every kind of task; in most, one word determines the class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from runner.kinds.examples import Examples
from tools.gpu.tiny_models import WORDS


def texts(n: int, seed: int = 1) -> Examples:
    """Whether 'cat' or 'dog' is among some words of other pieces."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    rows = []
    for label in labels:
        words = list(rng.choice([w for w in WORDS[:30] if w not in ("cat", "dog")], int(rng.integers(3, 12))))
        words[int(rng.integers(len(words)))] = ("cat", "dog")[label]
        rows.append(" ".join(words))
    return Examples({"text": rows}, labels, tuple(map(str, range(n))), "en")


def pairs(n: int) -> Examples:
    """Whether two texts have the same animal."""
    one, two = texts(n), texts(n, 2)
    same = (np.asarray(one.labels) == np.asarray(two.labels)).astype(int)
    return Examples({"first": one.fields["text"], "second": two.fields["text"]}, same, one.ids, "en")


def sentences(n: int) -> Examples:
    """Class 1 for every 'cat' and 'dog', 0 for other words; some sentences are longer than the model takes."""
    rows = [text.split() * (8 if i == 0 else 1) for i, text in enumerate(texts(n).fields["text"])]
    tags: Any = [np.array([int(word in ("cat", "dog")) for word in row]) for row in rows]
    return Examples({"tokens": rows}, tags, tuple(map(str, range(n))), "en")


def choices(n: int) -> Examples:
    """The choice that names the animal of the premise."""
    one = texts(n)
    field: dict[str, Any] = {"premise": one.fields["text"], "question": [""] * n, "choices": [["cat", "dog"]] * n}
    return Examples(field, one.labels, one.ids, "en")


def questions(n: int) -> Examples:
    """Where the animal is."""
    one = texts(n)
    found = []
    for text, label in zip(one.fields["text"], np.asarray(one.labels), strict=True):
        word = ("cat", "dog")[label]
        found.append([{"text": word, "start": text.index(word)}])
    field = {"question": ["the cat"] * n, "context": one.fields["text"], "answers": found}
    return Examples(field, [[item[0]["text"]] for item in found], one.ids, "en")


def sides(n: int) -> Examples:
    """Texts, and the same in reverse order as their translations: for retrieval, whose score is meaningless then."""
    found = texts(n).fields["text"]
    return Examples({"source": found, "target": found[::-1]}, None, tuple(map(str, range(n))))


#: What makes the examples of each kind.
MAKERS: dict[str, Callable[[int], Examples]] = {
    "classification": texts, "pair": pairs, "tagging": sentences, "choice": choices, "qa": questions, "mlm": texts,
    "retrieval": sides,
}  # fmt: skip
