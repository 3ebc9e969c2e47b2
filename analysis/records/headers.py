"""Words of this field in the headings of tables, and the fields of the record that they mean."""

from __future__ import annotations

import re

#: Metrics by their words; also headings of columns of scores.
METRIC_WORDS = {
    "acc": "acc", "accuracy": "acc", "f1": "f1", "f1score": "f1", "em": "em", "exactmatch": "em", "macrof1": "macro_f1",
    "f1macro": "macro_f1", "microf1": "micro_f1", "f1micro": "micro_f1", "weightedf1": "weighted_f1", "bleu": "bleu",
    "chrf": "chrf", "chrf++": "chrf++", "rouge1": "rouge1", "rouge2": "rouge2", "rougel": "rougeL", "mcc": "mcc",
    "las": "las", "uas": "uas", "map": "map", "mrr": "mrr", "ndcg": "ndcg", "precision": "precision",
    "recall": "recall",
}  # fmt: skip

#: Headings of a field, folded; the first that a table has is taken.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "language": ("lang", "lg", "locale", "languages", "langs", "languagecode", "langcode", "targetlanguage",
                 "targetlang", "testlanguage", "testlang", "evallanguage", "evallang", "tgtlang", "tgtlanguage",
                 "iso6393", "iso639", "isocode", "iso", "evaluationlanguage", "hfsubset", "languageiso", "langid",
                 "languagename", "lng"),
    "model": ("modelname", "checkpoint", "backbone", "encoder", "plm", "lm", "pretrainedmodel", "modelid", "basemodel",
              "models", "modelcheckpoint", "system", "ckpt"),
    "params_m": ("paramsm", "params", "parameters", "nparams", "numparams", "numparameters", "modelsize", "size",
                 "paramsb", "parametersm", "parametersb", "nparameters", "modelparams", "sizeb", "sizem"),
    "target_task": ("task", "dataset", "benchmark", "testset", "evaltask", "targetdataset", "taskname", "datasetname",
                    "evaluationtask", "evaldataset", "tasks"),
    "intermediate_task": ("intermediatedataset", "stilt", "stilts", "intertask", "intermediatetaskname"),
    "train_language": ("trainlang", "sourcelanguage", "sourcelang", "srclang", "srclanguage", "traininglanguage",
                       "pivot", "pivotlanguage", "transferlanguage", "finetunelanguage", "finetuninglanguage",
                       "traininglang"),
    "n_items": ("n", "ntest", "testsize", "numitems", "numsamples", "nsamples", "numexamples", "nexamples", "items",
                "testitems", "support", "ntestitems", "testexamples"),
    "std_error": ("stderr", "se", "standarderror", "stderror"),
    "seed": ("randomseed", "seeds"),
    "split": ("evalsplit", "evaluationsplit"),
    "metric": ("metricname", "measure", "metrics"),
    "study": ("paper", "publication"),
    "family": ("modelfamily",),
    "revision": ("commit", "modelrevision"),
    "note": ("notes", "comment", "comments"),
    "train_examples": ("ntrain", "trainsize", "trainingexamples", "trainingsize"),
    "gain": ("delta", "improvement", "lift", "δ", "transfergain", "gains"),
}  # fmt: skip
#: Headings of a column of scores that say no metric.
SCORE_WORDS = (
    "score",
    "value",
    "result",
    "scores",
    "performance",
    "mainscore",
    "results",
    "testscore",
    "points",
    "f1em",
    "emf1",
    "f1exactmatch",
)
#: Headings of a column that tells runs with the intermediate stage from those without.
ARM_WORDS = ("method", "intermediate", "intermediatetask", "setting", "setup", "arm", "stage", "variant", "training",
             "approach", "intermediatetraining", "finetuning", "strategy", "configuration", "config", "stilt", "stilts",
             "treatment", "regime", "transfer", "intermediatedataset", "intertask")  # fmt: skip
#: Of these headings those that speak of nothing else; of the others only plain words count as a baseline.
ARM_ALONE = frozenset({"method", "intermediate", "intermediatetask", "arm", "intermediatetraining", "stilt", "stilts",
                       "treatment", "transfer", "intermediatedataset", "intertask"})  # fmt: skip
PLAIN_BASELINES = frozenset(
    {"none", "baseline", "without", "nointermediate", "nointermediatetask", "withoutintermediate"}
)
#: Beside these, ``base`` is a size and no baseline.
SIZE_WORDS = frozenset({"tiny", "mini", "small", "medium", "large", "xl", "xxl", "huge"})
#: Values of such a column for runs without it, folded.
BASELINE_WORDS = frozenset(
    {"", "none", "baseline", "base", "no", "without", "vanilla", "na", "-", "–", "—", "false", "0", "control", "off",
     "nointermediate", "nointermediatetask", "notraining", "plain", "withoutintermediate"}
)  # fmt: skip
#: Values that say that there was a stage and not which.
TREATED_WORDS = frozenset({"intermediate", "with", "yes", "true", "1", "stilt", "stilts", "treatment", "on", "treated"})


def fold(text: str) -> str:
    """A heading as it is compared: without case, blanks, ``_`` and marks."""
    return re.sub(r"[\s_\-.:%#()\[\]{}↑↓*†/\\]+", "", text.casefold())


def metric_of(heading: str) -> str | None:
    """The metric that a heading of scores says: empty if it says none, ``None`` if it is no such heading."""
    key = fold(heading)
    if key in METRIC_WORDS:
        return METRIC_WORDS[key]
    return "" if key in SCORE_WORDS else None


def arm_of(value: object) -> str | None:
    """What a value says of the intermediate stage: empty for none, ``None`` if there was one without a name.

    Anything else is the name of the intermediate task.
    """
    text = "" if value is None or value != value else str(value).strip()
    key = fold(text)
    if key in BASELINE_WORDS or text in ("-", "–", "—"):
        return ""
    return None if key in TREATED_WORDS else text
