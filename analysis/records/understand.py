"""Which column of a table holds what: as the user says, by its heading, or by its cells. What is guessed is said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import RecordError, UnknownLanguageError, did_you_mean
from ..core.missing import is_missing
from ..languages.aggregates import is_aggregate, is_average
from ..languages.codes import resolve_code
from ..languages.column import reader
from .cells import looks_numeric, parse_column
from .headers import (
    ARM_ALONE,
    ARM_WORDS,
    METRIC_WORDS,
    PLAIN_BASELINES,
    SCORE_WORDS,
    SIZE_WORDS,
    SYNONYMS,
    arm_of,
    fold,
    metric_of,
)
from .roles import ARM, LEFT_OUT, Role

if TYPE_CHECKING:
    import pandas as pd

#: Under so many a column called n counts something else than test items.
FEWEST_ITEMS = 20
#: More millions of parameters than a model has: these are parameters.
MOST_MILLIONS = 2e6
#: In a heading, what stands between the language and the rest: ``XNLI / de``, ``de (F1)``, ``xnli_de``.
_BREAK = re.compile(r"\s*[/|:()]\s*|[\s_\-]+")
#: What a program that evaluates puts before a metric: ``eval/de_accuracy``.
_SPLIT = re.compile(r"^(?:eval|test|val|validation|dev)[\s/_\-]+")


@dataclass(slots=True)
class Plan:
    """Roles by column, and what was guessed, in words."""

    roles: dict[str, Role]
    notices: list[str]


def understand(frame: pd.DataFrame, name: str, given: Mapping[str, Role], fields: Sequence[str]) -> Plan:
    """Find the role of every column that has one.

    Parameters
    ----------
    frame
        A tidy table.
    name
        Of the table, for messages.
    given
        Roles that the user states.
    fields
        Names of the fields of the record.

    Raises
    ------
    RecordError
        If a stated role cannot be had.
    """
    columns = [str(column) for column in frame.columns]
    plan = Plan(_stated(columns, name, given, fields), [])
    if {role.field for role in plan.roles.values()} >= set(fields):  # a table that was written from records
        return plan
    _by_heading(frame, columns, plan, fields)
    if not _has(plan, "score") and not _has(plan, "gain"):
        _scores_by_arm(columns, plan)
        _scores_by_metric(columns, plan)
    if not _has(plan, "language"):
        _wide(frame, plan)
    if not _has(plan, "language") and not any("language" in dict(role.where) for role in plan.roles.values()):
        _language_by_cells(frame, plan)
    if _has(plan, "language") and not _of(plan, "score") and not _has(plan, "gain"):
        _scores_by_model(frame, plan)
    _source_language(frame, plan)
    _arms(frame, plan)
    return plan


def _stated(columns: list[str], name: str, given: Mapping[str, Role], fields: Sequence[str]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for column, role in given.items():
        if column not in columns:
            hint = did_you_mean(column, columns) or f"Columns: {', '.join(columns)}."
            raise RecordError(f"{name} has no column '{column}' to map to '{role.text}'.", hint)
        for target in (role.field, *(field for field, _ in role.where)):
            if target not in (ARM, LEFT_OUT) and target not in fields:
                near = did_you_mean(target, fields) or f"Fields: {', '.join(fields)}."
                raise RecordError(
                    f"'{target}' is not a field of the record, so '{column}' cannot be mapped to it.", near
                )
        if role.field in columns and column != role.field and role.field not in given and not role.where:
            raise RecordError(
                f"{name} already has a column '{role.field}', so '{column}' cannot be mapped to it.",
                f"Rename one of them in the file, or map '{role.field}' elsewhere.",
            )
        roles[column] = role
    for column in columns:
        if column in fields and column not in roles:
            roles[column] = Role(column)
    return roles


def _has(plan: Plan, field: str) -> bool:
    return any(role.field == field and not role.where for role in plan.roles.values())


def _of(plan: Plan, field: str) -> list[str]:
    return [column for column, role in plan.roles.items() if role.field == field]


def _by_heading(frame: pd.DataFrame, columns: list[str], plan: Plan, fields: Sequence[str]) -> None:
    """Fields written in another way, then the field's synonyms."""
    said = []
    folded: dict[str, list[str]] = {}
    for column in columns:
        if column not in plan.roles:
            folded.setdefault(fold(column), []).append(column)
    for field in fields:
        if field != "gain":
            said += _taken(frame, plan, field, folded)
    if not _of(plan, "score"):
        words = [column for column in columns if column not in plan.roles and metric_of(column) is not None]
        plain = [column for column in words if fold(column) in SCORE_WORDS]
        if len(words) == 1 or len(plain) == 1:
            column = (plain or words)[0]
            metric = metric_of(column)
            where = (("metric", metric),) if metric and not _has(plan, "metric") else ()
            plan.roles[column] = Role("score", where)
            said.append(f"{column} → score" + (f", metric {metric}" if where else ""))
    if _has(plan, "language") and not _of(plan, "score"):  # else Δ is a difference that is printed beside scores
        said += _taken(frame, plan, "gain", folded)
    if said:
        plan.notices.append("columns by their headings: " + "; ".join(said) + ".")


def _taken(frame: pd.DataFrame, plan: Plan, field: str, folded: Mapping[str, Sequence[str]]) -> list[str]:
    """Give a field the first column that has one of its words as heading; returns what to say."""
    if _has(plan, field):
        return []
    for word in (fold(field), *SYNONYMS.get(field, ())):
        if len(folded.get(word, ())) != 1 or folded[word][0] in plan.roles:
            continue
        column = folded[word][0]
        doubt = _doubt(frame[column], field, word)
        if not doubt:
            plan.roles[column] = Role(field)
            return [f"{column} → {field}"]
        plan.notices.append(f"'{column}' is kept as it is: {doubt}; --map {column}={field} says that it is.")
    return []


def _doubt(cells: pd.Series[Any], field: str, word: str) -> str:
    """Why a column with the heading of a field may not be it: sizes without a unit, counts too small for test items."""
    if word == fold(field) or field not in ("params_m", "n_items"):
        return ""
    texts = [str(cell).strip() for cell in cells.dropna().unique() if str(cell).strip()]
    values = [value for value in parse_column(texts, thousands=True).values if value is not None]
    if field == "n_items":
        return "" if values and min(values) >= FEWEST_ITEMS else "its numbers are small for numbers of test items"
    with_unit = all(re.fullmatch(r"\d+(\.\d+)?\s*[KkMmBbTt]", text) for text in texts)
    counts = bool(values) and min(values) > MOST_MILLIONS
    if with_unit or counts or word in ("paramsm", "parametersm", "sizem"):
        return ""
    return "its unit is not known (params_m is in millions)"


def _scores_by_arm(columns: list[str], plan: Plan) -> None:
    """``score_base`` and ``score_mnli``: two columns of scores, one without and one with the intermediate stage."""
    if _of(plan, "score"):
        return
    found: dict[str, dict[str, str]] = {}
    for column in columns:
        if column in plan.roles:
            continue
        parts = re.split(r"[\s_\-/:(]+", column.strip(" )"))
        for head, tail in ((parts[0], parts[1:]), (parts[-1], parts[:-1])):
            if tail and (fold(head) in SCORE_WORDS or fold(head) in METRIC_WORDS):
                found.setdefault(fold(head), {})[column] = "_".join(tail)
                break
    for head, arms in found.items():
        without = [column for column, arm in arms.items() if arm_of(arm) == ""]
        if len(without) != 1 or len(arms) < 2 or SIZE_WORDS & {fold(arm) for arm in arms.values()}:
            continue
        metric = METRIC_WORDS.get(head, "")
        same = (("metric", metric),) if metric and not _has(plan, "metric") else ()
        for column, arm in arms.items():
            task = arm_of(arm)
            if column in without:
                plan.roles[column] = Role("score", (("method", "baseline"), *same))
            else:
                named = (("intermediate_task", task),) if task and not _has(plan, "intermediate_task") else ()
                plan.roles[column] = Role("score", (("method", "intermediate"), *named, *same))
        others = ", ".join(f"'{column}'" for column in arms if column not in without)
        plan.notices.append(f"'{without[0]}' holds scores without the intermediate stage, {others} those with it.")


def _scores_by_metric(columns: list[str], plan: Plan) -> None:
    """Several columns of scores, one a metric."""
    if _of(plan, "score"):
        return
    found = {column: metric for column in columns if column not in plan.roles and (metric := metric_of(column))}
    if len(found) < 2 or len(set(found.values())) < len(found):
        return
    for column, metric in found.items():
        plan.roles[column] = Role("score", (("metric", metric),))
    plan.notices.append(f"a column a metric: {', '.join(found)}.")


def _wide(frame: pd.DataFrame, plan: Plan) -> None:
    """A column a language, also under tasks or metrics, and columns of averages."""
    free = [str(c) for c in frame.columns if str(c) not in plan.roles and looks_numeric(frame[c])]
    free = [column for column in free if not _counts_rows(frame, column)]
    plain = {column: column for column in free if _is_language(column)}
    differences = [column for column in free if fold(column) in ("δ", "∆", "diff", "difference")]
    free = [column for column in free if column not in differences]
    read = reader(plain)
    averages = {column: "" for column in free if is_average(column)}
    rest: dict[str, tuple[str, str]] = {}
    if len(plain) < 2:
        split = {column: found for column in free if (found := _language_in(column)) is not None}
        by_rest: dict[str, list[str]] = {}
        for language, other in split.values():
            by_rest.setdefault(other, []).append(language)
        rest = {column: found for column, found in split.items() if len(set(by_rest[found[1]])) > 1}
        if not rest:
            return
        for column in free:
            tail = _average_in(column)
            if tail is not None and tail in by_rest:
                averages[column] = tail
        plain = {}
    for column in plain:
        try:
            read(column)
        except UnknownLanguageError as error:
            raise RecordError(f"column '{column}': {error.message}", error.hint) from error
    for column in plain:
        plan.roles[column] = Role("score", (("language", column),))
    for column, (language, other) in rest.items():
        plan.roles[column] = Role("score", (("language", language), *_what(other, plan)))
    for column, other in averages.items():
        if column not in plan.roles:
            plan.roles[column] = Role("score", (("language", "Average"), *_what(other, plan)))
    count = len(plain) + len(rest)
    languages = len(plain) if plain else len({language for language, _ in rest.values()})
    words = f"{count} columns are {languages} languages" if rest else f"{count} columns are languages"
    kept = f"; printed averages, kept apart: {', '.join(averages)}" if averages else ""
    plan.notices.append(f"{words} ({_few([*plain, *rest])}): a score a cell{kept}.")
    for column in differences:
        plan.roles[column] = Role(LEFT_OUT)
        plan.notices.append(f"'{column}' is left out: differences are no scores.")
    unread = [column for column in free if column not in plan.roles]
    if unread:
        plan.notices.append(f"columns of numbers that are no language and are kept beside each score: {_few(unread)}.")


def _what(other: str, plan: Plan) -> tuple[tuple[str, str], ...]:
    """What the rest of a heading is: a metric, a task, or a condition."""
    if not other:
        return ()
    metric = metric_of(other)
    if metric and not _has(plan, "metric"):
        return (("metric", metric),)
    words = other.split()
    tail = metric_of(words[-1]) if len(words) > 1 else None
    if tail and not _has(plan, "metric") and not _has(plan, "target_task"):
        return (("target_task", " ".join(words[:-1])), ("metric", tail))
    return (("condition" if _has(plan, "target_task") else "target_task", other),)


def _is_language(heading: str) -> bool:
    if is_average(heading) or is_aggregate(heading) or is_missing(heading):
        return False
    try:
        resolve_code(heading, False)
    except UnknownLanguageError:
        return False
    return True


def _language_in(heading: str) -> tuple[str, str] | None:
    """The language in a heading and what else it says."""
    pieces = re.split(r"(\s+/\s+)", heading)
    if len(pieces) != 3:
        pieces = re.split(rf"({_BREAK.pattern})", heading)
    pieces = [piece for piece in pieces if piece]
    if len(pieces) < 3:
        return None
    for at in (len(pieces) - 1, 0, *range(2, len(pieces) - 1, 2)):
        language, before, after = pieces[at], pieces[:at], pieces[at + 1 :]
        if metric_of(language) is None and _is_language(language):
            rest = " ".join(filter(None, (_trimmed("".join(before)), _trimmed("".join(after)))))
            return language, _SPLIT.sub("", rest)
    return None


def _trimmed(text: str) -> str:
    return re.sub(r"^[\s/|:()_\-]+|[\s/|:()_\-]+$", "", text)


def _average_in(heading: str) -> str | None:
    pieces = re.split(rf"({_BREAK.pattern})", heading)
    words = [piece for piece in pieces if not is_average(piece)]
    rest = _SPLIT.sub("", _trimmed("".join(words)))
    return rest if rest and len(words) < len(pieces) else None


def _counts_rows(frame: pd.DataFrame, column: str) -> bool:
    """Whether a column numbers the rows: ``id`` is also the code of Indonesian."""
    values = parse_column(frame[column]).values
    return column.casefold() in ("id", "no", "nr", "index", "") and values in (
        [float(i) for i in range(len(values))],
        [float(i + 1) for i in range(len(values))],
    )


def _language_by_cells(frame: pd.DataFrame, plan: Plan) -> None:
    """A column of text whose every cell is a language or an average."""
    for column in map(str, frame.columns):
        if column in plan.roles:
            continue
        cells = [str(cell).strip() for cell in frame[column].dropna().unique() if str(cell).strip()]
        languages = [cell for cell in cells if not is_average(cell)]
        if len(languages) >= 3 and not looks_numeric(cells) and all(map(_is_language, languages)):
            plan.roles[column] = Role("language")
            plan.notices.append(f"'{column}' is the column of languages: {_few(languages)}.")
            return


def _scores_by_model(frame: pd.DataFrame, plan: Plan) -> None:
    """A row a language and a column a model."""
    free = [str(c) for c in frame.columns if str(c) not in plan.roles and looks_numeric(frame[c])]
    if len(free) < 2 or _has(plan, "model"):
        return
    for column in free:
        plan.roles[column] = Role("score", (("model", column),))
    plan.notices.append(f"columns are models, a score a cell: {_few(free)}.")


def _source_language(frame: pd.DataFrame, plan: Plan) -> None:
    """``source`` with nothing but codes of languages is the language trained on, not where a score was read."""
    if "source" not in plan.roles or plan.roles["source"] != Role("source") or _has(plan, "train_language"):
        return
    cells = [str(cell).strip() for cell in frame["source"].dropna().unique() if str(cell).strip()]
    short = [cell for cell in cells if re.fullmatch(r"[a-z]{2,3}|[a-z]{3}_[A-Z][a-z]{3}", cell)]
    if cells and len(short) == len(cells) and all(map(_is_language, cells)):
        plan.roles["source"] = Role("train_language")
        plan.notices.append("'source' holds codes of languages: read as train_language.")


def _arms(frame: pd.DataFrame, plan: Plan) -> None:
    """The column that tells runs with the intermediate stage from those without, where no ``method`` does."""
    if _of(plan, ARM) or any("method" in dict(role.where) for role in plan.roles.values()):
        return
    candidates = [
        str(column)
        for column in frame.columns
        if fold(str(column)) in ARM_WORDS
        and (
            str(column) not in plan.roles
            or plan.roles[str(column)].field in ("method", "intermediate_task", "condition", "train_language")
        )
        and not _is_method_column(frame, str(column), plan)
    ]
    if _has(plan, "method") and _of(plan, "method")[0] not in candidates:
        return
    for column in candidates:
        found = _baseline_of(frame[column], fold(column) in ARM_ALONE)
        if found is not None:
            plan.roles[column] = Role(ARM, baseline=found)
            return


def _is_method_column(frame: pd.DataFrame, column: str, plan: Plan) -> bool:
    """A column of methods as the record has them, or one of these misspelt."""
    role = plan.roles.get(column)
    if role is None or role.field != "method":
        return False
    known = ("baseline", "intermediate", "direct")
    cells = {str(cell).strip().casefold() for cell in frame[column].dropna().unique()} - {""}
    return not cells or all(cell in known for cell in cells) or any(
        cell not in known and did_you_mean(cell, known) for cell in cells
    )  # fmt: skip


def _baseline_of(cells: pd.Series[Any], alone: bool) -> str | None:
    """The value of the runs without the stage, where some cells say that there was none and others what it was.

    ``alone`` tells that the heading speaks of the stage alone, so that an empty cell, ``no`` or ``base`` is a baseline.
    """
    texts = ["" if cell is None or cell != cell else str(cell).strip() for cell in cells.unique()]
    without = [text for text in texts if (arm_of(text) == "" if alone else fold(text) in PLAIN_BASELINES)]
    if SIZE_WORDS & {fold(text) for text in texts}:
        return None
    named = [text for text in without if text]
    if not without or len(without) == len(texts) or len(named) > 1:
        return None
    return named[0] if named else ""


def _few(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
