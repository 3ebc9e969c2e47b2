"""Gains and gaps: differences of paired scores, with their sampling variance and the covariance from shared scores.

A *gain* is the score with an intermediate stage minus the score without it, all else equal. A *gap* is the score in the
source language minus the score in another language, within one run. Both are in points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import PairingError
from ..records.condition import Condition
from ..records.schema import EVALUATION
from .item_variance import BASELINE_CELL, BASELINE_ITEMS, ITEMS, PAIRED, paired_blocks, paired_variances
from .sources import SOURCE, of_rows

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

#: What two scores must share to make a gain, from the coarsest to the finest.
PAIR = ("study", "model", "target_task", "metric", "split", "condition", "language", "seed")
#: What two scores must share to make a gap: everything that identifies an evaluation except the language.
RUN = tuple(name for name in EVALUATION if name != "language")
#: Metrics that are proportions of correct items, so that a binomial variance applies.
SHARES = frozenset({"acc", "accuracy", "em", "exact_match"})


@dataclass(frozen=True, slots=True)
class Pairing:
    """Paired differences, and how many rows could not be paired, by reason.

    ``frame`` keeps the columns of the first score of each pair and adds ``score_with`` and ``score_without`` (for gaps
    ``score_source`` and ``score``), the difference, ``variance`` (points²) and ``variance_source`` (``paired``,
    ``reported``, ``binomial``, ``seeds`` or ``unknown``), and for the shared score (for gaps, that in the source
    language) ``baseline`` (its row in the records) and ``baseline_variance``. Gains of a store also have
    ``baseline_cell`` and ``baseline_items``, which name the cell of the shared score and the file with its results by
    item. ``run`` numbers the training runs, each tested in several languages (for gains, those with the intermediate
    stage), and ``baseline_run`` those of the baselines.
    """

    frame: pd.DataFrame
    dropped: tuple[tuple[str, int], ...]


def pair_gains(records: pd.DataFrame) -> Pairing:
    """Pair every row of method ``intermediate`` with the ``baseline`` that shares ``PAIR`` with it.

    Rows with training languages of their own (:mod:`analysis.outcomes.sources`) share that as well.

    A baseline without a seed, such as a model that was not fine-tuned, serves every seed without a baseline of its
    own. Rows whose baseline is missing, and baselines that nothing is paired with, are counted in ``dropped``.

    Raises
    ------
    PairingError
        If one evaluation is in the table twice with different scores, or two baselines fit one row.
    """
    method = records["method"]
    treated, control = records[method == "intermediate"], records[method == "baseline"]
    paired = difference(treated, control, unseeded=True)
    dropped = list(paired.dropped)
    neither = int((~method.isin(["intermediate", "baseline"])).sum())
    if neither:
        dropped.append(("method is neither 'intermediate' nor 'baseline': not part of a gain", neither))
    used = paired.frame["baseline"].nunique()
    spare = len(control) - int(used) - sum(rows for reason, rows in paired.dropped if reason == _REPEATED_CONTROL)
    if spare:
        dropped.append(("baseline that no intermediate run is paired with", spare))
    return Pairing(paired.frame, tuple(dropped))


_REPEATED = "the same evaluation with the same score a second time"
_REPEATED_CONTROL = "the same baseline with the same score a second time"


def difference(first: pd.DataFrame, second: pd.DataFrame, unseeded: bool = False) -> Pairing:
    """Scores of ``first`` minus the scores of ``second`` that share ``PAIR`` with them.

    With ``unseeded``, rows of ``second`` without a seed are also those of every seed that ``second`` does not have.

    Exchanging the arguments changes the sign of every difference and nothing else. Where both tables hold one row for
    each key this is symmetric; ``first`` may hold several rows for one key of ``second`` (several intermediate tasks
    against one baseline).
    """
    import pandas as pd

    pair = (*PAIR, SOURCE) if {SOURCE} <= {*first.columns} & {*second.columns} else PAIR
    first, repeated = _distinct(first, EVALUATION, "evaluation")
    second, repeated_second = _distinct(second, pair, "baseline")
    left, right = _keys(first, pair), _keys(second, pair)
    position = pd.Series(np.arange(len(second)), index=right)
    match = position.reindex(left).to_numpy(dtype=float, na_value=np.nan)
    if unseeded:
        bare = np.flatnonzero(second["seed"].isna())
        but_seed = tuple(name for name in pair if name != "seed")
        position = pd.Series(bare, index=_keys(second.iloc[bare], but_seed))
        spare = position.reindex(_keys(first, but_seed)).to_numpy(dtype=float, na_value=np.nan)
        match = np.where(np.isnan(match), spare, match)
    found = ~np.isnan(match)
    dropped = _unmatched(first[~found], second, pair)
    dropped += [(_REPEATED, repeated)] if repeated else []
    dropped += [(_REPEATED_CONTROL, repeated_second)] if repeated_second else []

    frame = first[found].copy()
    partner = second.iloc[match[found].astype(int)]
    frame["score_with"] = frame.pop("score")
    frame["score_without"] = partner["score"].to_numpy()
    frame["gain"] = frame["score_with"] - frame["score_without"]
    for name, scored in (("run", first[found]), ("baseline_run", partner)):
        if name not in frame.columns:
            frame[name] = pd.factorize(run_keys(scored))[0]
    _attach_variance(frame, first[found], partner, "gain")
    if {"cell", ITEMS} <= set(second.columns) and ITEMS in frame.columns:
        frame[BASELINE_CELL], frame[BASELINE_ITEMS] = partner["cell"].to_numpy(), partner[ITEMS].to_numpy()
        over_items = paired_variances(frame)
        use = ~np.isnan(over_items)
        frame["variance"] = np.where(use, over_items, frame["variance"])
        frame["variance_source"] = np.where(use, PAIRED, frame["variance_source"])
    return Pairing(frame.reset_index(drop=True), tuple(dropped))


def pair_gaps(records: pd.DataFrame, source: str = "eng") -> Pairing:
    """Score in ``source`` minus the score in every other language of the same run.

    A run's source language is its own where rows have one (:mod:`analysis.outcomes.sources`). Runs without a score in
    it are counted in ``dropped``; so are the source rows themselves.
    """
    import pandas as pd

    records, repeated = _distinct(records, EVALUATION, "evaluation")
    own = of_rows(records, source)
    home = records["language"] == own
    several = sorted({source} if own.empty else set(own))
    named = f"'{several[0]}'" if len(several) == 1 else "of its run"
    reference, others = records[home], records[~home]
    keys = run_keys(reference)
    _refuse_two_references(reference, keys)
    position = pd.Series(np.arange(len(reference)), index=keys)
    run = run_keys(others)
    match = position.reindex(run).to_numpy(dtype=float, na_value=np.nan)
    found = ~np.isnan(match)
    dropped = [(_REPEATED, repeated)] if repeated else []
    if (~found).any():
        dropped.append((f"no score in the source language {named} in the same run", int((~found).sum())))
    if len(reference):
        dropped.append((f"score in the source language {named}: the reference of its run", len(reference)))
    frame = others[found].copy()
    partner = reference.iloc[match[found].astype(int)]
    frame["score_source"] = partner["score"].to_numpy()
    frame["gap"] = frame["score_source"] - frame["score"]
    frame["run"] = pd.factorize(run[found])[0]
    _attach_variance(frame, others[found], partner, "gap")
    return Pairing(frame.reset_index(drop=True), tuple(dropped))


def _refuse_two_references(reference: pd.DataFrame, keys: pd.Index[Any]) -> None:
    """Refuse a run with two scores in the source language, under two writings: which is the reference is not known."""
    twice = keys.duplicated(keep=False)
    if not twice.any():
        return
    first = int(twice.argmax())
    same = reference[keys == keys[first]]
    found = " and ".join(f"{row.score:g} ({row.condition or 'no condition'})" for row in same.itertuples())
    raise PairingError(
        f"one run has {len(same)} scores in the source language '{same['language'].iloc[0]}': {found}.",
        "Keep one of its writings: leave the rows of the others out of the table.",
    )


def score_variance(records: pd.DataFrame) -> tuple[Floats, Floats]:
    """Sampling variance of each score in points², and its source: ``reported``, ``binomial`` or ``unknown``.

    The binomial variance of a proportion ``p`` of ``n`` items is ``p(1-p)/n``, with ``p`` kept half an item away from 0
    and 1.
    """
    reported = records["std_error"].to_numpy(dtype=float) ** 2
    items = records["n_items"].to_numpy(dtype=float)
    share = records["score"].to_numpy(dtype=float) / 100.0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(share, 0.5 / items, 1.0 - 0.5 / items)
        binomial = 1e4 * share * (1.0 - share) / items
    binomial[~records["metric"].isin(SHARES).to_numpy()] = np.nan
    variance = np.where(np.isnan(reported), binomial, reported)
    named = np.where(np.isnan(reported), np.where(np.isnan(binomial), "unknown", "binomial"), "reported")
    return variance, named


def covariance(frame: pd.DataFrame) -> csr_array:
    """Sampling covariance of paired differences, shape ``(n, n)``, in points².

    Differences that share a reference score share its sampling error: their covariance is the reference's variance,
    or, where the variances are ``paired``, that of their per-item differences. Covariance over items that are
    translations of each other in several languages, or that several baselines answered, is left out (see
    :mod:`analysis.outcomes.item_variance`).

    Parameters
    ----------
    frame
        Rows of :func:`pair_gains` or of ``build_outcome``, any selection in any order.

    Raises
    ------
    PairingError
        If a row has no variance.
    """
    from scipy.sparse import csr_array, diags_array

    variance = frame["variance"].to_numpy(dtype=float)
    if np.isnan(variance).any():
        rows = int(np.isnan(variance).sum())
        raise PairingError(f"{rows} of {len(frame)} differences lack a sampling variance.", "Leave them out first.")
    by_items = (frame["variance_source"] == PAIRED).to_numpy()
    shared = frame["baseline_variance"].to_numpy(dtype=float)
    shared = np.where(np.isnan(shared) | by_items, 0.0, shared)
    _, codes = np.unique(_shared_score(frame), return_inverse=True)
    n = len(frame)
    loadings = csr_array((np.sqrt(shared), (np.arange(n), codes)), shape=(n, int(codes.max(initial=-1)) + 1))
    together = loadings @ loadings.T + diags_array(np.where(by_items, 0.0, variance - shared))
    if not by_items.any():
        return csr_array(together)
    blocks = list(paired_blocks(frame))
    places = (
        np.concatenate([np.repeat(own, len(own)) for own, _ in blocks]),
        np.concatenate([np.tile(own, len(own)) for own, _ in blocks]),
    )
    values = np.concatenate([block.ravel() for _, block in blocks])
    return csr_array(together + csr_array((values, places), shape=(n, n)))


def _shared_score(frame: pd.DataFrame) -> Any:
    """What tells the shared scores apart: the cell of a store, which may be in several rows, else the row."""
    row = frame["baseline"].astype(str).to_numpy(dtype=object)
    if BASELINE_CELL not in frame.columns:
        return row
    cell, metric = frame[BASELINE_CELL], frame["metric"].astype(str)
    return np.where(cell.notna(), cell.astype(str) + "\x1f" + metric, row).astype(str)


def _attach_variance(frame: pd.DataFrame, first: pd.DataFrame, second: pd.DataFrame, name: str) -> None:
    """Add variance, its source and the reference columns.

    Scores of the same items in two models are positively correlated, so the sum of two unpaired variances is an upper
    bound for their difference.
    """
    a, source_a = score_variance(first)
    b, source_b = score_variance(second)
    both = a + b
    frame["baseline"] = second.index.to_numpy()
    frame["baseline_variance"] = b
    sources = np.where(source_a == source_b, source_a, "reported and binomial").astype(object)
    known = ~np.isnan(both)
    sources[~known] = "unknown"
    over_seeds = _seed_variance(frame, name)
    use = ~known & ~np.isnan(over_seeds)
    sources[use] = "seeds"
    frame["variance"] = np.where(use, over_seeds, both)
    frame["variance_source"] = sources


def _seed_variance(frame: pd.DataFrame, name: str) -> Floats:
    """Variance of a difference over the seeds of its cell; NaN where a cell has one seed or none is stated."""
    stated = frame["seed"].notna().to_numpy()
    result = np.full(len(frame), np.nan)
    if stated.any():
        cell = _keys(frame[stated], tuple(column for column in EVALUATION if column != "seed"))
        result[stated] = frame.loc[stated, name].groupby(cell).transform("var").to_numpy()
    return result


def _distinct(records: pd.DataFrame, keys: Sequence[str], what: str) -> tuple[pd.DataFrame, int]:
    """Rows without exact duplicates; refuses two different scores under one key."""
    key = _keys(records, keys)
    repeated = np.asarray(key.duplicated(keep="first"))
    if not repeated.any():
        return records, 0
    values = records["score"].groupby(key).transform("nunique")
    clash = (values > 1).to_numpy()
    if clash.any():
        same = records[(key == key[int(clash.argmax())])]
        one, two = same.iloc[0], same[same["score"] != same.iloc[0]["score"]].iloc[0]
        differs = [c for c in records.columns if c not in ("score", "note", "source") and _unlike(one[c], two[c])]
        where = ", ".join(f"{c}={one[c]}" for c in keys if isinstance(one[c], str) and one[c])
        hint = (
            f"They differ in {', '.join(differs)}: put what tells them apart into 'condition'."
            if differs
            else "If they are runs with different seeds, add a column 'seed'; else keep one of them."
        )
        scores = f"{one['score']:g} and {two['score']:g}"
        raise PairingError(f"one {what} has two scores, {scores} (rows {one.name} and {two.name}): {where}.", hint)
    return records[~repeated], int(repeated.sum())


def _unlike(a: object, b: object) -> bool:
    missing_a, missing_b = a != a or a is None, b != b or b is None
    return missing_a != missing_b or (not missing_a and a != b)


def _keys(records: pd.DataFrame, columns: Sequence[str]) -> pd.Index[Any]:
    """One key per row; missing values compare equal."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    # In one pass: a text per column added to the last ones would copy all of them each time.
    parts = [pa.array(records[column].astype("str"), type=pa.large_string(), from_pandas=True) for column in columns]
    join = pa.scalar("\x1f", type=pa.large_string())
    key = pc.binary_join_element_wise(*parts, join, null_handling="replace", null_replacement="")
    return pd.Index(pd.array(key, dtype="str"))


def run_keys(records: pd.DataFrame) -> pd.Index[Any]:
    """One key per training run, whatever languages and scripts it was tested in."""
    return _keys(_any_writing(records), RUN)


def _any_writing(records: pd.DataFrame) -> pd.DataFrame:
    """The records with the script tested removed from their conditions: a run is the same run in every script."""
    texts = records["condition"].fillna("")
    written = {text: str(Condition.parse(text).in_any_script) for text in texts.unique()}
    if all(text == other for text, other in written.items()):
        return records
    return records.assign(condition=texts.map(written))


def _unmatched(rows: pd.DataFrame, baselines: pd.DataFrame, pair: Sequence[str]) -> list[tuple[str, int]]:
    """Why rows were not paired: the coarsest part of the key that no baseline shares."""
    reasons = (
        (("study", "model"), "no baseline of the same study and model"),
        (
            ("study", "model", "target_task", "metric", "split"),
            "baseline of the model, but not for this task and metric",
        ),
        (PAIR[:6], "baseline for the task, but not under this condition"),
        (PAIR[:7], "baseline for the task, but not in this language"),
        (PAIR, "baseline in this language, but not with this seed"),
        (pair, "baseline in this language, but trained in another one"),
    )
    result: list[tuple[str, int]] = []
    for columns, reason in reasons:
        if rows.empty:
            break
        known = _keys(rows, columns).isin(_keys(baselines, columns))
        if (~known).any():
            result.append((reason, int((~known).sum())))
        rows = rows[known]
    return result
