# %% [markdown]
# # English intermediate training or direct fine-tuning
#
# *The question:* does intermediate training on English data give higher F1 on low-resource languages than fine-tuning
# in the language itself?

# %%
import crosslift as cl
from analysis.present.notebook import (
    OWN_SWEEP,
    Table,
    Value,
    against_direct,
    average_gains,
    begin,
    by_arm,
    by_family,
    find_sweep,
    fit_diagnostics,
    fit_mixed,
    key_table,
    keys_of,
    mean_value,
    model_method,
    model_references,
    modes,
    number,
    own_sweeps,
    plot_caterpillar,
    plot_heat,
    plot_paired,
    show,
)

session = begin("intermediate_vs_direct")
DIRECT = "masakhaner2_direct_finetuning_seeds"
AVERAGES = ("chung2021_rembert", "xue2021_mt5")
DATA = session.data or (DIRECT, *AVERAGES)
read = cl.read(DATA, session.mapping)
session.provenance(read.sources)

# %% [markdown]
# > {answer}
#
# {table key}
#
# {figure main}
#
# {answer_words}
#
# ## What the data cannot say
#
# - {paired_words}
# - {average_words}
# - {sides_words}
# - {sweep_words}

# %%
paired = against_direct(read.frame)
if paired is None:
    session.numbers["paired_words"] = (
        "No study here scored both arms: the same model, task and language once after English intermediate training "
        "and once "
        "after fine-tuning in the language. The question cannot be answered by these data, and the two sides are "
        "shown apart."
    )
else:
    session.numbers["paired"] = paired.value
    session.numbers["paired_cells"] = paired.cells
    session.numbers["paired_languages"] = paired.languages
    session.say("paired_words", "Both arms were scored in {paired_cells} cells of {paired_languages} languages.")
    if paired.result:
        session.diagnose(*fit_diagnostics(paired.result, "Intermediate minus direct"))
sweeps = () if session.data else own_sweeps()
session.numbers["sweep_words"] = (
    "Whether a gain is more than that of further training needs a baseline of as many steps; the section on a sweep "
    "says whether the data have one."
    if session.data
    else f"The sweep {', '.join(sweeps)} has an equal-steps control, and has a section of its own."
    if sweeps
    else f"The set '{OWN_SWEEP}', a sweep with both arms and an equal-steps control, is missing from the bundled data."
)

gains = average_gains(read.frame, metric="f1")
has_gains = gains["gain"].count() > 1
session.numbers["average_words"] = (
    "The gains of English intermediate tasks are averages over languages, as the publications print them: they do not "
    "say how much a low-resource language gains."
    if has_gains
    else "Gains of averages over languages, which publications print, are not among these data."
)
by_task = gains.groupby("target_task")["gain"].mean()
if len(by_task) > 1:
    session.numbers["stilts"] = mean_value(by_task.to_list(), "points of F1")
    session.numbers["stilts_tasks"] = len(by_task)
    session.say(
        "stilts_words",
        "English intermediate tasks change F1 by {stilts} over {stilts_tasks} target tasks, averaged over languages",
    )
else:
    session.numbers["stilts_words"] = "The data do not contain average gains of English intermediate tasks on F1"

records = read.frame
flags = records["flags"].fillna("")
direct = records[(records["method"] == "direct") & (records["metric"] == "f1") & records["score"].notna()]
collapsed = direct[flags.loc[direct.index].str.contains("collapsed-run")]
kept = direct[~flags.loc[direct.index].str.contains("collapsed-run|copied-folder")].dropna(subset=["seed"])
if len(kept) and kept["language"].nunique() > 2 and kept["model"].nunique() > 2:
    fit = fit_mixed("score ~ 1 + (1|language) + (1|model) + (1|language:model)", kept)
    session.numbers["direct"] = Value.of_row(fit.fixed.iloc[0].to_dict(), "F1")
    session.numbers["direct_languages"] = int(kept["language"].nunique())
    session.numbers["direct_models"] = int(kept["model"].nunique())
    session.numbers["direct_rows"] = len(kept)
    session.numbers["seed_sd"] = Value(fit.components[-1].std_dev)
    session.numbers["collapsed"] = len(collapsed)
    session.numbers["direct_runs"] = len(direct)
    session.say(
        "direct_words",
        "fine-tuning in the language reaches {direct.estimate} F1 ({direct.interval}; {direct.df} degrees of "
        "freedom) in "
        "{direct_languages} languages, with a standard deviation of {seed_sd.estimate} points between seeds",
    )
else:
    fit = None
    session.numbers["direct_words"] = "the data contain too few direct runs for a mean"
shown = {name: sorted(part["target_task"].dropna().unique()) for name, part in
         records[records["score"].notna()].groupby("method")}  # fmt: skip
session.numbers["sides_words"] = (
    "The comparison is within cells: what tells their languages and tasks from others is not in it."
    if paired
    else "The direct scores are in-language training on one task, named entities, in African languages; the "
    "intermediate ones are on other tasks and other languages. A difference between the two columns would be one of "
    "tasks and languages, and none is computed."
    if not session.data
    else f"Direct scores are on {len(shown.get('direct', ()))} tasks and intermediate ones on "
    f"{len(shown.get('intermediate', ()))}; without cells that have both, no difference is computed."
)
session.say(
    "answer",
    "In cells scored both ways intermediate training differs from direct fine-tuning by {paired.estimate} points "
    "({paired.interval})."
    if paired
    else "The data do not answer the question: no study scored both arms.",
)
session.table("key", key_table({
    "cells scored both ways": paired.cells if paired else 0,
    "direct scores": int((records["method"].eq("direct") & records["score"].notna()).sum()),
    "intermediate scores": int((records["method"].eq("intermediate") & records["score"].notna()).sum()),
}))  # fmt: skip
session.say(
    "answer_words",
    ("In cells scored both ways intermediate training differs from direct fine-tuning by {paired}. " if paired else
     "The data do not answer the question: no study scored both arms. ")
    + "{stilts_words}; {direct_words}.",
)  # fmt: skip

# %%
if has_gains:
    session.figure(
        "main",
        lambda ax: plot_paired(gains, ax, "F1, mean over languages"),
        "F1 without (open) and with (filled) the best English intermediate task per target task, by "
        "publication; means over languages.",
        "Pairs of points by target task.",
        height=0.8 + 0.28 * len(gains),
    )
else:
    chosen = records[records["score"].notna() & records["method"].notna() & (records["language"] != "mul")]
    if chosen.empty:
        session.omit("main")
    else:
        cells = by_family(chosen, "method", "score")
        session.figure(
            "main",
            lambda ax: plot_heat(cells, ax, "Mean score (points)", "Method", centre=None),
            "Mean score by language and method; hatched: no data.",
            "Heat map of scores by language and method.",
            height=1.4 + 0.17 * len(cells),
        )

# %% [markdown]
# ## A sweep with an equal-steps control
#
# {sweep_detail}
#
# {figure sweep}
#
# {table sweep_table}

# %%
sweep = find_sweep(session.data)
section = by_arm(sweep) if sweep else None
show(
    session,
    sweep,
    section,
    "Gain over as many steps on the target task (points)",
    "Mean gain of each intermediate arm over going on with the target task for as many "
    "steps, with 95% intervals (Satterthwaite; filled: without zero): {sweep_rests_on}.",
    "Gains over continued training by intermediate arm and target.",
)

# %% [markdown]
# ## Direct fine-tuning, seed by seed
#
# {direct_detail}
#
# {figure direct}
#
# {table direct}

# %%
if fit is not None:
    session.say(
        "direct_detail",
        "Of {direct_runs} runs {collapsed} collapsed; they are left out of the means and shown as a count, because a "
        "collapse is "
        "a result too. A comparison of two arms with one seed each would be blurred by {seed_sd.estimate} points "
        "times the square "
        "root of two before any language is looked at.",
    )
    language_modes = modes(fit, "language")
    session.figure(
        "direct",
        lambda ax: plot_caterpillar(
            language_modes, ax, "F1 after direct fine-tuning: difference from the mean (points)"
        ),
        "Conditional modes of {direct_languages} languages with 95% intervals, {direct_rows} runs of {direct_models} "
        "models.",
        "Languages sorted by F1 after direct fine-tuning.",
        height=1.2 + 0.17 * len(language_modes),
    )
    per_model = kept.groupby("model")["score"].agg(["mean", "size"]).sort_values("mean", ascending=False)
    lost = collapsed.groupby("model").size()
    session.table(
        "direct",
        Table(
            ("model", "mean F1", "runs", "collapsed"),
            tuple((name, number(row["mean"], 1), str(int(row["size"])), str(int(lost.get(name, 0))))
                  for name, row in per_model.iterrows()),
            "Direct fine-tuning by model",
        ),
    )  # fmt: skip
    session.diagnose(*fit_diagnostics(fit, "Direct fine-tuning"))
    session.method(model_method(fit, "F1 scores of seeds"))
    session.cite(*model_references(fit))
else:
    session.numbers["direct_detail"] = "The data contain too few seeds of direct fine-tuning."
    session.omit("direct")
copied = int(flags.loc[direct.index].str.contains("copied-folder").sum())
if copied:
    session.diagnose(
        f"{copied} direct runs are left out: two models' folders contain the same scores, and which is the copy is "
        "unknown."
    )
if has_gains:
    session.method("Gains of intermediate training are differences of averages over languages, as printed.")
session.cite("phang2020", *keys_of(list(session.sources)))
session.finish()
