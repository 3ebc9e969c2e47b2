"""Mean gains by arm, by domain and by depth: who gains how much over which baseline."""

from __future__ import annotations

import pandas as pd

from ..describe import value_table
from ..numbers import Value
from .rows import OVER, Fits, Section, Sweep, at_depths, basis, change, crossed, key, left_out, means, short, targets_of

#: The two arms of equal size that differ in domain, and the domain of each.
DOMAINS = ("banking77:500", "nollysenti:500")


def by_arm(sweep: Sweep) -> Section:
    """Every intermediate arm on every target, over either baseline."""
    fits, values, entries = Fits(), dict[str, Value](), dict[str, tuple[Value, str]]()
    shown: dict[str, Value] = {}
    used: dict[str, list[pd.DataFrame]] = {name: [] for name in OVER}
    for baseline, over in OVER.items():
        frame = sweep.gains[baseline].frame
        for target in targets_of(frame):
            rows = crossed(frame[frame["target_task"] == target], "model", "arm")
            used[baseline].append(rows)
            found = means(rows, "arm", f"{target}, over {over}", fits)
            for arm in sorted(found, key=lambda name: (name.split(":")[0], float(name.split(":")[1]))):
                entries[f"{target}: {arm}, over {over}"] = (found[arm], basis(rows[rows["arm"] == arm]))
                values[key(target, arm, baseline)] = found[arm]
                if baseline == "steps":
                    shown[f"{target}: {arm}"] = found[arm]
    steps = [value for name, value in values.items() if name.endswith("_steps")]
    up, down = (sum(value.settled and (value.estimate > 0) is sign for value in steps) for sign in (True, False))
    where = at_depths(sweep, used["steps"])
    words = (
        f"Of {len(steps)} pairs of an intermediate arm and a trained target{where}, {up} gain over going on with the "
        f"target task for as many steps and {down} lose (intervals that exclude zero); the others are not settled. "
        "Both were trained in English and tested in other languages: neither is fine-tuning in the language tested."
    )
    notes = left_out(sweep, used, "not every arm on their target was run at their depth")
    table = value_table(entries, "points", "Mean gain over languages", notes)
    return Section(" ".join([words, *sweep.caveats]), values, table, fits, basis(pd.concat(used["steps"])), shown)


def by_domain(sweep: Sweep) -> Section | None:
    """The two arms of one size against each other; the baseline, which both share, drops out."""
    frame = sweep.gains["plain"].frame
    first, second = (frame[frame["arm"] == arm] for arm in DOMAINS)
    keys = ["model", "target_task", "seed", "language", "condition"]
    pairs = first[[*keys, "gain"]].merge(second[[*keys, "gain"]], on=keys, suffixes=("", "_other"))
    if pairs.empty:
        return None
    pairs = pairs.assign(
        difference=pairs["gain_other"] - pairs["gain"],
        run=pairs["model"] + " " + pairs["target_task"] + " " + pairs["seed"],
    )
    fits, entries, values = Fits(), dict[str, tuple[Value, str]](), dict[str, Value]()
    names = " minus ".join(reversed(DOMAINS))
    for target in targets_of(pairs):
        rows = pairs[pairs["target_task"] == target]
        values[target] = means(rows, "target_task", f"{names} on {target}", fits, "difference")[target]
        entries[f"{target}: {names}"] = (values[target], basis(rows))
    words = f"With as many examples and steps, {names} is " + "; ".join(
        f"{{sweep_{target}.estimate}} ({{sweep_{target}.interval}}) on {target}" for target in values
    )
    if {"nusax", "sib200"} <= set(values):
        both = pairs[pairs["target_task"].isin(["nusax", "sib200"])]
        both = both.assign(sentiment=(both["target_task"] == "nusax").astype(float))
        values["domain"] = change(both, "sentiment", "Domain by target", fits, "difference")
        entries["nusax (sentiment) minus sib200 (topics)"] = (values["domain"], basis(both))
        words += (
            "; between sentiment and topics the difference changes by {sweep_domain.estimate} points "
            "({sweep_domain.basis}), which is above zero if film reviews suit sentiment better than topics"
        )
    table = value_table(entries, "points", "One domain of intermediate data against another")
    shown = {short(name): value for name, (value, _) in entries.items()}
    return Section(" ".join([words + ".", *sweep.caveats]), values, table, fits, basis(pairs), shown)


def by_depth(sweep: Sweep) -> Section:
    """Mean gain at each depth over the arms that all depths of a target have, by target and baseline."""
    fits, values, entries = Fits(), dict[str, Value](), dict[str, tuple[Value, str]]()
    used: dict[str, list[pd.DataFrame]] = {name: [] for name in OVER}
    grows: dict[str, list[str]] = {}
    for baseline, over in OVER.items():
        frame = sweep.gains[baseline].frame
        models = frame.groupby("model")["params_m"].first().sort_values().index
        seen = frame.groupby("target_task")["model"].nunique()
        for target in [name for name in targets_of(frame) if seen[name] > 1 or seen.max() == 1]:
            rows = crossed(frame[frame["target_task"] == target], "arm", "model")
            used[baseline].append(rows)
            found = means(rows, "model", f"Depths on {target}, over {over}", fits)
            for model in [name for name in models if name in found]:
                entries[f"{target}: {model}, over {over}"] = (found[model], basis(rows[rows["model"] == model]))
                values[key(target, model, baseline)] = found[model]
            if len(found) > 1:
                ends = [next(name for name in order if name in found) for order in (models, models[::-1])]
                part = rows[rows["model"].isin(ends)]
                part = part.assign(deepest=(part["model"] == ends[1]).astype(float))
                label = f"{target}: {ends[1]} minus {ends[0]}, over {over}"
                grown = values[key(target, "grown", baseline)] = change(part, "deepest", label, fits)
                entries[label] = (grown, basis(part))
                name = f"sweep_{key(target, 'grown', baseline)}"
                said = f"{{{name}.estimate}} points ({{{name}.interval}}) over {over}"
                grows.setdefault(f"On {target} the gain changes from {ends[0]} to {ends[1]} by ", []).append(said)
    depths = sweep.gains["plain"].frame["model"].nunique()
    words = (
        f"The sweep has {depths} depths: {', '.join(models)}. Their gains are compared by target, over the "
        "arms that every depth has on it, and are not pooled with other models. "
        + " ".join(f"{start}{' and by '.join(said)}." for start, said in grows.items())
        if depths > 1
        else f"The sweep has one depth, {models[0]}: nothing can be said about depth."
    )
    notes = left_out(sweep, used, "their target was run at one depth, or not every depth has their arm on it")
    table = value_table(entries, "points", "Mean gain over arms and languages by depth", notes)
    shown = {short(name): value for name, (value, _) in entries.items()}
    return Section(" ".join([words, *sweep.caveats]), values, table, fits, basis(pd.concat(used["plain"])), shown)
