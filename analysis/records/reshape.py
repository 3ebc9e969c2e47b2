"""From columns with roles to a score a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import RecordError
from .arms import apply_arm, arms_in_names
from .cells import two_values
from .headers import metric_of
from .roles import ARM, LEFT_OUT, Role
from .understand import Plan

if TYPE_CHECKING:
    import pandas as pd

#: Where a row of the long table was read: the heading of the column that its score stands in.
PRINTED = "\x00printed"


def reshape(frame: pd.DataFrame, plan: Plan, name: str, first_line: int) -> pd.DataFrame:
    """Rows of the record: renamed, a row for each column of scores, arms as methods. The index stays that of the rows.

    The column ``PRINTED`` holds the heading under which each score stands.
    """
    frame = frame.drop(columns=[column for column, role in plan.roles.items() if role.field == LEFT_OUT])
    scores = {column: role for column, role in plan.roles.items() if role.field == "score"}
    arm = [(column, role) for column, role in plan.roles.items() if role.field == ARM]
    for column, role in arm:
        frame, notice = apply_arm(frame, column, role.baseline, name, plan.roles)
        plan.notices.append(notice)
    plain = {
        column: role.field
        for column, role in plan.roles.items()
        if role.field not in (ARM, LEFT_OUT, "score") and column in frame.columns
    }
    frame = frame.rename(columns=plain)
    _refuse_doubled(frame, name)
    if scores:
        frame = _long(frame, scores, name)
        frame = _two_metrics(frame, name, first_line)
    frame, said = arms_in_names(frame)
    plan.notices += said
    return frame


def _long(frame: pd.DataFrame, scores: dict[str, Role], name: str) -> pd.DataFrame:
    """One row for each column of scores and row."""
    import pandas as pd

    others = frame.drop(columns=list(scores))
    if len(scores) == 1:
        column, role = next(iter(scores.items()))
        same: dict[str, str] = {**dict(role.where), PRINTED: column}
        return frame.rename(columns={column: "score"}).assign(**same)
    parts = []
    for column, role in scores.items():
        own: dict[str, Any] = {**dict(role.where), "score": frame[column], PRINTED: column}
        parts.append(others.assign(**own))
    long = pd.concat([part.astype({"score": object}) for part in parts])
    wide = any("language" in dict(role.where) for role in scores.values())
    order = long.index.to_numpy().argsort(kind="stable")
    long = long.iloc[order]
    if wide and "language" not in long.columns:
        raise RecordError(f"{name}: columns of scores have no language.")
    return long


def _two_metrics(frame: pd.DataFrame, name: str, first_line: int) -> pd.DataFrame:
    """Cells such as ``80.1/75.2``: two rows, if the heading or the metric says of what (``F1/EM``)."""
    import pandas as pd

    pairs = [two_values(cell) if isinstance(cell, str) and "/" in cell else None for cell in frame["score"]]
    if not any(pairs):
        return frame
    metric = frame["metric"] if "metric" in frame.columns else frame[PRINTED]
    one, two = [], []
    for i, (pair, said) in enumerate(zip(pairs, metric, strict=True)):
        names = _metrics_of(said) or _metrics_of(frame[PRINTED].iloc[i])
        if pair is not None and names is None:
            line = first_line + int(frame.index[i])
            raise RecordError(
                f"{name}, line {line}, column '{frame[PRINTED].iloc[i]}': '{frame['score'].iloc[i]}' is two numbers, "
                "and nothing says of which metrics.",
                "Write both into the heading or the column 'metric', for example F1/EM.",
            )
        one.append((pair[0] if pair else frame["score"].iloc[i], names[0] if pair and names else said))
        two.append((pair[1], names[1]) if pair and names else None)
    first = frame.assign(score=[value for value, _ in one], metric=[metric for _, metric in one])
    if "metric" not in frame.columns:
        first["metric"] = [metric if pair else None for (_, metric), pair in zip(one, pairs, strict=True)]
    keep = [row is not None for row in two]
    second = frame[keep].assign(score=[row[0] for row in two if row], metric=[row[1] for row in two if row])
    both = pd.concat([first, second])
    return both.iloc[both.index.to_numpy().argsort(kind="stable")]


def _metrics_of(text: object) -> tuple[str, str] | None:
    if not isinstance(text, str) or "/" not in text:
        return None
    parts = [metric_of(part) for part in text.replace("(", " ").replace(")", " ").split("/")]
    if len(parts) == 2 and all(parts):
        return str(parts[0]), str(parts[1])
    words = [part.split()[-1] if i == 0 else part.split()[0] for i, part in enumerate(text.split("/")) if part.split()]
    found = [metric_of(word.strip("()")) for word in words]
    return (str(found[0]), str(found[1])) if len(found) == 2 and all(found) else None


def _refuse_doubled(frame: pd.DataFrame, name: str) -> None:
    names: Sequence[Any] = list(frame.columns)
    doubled = [column for column in dict.fromkeys(names) if names.count(column) > 1]
    if doubled:
        raise RecordError(f"{name} has more than one column '{doubled[0]}'.", "Keep one, or rename the others.")
