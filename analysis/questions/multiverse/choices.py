"""The choices of a multiverse as data: their options, the default, and the reason for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import CrossliftError, did_you_mean, unknown_name
from ...languages.codes import resolve
from ...languages.feature_sources import SOURCES
from ...languages.kernels import DEFAULT as KERNEL

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
#: A target task is left out in turn if it has this share of the rows and this many languages; leaving out a smaller one
#: hardly changes the rows.
TASK_SHARE, TASK_LANGUAGES = 0.02, 3
#: Fewest languages that must remain without a study: with fewer, a slope over languages supports no claim.
STUDY_LANGUAGES = 15


@dataclass(frozen=True, slots=True)
class ChoiceOption:
    """An option of a choice, and the reason for it."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision that an analyst must make; the first option is the default."""

    name: str
    question: str
    options: tuple[ChoiceOption, ...]

    @property
    def default(self) -> str:
        """Name of the default option."""
        return self.options[0].name

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the options."""
        return tuple(option.name for option in self.options)

    def only(self, names: Sequence[str]) -> Choice:
        """The choice restricted to these options, in this order.

        Raises
        ------
        CrossliftError
            If a name is not an option, or no name is given.
        """
        known = {option.name: option for option in self.options}
        for name in names:
            if name not in known:
                raise unknown_name(f"option of '{self.name}'", name, known)
        if not names:
            raise CrossliftError(
                f"the choice '{self.name}' needs at least one option.", f"Options: {', '.join(known)}."
            )
        return replace(self, options=tuple(known[name] for name in dict.fromkeys(names)))


def default_choices(
    rows: pd.DataFrame, outcome: str, source: str = "eng", own: Sequence[str] = (), factor: str = ""
) -> tuple[Choice, ...]:
    """The choices that ``rows`` leave open, each with all defensible options.

    A choice is left out if the rows leave only one option. ``own`` names columns that are measures of distance besides
    the typological ones; of a ``factor`` there is no measure to choose, and distance is a covariate.
    """
    found = [
        *([] if factor else _distance(own)),
        _outcome(outcome, rows),
        _left_out("studies", "does one study drive the result?", rows, "study"),
        _left_out("tasks", "does one task drive the result?", rows, "target_task"),
        _english(rows, outcome, source),
        _training(rows, source),
        _choice("effects", "which random effects?",
                cells="crossed intercepts, and one per kind of cell that repeats: the default model",
                crossed="crossed intercepts only: fewer variances to estimate",
                slopes="the default model, and the slope may differ between tasks (else models)"),
        _choice("kernel", "are languages independent?",
                none="no choice of covariance needed", related=f"related languages may have similar gains ({KERNEL})"),
        _of_factor() if factor else
        _choice("covariate", "adjusted for corpus size?",
                none="the total association, including any through corpus size",
                corpus="distance and corpus size are correlated: their effects separated"),
        _choice("df_method", "which degrees-of-freedom method?",
                satterthwaite="keeps its level on twelve designs with independent languages",
                kenward_roger="keeps it too, and better with few unbalanced rows"),
    ]  # fmt: skip
    return tuple(choice for choice in found if choice is not None and len(choice.options) > 1)


def fix_choices(choices: Sequence[Choice], fixed: Sequence[str]) -> tuple[Choice, ...]:
    """Restrict choices by ``NAME=OPTION[,OPTION…]``.

    Raises
    ------
    CrossliftError
        If a text has no ``=``, or names an unknown choice or option.
    """
    wanted: dict[str, list[str]] = {}
    for text in fixed:
        name, equals, options = text.partition("=")
        if not equals:
            raise CrossliftError(f"'{text}' does not fix a choice.", "Write NAME=OPTION, such as measure=syntactic.")
        wanted[name.strip()] = [option.strip() for option in options.split(",") if option.strip()]
    return _restricted(choices, wanted)


def read_choices(path: str | Path, choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Restrict choices by a YAML or TOML file that maps a choice to the options to keep, the first the default.

    Raises
    ------
    CrossliftError
        If the file cannot be read, does not contain a mapping, or names an unknown choice or option.
    """
    import tomllib

    import yaml

    file = Path(path)
    if not file.is_file():
        siblings = [item.name for item in file.parent.iterdir()] if file.parent.is_dir() else []
        raise CrossliftError(f"there is no file '{path}'.", did_you_mean(file.name, siblings))
    try:
        text = file.read_text(encoding="utf-8")
        content: Any = tomllib.loads(text) if file.suffix == ".toml" else yaml.safe_load(text)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise CrossliftError(f"'{file.name}' is neither YAML nor TOML: {error}.") from error
    if not isinstance(content, dict):
        raise CrossliftError(f"'{file.name}' does not contain a mapping.", "Write 'measure: [syntactic, genetic]'.")
    wanted = {
        str(name): [_text(item) for item in (given if isinstance(given, list) else [given])]
        for name, given in content.items()
    }
    return _restricted(choices, wanted)


def _text(item: Any) -> str:
    return "none" if item is None else str(item)  # YAML's null is the option none


def _restricted(choices: Sequence[Choice], wanted: Mapping[str, Sequence[str]]) -> tuple[Choice, ...]:
    known = {choice.name: choice for choice in choices}
    for name in wanted:
        if name not in known:
            raise unknown_name("choice", name, known)
    return tuple(choice.only(wanted[choice.name]) if choice.name in wanted else choice for choice in choices)


def _choice(name: str, question: str, **options: str) -> Choice:
    named = tuple(ChoiceOption(key.replace("kenward_roger", "kenward-roger"), why) for key, why in options.items())
    return Choice(name, question, named)


def _distance(own: Sequence[str]) -> list[Choice]:
    """What distance is, and from what features."""
    return [
        _measure(own),
        _features(),
        _choice("recipe", "what replaces unobserved features?",
                knn="URIEL's predictions: defined for every language", shared="only features observed in both"),
        _choice("coverage", "how much of a language must be observed?",
                any="a prediction is better than losing the language",
                half="under half observed, the distance is mostly imputed",
                most="a stricter bound: three quarters observed"),
    ]  # fmt: skip


def _of_factor() -> Choice:
    return _choice(
        "covariate",
        "adjusted for what else languages differ in?",
        none="the total association, including any through distance and corpus size",
        corpus="corpus size may stand behind it",
        typology="typological distance may stand behind it",
    )


def _measure(own: Sequence[str]) -> Choice:
    why = {
        "syntactic": "word order and morphology, the measure in most papers",
        "phonological": "sounds and syllables",
        "inventory": "sound inventory",
        "featural": "all of these features together",
        "morphological": "case, agreement and other marking, of which URIEL has nothing",
        "genetic": "distance in the family tree",
        "geographic": "distance on the globe, which is related to contact",
    }
    known = tuple(ChoiceOption(name, why[name]) for name in why)
    return Choice(
        "measure", "distance in what?", known + tuple(ChoiceOption(name, "values of your own") for name in own)
    )


def _features() -> Choice:
    why = {
        "uriel": "the source in most papers",
        "uriel+": "more databases and languages, nothing imputed",
        "grambank": "grammar alone, by one questionnaire for all languages, nothing imputed",
    }
    return Choice("features", "from whose features?", tuple(ChoiceOption(name, why[name]) for name in SOURCES))


def _outcome(outcome: str, rows: pd.DataFrame) -> Choice:
    points = ChoiceOption("points", "as papers print it")
    logit = ChoiceOption("logit", "a point near 0 or 100 means more than one in the middle")
    standardized = ChoiceOption(
        "standardized", "tasks differ in variance: points divided by the task's standard deviation"
    )
    options = {
        "gain": (
            points,
            ChoiceOption("adjusted", "the score after, given the score before (analysis of covariance)"),
            logit,
            ChoiceOption("error", "share of the remaining errors that is removed"),
            standardized,
        ),
        "gap": (points, standardized),
        "score": (points, logit, standardized),
    }
    if outcome == "gain" and "score_with" not in rows:  # a table of gains: the scores behind them are not known
        options["gain"] = (points, standardized)
    return Choice("outcome", "what is a gain?" if outcome == "gain" else f"what is a {outcome}?", options[outcome])


def _left_out(name: str, question: str, rows: pd.DataFrame, column: str) -> Choice | None:
    options = [ChoiceOption(ALL, "all rows")]
    for level, own in rows.groupby(column, sort=True):
        rest = rows[rows[column] != level]
        if column == "study":
            stays = rest["language"].nunique() >= STUDY_LANGUAGES
        else:
            large = len(own) >= TASK_SHARE * len(rows) and own["language"].nunique() >= TASK_LANGUAGES
            stays = large and rest[column].nunique() > 0
        if stays:
            options.append(ChoiceOption(f"without {level}", "left out in turn"))
    return Choice(name, question, tuple(options)) if len(options) > 1 else None


def _english(rows: pd.DataFrame, outcome: str, source: str) -> Choice | None:
    if outcome == "gap" or not (rows["language"] == source).any():
        return None
    name = resolve(source).name
    return _choice(
        "source",
        f"with {name} itself?",
        without="it involves no transfer between languages",
        **{"with": "zero is a distance too"},
    )


def _training(rows: pd.DataFrame, source: str) -> Choice | None:
    if "intermediate_language" not in rows.columns:
        return None
    own = rows["intermediate_language"] == source
    if not 0 < int(own.sum()) < len(rows):
        return None
    return _choice(
        "training",
        "intermediate data in which languages?",
        any="every intermediate stage counts",
        source=f"in {resolve(source).name} alone: data in the test language are not zero-shot transfer",
    )
