# %% [markdown]
# # Do the printed figures hold up?
#
# *The question:* five syntheses of one paper print claims, most of them marked as verified. Which of them do published
# tables support, and what would the average gain need to be true?

# %%
import crosslift as cl
from analysis.present.notebook import (
    Table,
    begin,
    calibration_table,
    claimed,
    datasets,
    decompose,
    details,
    flag_lines,
    key_table,
    keys_of,
    plot_decomposition,
    tally,
    verdict_table,
)

session = begin("replication")
found = cl.verify().details
known, outcomes = found.registry, found.outcomes
evidence = sorted({item.data for outcome in outcomes for item in outcome.check.evidence})
records = [name for name in evidence if datasets.find(name).kind == "records"]
session.provenance(cl.read(records).sources)

# %% [markdown]
# > {answer}
#
# {table key}
#
# {answer_words}
#
# {table verdicts}
#
# ## What the data cannot say
#
# - Most claims rest on tables of the paper that are not bundled: {not_checkable} of {claims} claims cannot be
#   checked, and that says nothing for or against them. Each row names the table that would settle it.
# - A verdict is about a claim as it is written. Where its definition is open, every reading is computed, and a claim
#   can be true under one and false under another.
# - Numbers are printed to one decimal. A claimed value is an interval, and so is every cell that it is recomputed from.

# %%
by_verdict = {}
for outcome in outcomes:
    by_verdict.setdefault(outcome.verdict, []).append(outcome)
session.numbers["claims"] = len(outcomes)
session.numbers["statements"] = sum(len(outcome.claim.stated) for outcome in outcomes)
session.numbers["documents"] = len(known.documents)
for verdict in (
    "reproduced",
    "reproduced-under",
    "possible-by-rounding",
    "consistent",
    "contradicted",
    "not-checkable",
):
    session.numbers[verdict.replace("-", "_")] = len(by_verdict.get(verdict, ()))
average = next(outcome for outcome in outcomes if outcome.claim.id == "average-gain")
session.numbers["average_verdict"] = average.verdict
session.numbers["average_claimed"] = claimed(average.claim, known)
session.numbers["average_reason"] = average.reason
session.numbers["average_statement"] = average.claim.statement
session.say(
    "answer",
    "Of {claims} claims {reproduced} are reproduced, {consistent} consistent with what is published, {contradicted} "
    "contradicted; {not_checkable} cannot be checked.",
)
session.table("key", key_table({name: len(by_verdict.get(name, ())) for name in
                                ("reproduced", "contradicted", "not-checkable")}))  # fmt: skip
session.say(
    "answer_words",
    "Of {claims} claims in {documents} documents, {reproduced} are reproduced, {reproduced_under} under some "
    "readings only, "
    "{possible_by_rounding} possible by rounding only, {consistent} are consistent with what is published, "
    "{contradicted} are contradicted and {not_checkable} cannot be checked. "
    "The average gain of {average_claimed} is {average_verdict}: {average_reason}.",
)
table = verdict_table(outcomes, known)
session.table("verdicts", Table(table.columns, table.rows, "", (tally(outcomes),)))

# %% [markdown]
# ## The average gain taken apart
#
# {average_statement}
#
# {figure decomposition}
#
# {table readings}
#
# {findings}
#
# ## Flags and confidences
#
# {flags}
#
# {table calibration}

# %%
apart = decompose(average.claim)
session.figure(
    "decomposition",
    lambda ax: plot_decomposition(apart, ax),
    "The average gain task by task: printed gains with their rounding, and what the missing tasks must gain for the "
    "claim to "
    "hold.",
    "Bars of gains by task; the required ones of the missing tasks are far to the right of all but one printed gain.",
    height=5.4,
)
(readings,) = [block for block in details(average, known) if isinstance(block, Table)]
session.table("readings", readings)
session.numbers["findings"] = "\n".join(f"- {line}" for line in average.check.findings)
session.numbers["flags"] = "\n".join(f"- {line}" for line in flag_lines(outcomes, known)) or "No flag is overturned."
session.table("calibration", calibration_table(outcomes))
for outcome in by_verdict.get("not-checkable", ()):
    session.diagnose(f"Missing: {outcome.claim.id}. {outcome.reason[0].upper()}{outcome.reason[1:]}.")
session.method(
    "We registered {claims} claims in {statements} rows of {documents} documents and recomputed each from published "
    "tables, in "
    "interval arithmetic over the rounding of every printed cell and under every reading of an open definition."
)
session.cite("phang2020", *keys_of(records))
session.finish()
