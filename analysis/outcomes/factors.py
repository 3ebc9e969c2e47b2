"""Names of the predictors that ``--factor`` and ``--corpus`` take, and what they mean: commands parse with these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Factor:
    """A predictor that ``--factor`` names.

    Attributes
    ----------
    name, column
        What ``--factor`` takes, and its column.
    step, words
        The step that sentences report a slope for, in the column's unit and in words.
    level
        What it is a property of: ``language`` (pairs of languages too), ``model``, …
    over
        What a sentence calls it.
    """

    name: str
    column: str
    step: float
    words: str
    level: str
    over: str

    @property
    def level_words(self) -> str:
        """The level as a sentence names it."""
        return self.level.replace("_", " ")


FACTORS = {
    "typology": Factor("typology", "typology", 0.1, "0.1 of typological distance", "language", "typological distance"),
    "size": Factor("size", "log_params", 1.0, "doubling of model size", "model", "model size"),
    "corpus": Factor(
        "corpus",
        "log_corpus",
        1.0,
        "doubling of the language's pretraining corpus",
        "language",
        "the language's pretraining corpus",
    ),
}


@dataclass(frozen=True, slots=True)
class Corpus:
    """A pretraining corpus: columns of the covariates table (the first found is used), and the divisor to its unit."""

    name: str
    columns: tuple[str, ...]
    divisor: float
    unit: str


CORPORA = {
    "cc100": Corpus("cc100", ("xlmr_paper_gib", "xlmr_cc100_gib"), 1.0, "GiB of CC-100"),
    "mc4": Corpus("mc4", ("mc4_tokens_b",), 1.0, "billion tokens of mC4"),
    "wikipedia": Corpus("wikipedia", ("mbert_wikidump_bytes",), 2.0**30, "GiB of Wikipedia"),
    "roots": Corpus("roots", ("roots_bytes",), 2.0**30, "GiB of ROOTS"),
}
#: The corpus that a model family was pretrained on.
FAMILY_CORPUS = {"XLM-R": "cc100", "BLOOM": "roots", "mT5": "mc4", "mBERT": "wikipedia"}
#: Also accepted as a corpus: each model's own.
OWN = "own"
