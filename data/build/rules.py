"""Rules that find known defects in a converted table, from the figures themselves."""

from __future__ import annotations

import pandas as pd

# F1 below this is a run that learned nothing (the lowest run that did learn is far above it).
COLLAPSED_F1 = 20.0


def add_flag(frame: pd.DataFrame, where: pd.Series, flag: str) -> None:
    """Add ``flag`` to the rows where ``where`` holds."""
    old = frame.loc[where, "flags"]
    frame.loc[where, "flags"] = [flag if not value else f"{value};{flag}" for value in old]


def flag_copied_folders(frame: pd.DataFrame) -> None:
    """Runs of two models with the same scores, seed by seed, for one language: one folder is a copy of the other.

    One equal score may be chance; two or more for the same pair of models are not. Collapsed runs are left to their own
    flag: they share a score of zero without being copies.
    """
    keys = ["study", "target_task", "language", "seed", "metric", "score"]
    alike = frame[frame["score"] >= COLLAPSED_F1].groupby(keys)["model"].agg(lambda names: " = ".join(sorted(names)))
    pairs = alike[alike.str.contains(" = ")].rename("pair").reset_index()
    counts = pairs.groupby(["study", "target_task", "language", "metric", "pair"])["seed"].transform("size")
    copied = frame.merge(pairs[counts > 1], on=keys, how="left")["pair"].notna()
    add_flag(frame, copied.set_axis(frame.index), "copied-folder")


def flag_collapsed_runs(frame: pd.DataFrame) -> None:
    """Fine-tuning runs that ended near zero F1."""
    add_flag(frame, (frame["metric"] == "f1") & (frame["score"] < COLLAPSED_F1), "collapsed-run")


def flag_impossible_averages(frame: pd.DataFrame) -> None:
    """Printed language averages that no rounding of the printed cells can give.

    A cell printed to ``d`` decimals is within half a unit of its value, so the mean of the cells is known to half a
    unit as well, and a printed average can differ from it by one unit at most.
    """
    keys = [
        "study", "source", "model", "method", "intermediate_task", "target_task", "metric", "split", "seed",
        "condition",
    ]  # fmt: skip
    filled = frame[keys].fillna("")
    whole = frame["flags"].str.contains("average") & ~frame["flags"].str.contains("aggregate")
    group = filled.agg("\x1f".join, axis=1)
    means = frame[~whole].groupby(group[~whole])["score"].mean()
    spoilt = group.isin(group[frame["flags"].str.contains("misprint")])
    expected = group.map(means).where(~spoilt)
    unit = frame["score"].map(lambda value: 10.0 ** -decimals(value), na_action="ignore")
    add_flag(frame, whole & ((frame["score"] - expected).abs() > unit + 1e-9), "average-mismatch")


def decimals(value: float) -> int:
    """Decimals that a figure is printed with, at least one."""
    text = f"{value:.6f}".rstrip("0")
    return max(1, len(text) - text.index(".") - 1)
