"""A user's own results beside the directions of the claims. They settle no claim: models, tasks and data differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.confidence import CONFIDENCE
from ..registry import Claim, Registry
from ..registry import registry as bundled_claims
from .printed_scores import MODEL, RETRIEVAL, TASKS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: Fewer languages give no interval worth printing.
FEWEST_LANGUAGES = 3
SAME, OPPOSITE, UNDECIDED, UNMEASURED, UNFIT = (
    "same direction", "opposite direction", "undecided", "not measured", "cannot test it",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Direction:
    """Which gains bear on a claim, and whether it says that they are there."""

    targets: tuple[str, ...] = ()
    intermediate: str = ""
    gains: bool = True


#: Other names of XTREME's tasks, as runs and harnesses have them.
ALIASES = {"ud_pos": "udpos", "wikiann": "panx", "tydiqa-goldp": "tydiqa", "bucc": "bucc2018", "xquad-squad": "xquad"}

#: Claims that are about the direction of a gain.
DIRECTIONS: Mapping[str, Direction] = {
    "average-gain": Direction(),
    "dev-gain-squad": Direction(intermediate="squad"),
    "dev-gain-mnli": Direction(intermediate="mnli"),
    "dev-gain-hellaswag": Direction(intermediate="hellaswag"),
    "retrieval-gain": Direction(targets=RETRIEVAL),
    "tydiqa-gains": Direction(targets=("tydiqa",)),
    "xnli-no-gain": Direction(targets=("xnli",), gains=False),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """One claim and the gains of the results that bear on it.

    Attributes
    ----------
    claim, claimed
        Name of the claim and its direction in words.
    outcome
        ``same direction``, ``opposite direction``, ``undecided``, ``not measured`` or ``cannot test it``.
    gain, conf_low, conf_high, df
        Mean gain in points with its 95% interval; ``None`` where there is none.
    rows, languages
        Gains and languages behind it.
    differs
        How model and tasks differ from those of the claim.
    """

    claim: str
    claimed: str
    outcome: str
    gain: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    df: int | None = None
    rows: int = 0
    languages: int = 0
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replication:
    """All claims about directions beside some results, and what of the results was left out."""

    sources: tuple[str, ...]
    beside: tuple[Beside, ...]
    read: int
    dropped: tuple[tuple[str, int], ...]
    notices: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """One row per claim."""
        from dataclasses import asdict

        import pandas as pd

        return pd.DataFrame([asdict(item) | {"differs": "; ".join(item.differs)} for item in self.beside])


def replicate(names: Sequence[str], registry: Registry | None = None) -> Replication:
    """Read results (stores of ``runner``, tables, bundled sets) and set them beside the claims (default: the bundled).

    Raises
    ------
    CrossliftError
        If they cannot be read, or no gain can be paired in them.
    """
    from ...outcomes.build import Options, build_outcome
    from ...records.read import read_inputs

    read = read_inputs(list(names))
    outcome = build_outcome(read.records, Options(outcome="gain"))
    return Replication(
        sources=tuple(source.name for source in read.sources),
        beside=tuple(beside_claims(outcome.frame, bundled_claims() if registry is None else registry)),
        read=len(read.records),
        dropped=outcome.dropped,
        notices=read.notices,
    )


def beside_claims(gains: pd.DataFrame, registry: Registry) -> Iterator[Beside]:
    """Set rows of gains (as ``build_outcome`` gives them) beside every claim about a direction."""
    gains = gains.assign(target_task=gains["target_task"].replace(ALIASES))
    for name, direction in DIRECTIONS.items():
        if name in registry.claims:
            yield _beside(registry.claims[name], direction, gains)


def _beside(claim: Claim, direction: Direction, gains: pd.DataFrame) -> Beside:
    claimed = "a gain" if direction.gains else "no gain"
    rows = gains
    if direction.targets:
        rows = rows[rows["target_task"].isin(direction.targets)]
    if direction.intermediate:
        rows = rows[rows["intermediate_task"].fillna("").str.lower().str.startswith(direction.intermediate)]
    if rows.empty:
        what = " and ".join(filter(None, [direction.intermediate, " or ".join(direction.targets)]))
        return Beside(claim.id, claimed, UNMEASURED, differs=(f"no gain with {what} is in the results",))
    differs = list(_differences(direction, rows))
    tuned = [model for model in rows["model"].dropna().unique() if "e5" in model.lower()]
    estimate, low, high, df = estimate_gain(rows)
    outcome = _outcome(direction, low, high)
    if direction.targets == RETRIEVAL and tuned:
        differs.append(
            f"{', '.join(tuned)} was tuned for retrieval before, so it cannot show what the stage adds to it"
        )
        outcome = UNFIT
    return Beside(
        claim.id, claimed, outcome, estimate, low, high, df, len(rows), int(rows["language"].nunique()), tuple(differs)
    )


def _outcome(direction: Direction, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return UNDECIDED
    if low > 0:
        return SAME if direction.gains else OPPOSITE
    if high < 0:
        return OPPOSITE if direction.gains else SAME
    return UNDECIDED


def _differences(direction: Direction, rows: pd.DataFrame) -> Iterator[str]:
    models = sorted(set(rows["model"].dropna()) - {MODEL})
    if models:
        yield f"{_list(models)}, not {MODEL}"
    targets = sorted(set(rows["target_task"].dropna()))
    foreign = [task for task in targets if task not in TASKS]
    if not direction.targets:
        lacking = len(set(TASKS) - set(targets))
        if foreign or lacking:
            parts = [f"{len(targets) - len(foreign)} of XTREME's nine target tasks"]
            yield ", ".join([*parts, *([f"and {_list(foreign)}"] if foreign else [])])
    tasks = sorted(set(rows["intermediate_task"].dropna()))
    if not direction.intermediate and tasks:
        yield f"intermediate {'tasks' if len(tasks) > 1 else 'task'} {_list(tasks)}, not the best for each target"


def _list(items: Sequence[str], most: int = 4) -> str:
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def estimate_gain(rows: pd.DataFrame) -> tuple[float, float | None, float | None, int | None]:
    """Mean over target tasks of the mean over their languages, with an interval that counts languages.

    The standard error is the jackknife that leaves out one language at a time, with all its rows (Efron and Tibshirani
    1993, eq. 11.5), and the interval Student's t with one degree of freedom less than languages.
    """
    import numpy as np
    import pandas as pd

    languages, codes = np.unique(rows["language"].astype(str), return_inverse=True)
    tasks, by_task = np.unique(rows["target_task"].astype("str").fillna("").to_numpy(dtype=str), return_inverse=True)
    frame = pd.DataFrame({"gain": rows["gain"].to_numpy(dtype=float), "language": codes, "task": by_task})
    cells = frame.groupby(["task", "language"], as_index=False)["gain"].mean()
    grid = np.full((len(tasks), len(languages)), np.nan)
    grid[cells["task"].to_numpy(dtype=int), cells["language"].to_numpy(dtype=int)] = cells["gain"].to_numpy(dtype=float)
    whole = _macro(grid)
    if len(languages) < FEWEST_LANGUAGES:
        return whole, None, None, None
    left = np.array([_macro(np.delete(grid, j, axis=1)) for j in range(len(languages))])
    n = len(languages)
    error = math.sqrt((n - 1) / n * float(((left - left.mean()) ** 2).sum()))
    from scipy.stats import t

    reach = float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    return whole, whole - reach, whole + reach, n - 1


def _macro(grid: NDArray[np.float64]) -> float:
    """Mean over tasks that have a language left of the mean over their languages."""
    import numpy as np

    kept = grid[~np.isnan(grid).all(axis=1)]
    return float(np.nanmean(kept, axis=1).mean())
