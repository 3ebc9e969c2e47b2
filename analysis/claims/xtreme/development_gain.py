"""Claims about gains on development data, for which no table is bundled: what other printed gains say of them."""

from __future__ import annotations

from ..numbers.intervals import rounded
from ..registry import Claim, registry
from ..verdicts import NO_DATA, Check, Evidence, Reading
from .printed_scores import line_of


def check_development_gain(claim: Claim) -> Check:
    """No development score is bundled; other printed gains still say which data a figure cannot come from.

    On the scores that they were chosen on, the best intermediate tasks (one for each target task) are on average at
    least as good as any one task for all target tasks.
    """
    from ...records.bundled import load

    average = registry().claims["average-gain"]
    reason = f"no development scores are bundled; {claim.settlement}"
    findings = []
    single = claim.scope.get("intermediate", "")
    if single and claim.interval.low > average.interval.high:
        findings.append(
            f"{claim.value} for one intermediate task is above the {average.value} of the best one for each target "
            "task: both cannot be averages of the scores that the best were chosen on, so they are of different data."
        )
    frame = load("phang2020_x_stilts")
    rows = frame[frame["target_task"].str.startswith("dev-set average") & frame["gain"].notna()]
    evidence = tuple(
        Evidence(
            "phang2020_x_stilts",
            (line_of(index),),
            f"{row['condition']} prints {row['gain']} for {row['intermediate_task']} on development data",
        )
        for index, row in rows.iterrows()
        if row["intermediate_task"] == single
    )
    if evidence:
        printed = rounded(float(rows["gain"].iloc[0]), 1)
        same = "the same figure" if printed.meets(claim.interval) else "another figure"
        findings.append(f"The first version of the abstract prints {same} ({rows['gain'].iloc[0]}) for this task.")
    if claim.kind == "ordering":
        others = [
            other
            for other in registry().claims.values()
            if other.kind == "gain per intermediate task"
            and other.value is not None
            and other.computation == claim.computation
            and other.value != claim.value
        ]
        below = all(other.interval.high <= claim.interval.low for other in others)
        findings.append(
            f"It is {'above' if below else 'not above'} the {len(others)} single tasks whose gain is claimed; the "
            f"other single tasks would have to gain less than {float(claim.interval.high):.2f}."
        )
    return Check((Reading("development data", NO_DATA),), reason, evidence, findings=tuple(findings))
