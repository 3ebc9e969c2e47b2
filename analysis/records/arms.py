"""Which runs had the intermediate stage: from a column that says it, or from names such as ``mBERT + MNLI``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..core.errors import RecordError, did_you_mean
from .headers import arm_of
from .roles import Role

if TYPE_CHECKING:
    import pandas as pd

_JOINED = re.compile(r"^(?P<model>.+?)\s*(?:\+|→|->| w/ | with |&)\s*(?P<task>.+)$")


def apply_arm(
    frame: pd.DataFrame, column: str, baseline: str, name: str, roles: Mapping[str, Role]
) -> tuple[pd.DataFrame, str]:
    """Set ``method``, and ``intermediate_task`` where the column names it, from a column that tells arms apart.

    Raises
    ------
    RecordError
        If no row has the value of the baseline, or every row has.
    """
    import pandas as pd

    texts = ["" if cell is None or cell != cell else str(cell).strip() for cell in frame[column]]
    without = [text == baseline or (text == "" and arm_of(baseline) == "") for text in texts]
    if not any(without) or all(without):
        values = sorted(set(texts))
        raise RecordError(
            f"{name}: {'no' if not any(without) else 'every'} row has '{baseline}' in column '{column}', "
            "so that it tells no arms apart.",
            did_you_mean(baseline, values) or f"Its values: {', '.join(values[:8])}.",
        )
    direct = [text.casefold() == "direct" for text in texts]
    method = [
        "baseline" if no else "direct" if own else "intermediate" for no, own in zip(without, direct, strict=True)
    ]
    stated = any(role.field == "intermediate_task" for role in roles.values() if role is not roles[column])
    task = [None if no or own else arm_of(text) for no, own, text in zip(without, direct, texts, strict=True)]
    changed = frame.drop(columns=[column]).assign(method=pd.Series(method, index=frame.index, dtype="str"))
    if not stated and any(task):
        changed["intermediate_task"] = pd.Series([text or None for text in task], index=frame.index, dtype="str")
    others = sorted({text for text, no in zip(texts, without, strict=True) if not no})
    shown = ", ".join(f"'{text}'" for text in others[:4]) + (", …" if len(others) > 4 else "")
    words = f"'{baseline}'" if baseline else "an empty cell"
    return changed, (
        f"'{column}': {words} is without the intermediate stage ({sum(without)} rows), {shown} with it "
        f"({len(texts) - sum(without)} rows)."
    )


def arms_in_names(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Models called ``X`` and ``X + Y``: the second is the first after the intermediate task ``Y``."""
    if "model" not in frame.columns or {"method", "intermediate_task"} & set(frame.columns):
        return frame, []
    models = [cell.strip() if isinstance(cell, str) else None for cell in frame["model"]]
    known = {model for model in models if model}
    found: dict[str, tuple[str, str]] = {}
    for model in sorted(known):
        match = _JOINED.match(model)
        if match and match["model"].strip() in known:
            found[model] = (match["model"].strip(), match["task"].strip())
    if not found:
        return frame, []
    import pandas as pd

    bases = {base for base, _ in found.values()}
    columns: dict[str, list[str | None]] = {
        "model": [found[model][0] if model in found else model for model in models],
        "method": ["intermediate" if model in found else "baseline" if model in bases else None for model in models],
        "intermediate_task": [found[model][1] if model in found else None for model in models],
    }
    one, (base, task) = next(iter(found.items()))
    notice = (
        f"'{one}' is read as '{base}' after the intermediate task '{task}', and so are {len(found)} of {len(known)} "
        "names of models."
    )
    return frame.assign(
        **{key: pd.Series(value, index=frame.index, dtype="str") for key, value in columns.items()}
    ), [notice]  # fmt: skip
