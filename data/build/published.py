"""Convert the collected figures of published studies to records: ``data/published/*.csv``.

Usage: ``python data/build/published.py SOURCE [OUT]`` where SOURCE holds the collected tables (one CSV per study,
figures only; their sources are in ``data/published/PROVENANCE.md``). One table of many rows is written as Parquet.

The decisions of each conversion, with reasons, are commented below; doubtful figures are flagged, never left out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))  # the record schema is the package's own

from analysis.languages.codes import is_average  # noqa: E402
from analysis.records.check import check_records  # noqa: E402
from analysis.records.condition import Condition  # noqa: E402
from analysis.records.schema import NAMES  # noqa: E402
from models import model_name  # noqa: E402
from rules import flag_collapsed_runs, flag_copied_folders, flag_impossible_averages  # noqa: E402

Row = dict[str, str]

# Studies that fine-tune on the English training set of the target task and evaluate in other languages.
ENGLISH_FINE_TUNING = {
    "Aghajanyan2020_R3F", "Artetxe2020_XQuAD", "Chung2021_RemBERT", "Conneau2020_Goyal2021_XLM-R",
    "Conneau2020_XLM-R_paper", "Devlin2019_mBERT", "He2021_mDeBERTaV3", "Lample2019_XLM", "Lewis2020_MLQA",
    "Ouyang2021_ERNIE-M_README", "Phang2020_X-STILTs", "Wang2020_MiniLM", "XTREME_baseline_via_VECO_notes",
    "Xue2021_mT5",
}  # fmt: skip
# Mixtures by their printed name, and their language: P3 has English data only, xP3 46 languages.
MIXTURES = {
    "P3 (English-only multitask)": ("P3", "eng"),
    "xP3 (multilingual data, English prompts)": ("xP3", "mul"),
    "xP3mt (machine-translated prompts)": ("xP3mt", "mul"),
    "Super-NaturalInstructions (mTk-Instruct)": ("Super-NaturalInstructions", ""),
}


# Collected tables other than scores of one study in the common columns: covariates (data/build/covariates.py), tables
# derived from another file, and tables with a conversion of their own or none yet.
OTHERS = {
    "covariates_language", "derived_pairs_xmtf", "intermediate_task_sizes", "knowtransate", "model_params",
    "stefanit_xlmv_seeds", "sumeval2022_configs", "sumeval2022_scores", "test_set_sizes", "xlmr_cc100_table6",
}  # fmt: skip


def main(source: Path, out: Path) -> None:
    sizes = test_sizes(source)
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.csv")):
        if path.stem in OTHERS:
            continue
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        lacking = {"study", "model", "score"} - set(table.columns)
        if lacking:
            raise SystemExit(
                f"{path.name} lacks the columns {', '.join(sorted(lacking))}: convert it, or name it in OTHERS."
            )
        rows = [convert(row, sizes) for row in table.to_dict("records")]
        write(pd.DataFrame(rows), out / f"{path.stem}.csv")
    write(sumeval(source), out / "sumeval2022.csv")
    write(xpos(source), out / "devries2022_xpos.parquet")
    write(xlmv_seeds(source), out / "stefanit_xlmv_seeds.csv")


def write(frame: pd.DataFrame, path: Path) -> None:
    """Apply the rules, check the result against the schema and write it."""
    frame = frame.reindex(columns=list(NAMES), fill_value="").fillna("")
    records = check_records(frame, path.name).frame
    records["flags"] = records["flags"].fillna("")
    flag_impossible_averages(records)
    if path.stem == "masakhaner2_direct_finetuning_seeds":
        flag_copied_folders(records)
        flag_collapsed_runs(records)
    numbers = ("params_m", "intermediate_examples", "train_examples", "n_items", "score", "std_error", "gain")
    plain_text = {column: records[column].map(plain) for column in numbers}
    if path.suffix == ".parquet":
        records = records.assign(**{name: pd.to_numeric(text) for name, text in plain_text.items()})
        records.replace("", None).to_parquet(path, index=False, compression="zstd", compression_level=19)
        return
    records.assign(**plain_text).to_csv(path, index=False, lineterminator="\n")


def plain(value: float) -> str:
    """A number in its shortest form; empty if missing."""
    return "" if pd.isna(value) else f"{round(value, 6):g}" if abs(value) < 1e5 else str(int(value))


def convert(row: Row, sizes: dict[tuple[str, str, str], str]) -> Row:
    """One row of a collected table as a record."""
    name, family = model_name(row["model"], row["study"])
    notes = [f"printed model: {row['model']}"] if name != row["model"] else []
    record: Row = {
        "study": row["study"],
        "source": row["source_locator"],
        "model": name,
        "params_m": row["params_m"],
        "family": family,
        "target_task": row["target_task"],
        "language": row["language"],
        "metric": row["metric"],
        "split": split_name(row["split"]),
        "score": row["score"],
        "std_error": row["stderr"],
        "revision": revision(row["source_locator"]),
        "condition": "",
        "flags": "",
    }
    if record["split"] != row["split"] and row["split"]:
        notes.append(f"printed split: {row['split']}")
    if is_average(row["language"]):
        record["flags"] = "average"
    if row["study"] in ENGLISH_FINE_TUNING:
        record["train_language"] = "eng"
    METHODS.get(row["study"], generic_method)(row, record, notes)
    if row["note"]:
        notes.append(re.sub(r"; FLAG .*", "", row["note"]))
    record["note"] = "; ".join(dict.fromkeys(notes))
    if not record.get("n_items"):
        record["n_items"] = sizes.get((record["target_task"], row["language"], record["split"]), "")
    return record


def generic_method(row: Row, record: Row, notes: list[str]) -> None:
    """Method from the wording of the collected tables."""
    words = row["method"]
    if words.startswith("baseline"):
        record["method"] = "baseline"
    elif words.startswith("intermediate:"):
        record["method"] = "intermediate"
        record["intermediate_task"] = row["intermediate_task"]
        record["intermediate_language"] = "eng"
    elif words == "direct in-language fine-tuning":
        record["method"] = "direct"
        record["train_language"] = "" if is_average(row["language"]) else row["language"]
    elif words in ("fine-tuning on all languages", "fine-tune on all dataset"):
        record["method"] = "direct"
        record["train_language"] = "mul"
    elif words.startswith("translate"):
        kind = "translate-test" if "test" in f"{words} {row['model']}".casefold() else "translate-train"
        record["train_language"] = ""
        flag(record, kind)
    else:
        notes.append(f"printed method: {words}")
    if row["target_task"].startswith(("AVG_", "CATEGORY")):
        flag(record, "aggregate")
        if "Table 7" in row["source_locator"]:
            record["condition"] = "Table 7"
    if row["study"] == "Wang2020_MiniLM":  # printed sizes leave the embeddings out: not comparable, so not a size
        record["params_m"] = ""
        if row["model"].startswith("XLM-R Base ("):
            record["condition"] = row["model"].removeprefix("XLM-R Base (").removesuffix(")").lower()
    if "COLUMN ORDER SUSPECT" in row["note"]:
        flag(record, "column-order-suspect")
    if "language label suspect" in row["note"]:
        flag(record, "language-order-suspect")
    if "README typo" in row["note"]:
        flag(record, "misprint")
    if "chance substitute" in row["note"]:
        flag(record, "chance-substitute")
    if words == "human":
        flag(record, "human")
    if row["note"].startswith("train="):
        record["condition"] = row["note"]
    if row["note"] == "fine-tuned variant (*)":
        record["condition"] = "fine-tuned variant"
    if row["metric"] == "f1 (per file name)":
        record["metric"] = "f1"
        notes.append("metric stated by the file name only")


def xmtf(row: Row, record: Row, notes: list[str]) -> None:
    """BLOOMZ and mT0: tuned models are their base model plus an intermediate mixture."""
    fields = dict(part.split("=", 1) for part in row["note"].split("; "))
    if row["target_task"] in ("anli", "super_glue"):
        record["target_task"] = f"{row['target_task']}/{fields['config']}"
    summary = row["metric"].removesuffix(" acc.").lower()
    record["metric"] = "acc"
    record["condition"] = str(Condition.of(prompt=fields["prompt"]) + Condition.of(f"{summary} over prompts"))
    if summary == "max":
        flag(record, "best-prompt")
    record["revision"] = "5caa1b120"
    if row["method"] == "baseline":
        record["method"] = "baseline"
        return
    record["method"] = "intermediate"
    record["intermediate_task"], record["intermediate_language"] = MIXTURES[row["intermediate_task"]]


def harness(row: Row, record: Row, notes: list[str]) -> None:
    """Zero-shot prompting of pretrained models: nothing was trained."""
    record["method"] = "baseline"
    record["condition"] = "0-shot prompting"


def mteb(row: Row, record: Row, notes: list[str]) -> None:
    """Sentence encoders: a contrastive stage on a pretrained model, then retrieval without training."""
    if row["target_task"] == "bucc2018":
        record["target_task"] = "bucc.v2"  # MTEB's protocol, not XTREME's
    if row["model"] == "mteb/baseline-random-encoder":
        flag(record, "floor")
        return
    record["method"] = "intermediate"
    if row["intermediate_task"]:
        record["intermediate_task"] = "MSMARCO + SNLI + MultiNLI"
        record["intermediate_language"] = "eng"
    else:
        record["intermediate_task"] = f"contrastive: {row['model']}"


def masakhaner(row: Row, record: Row, notes: list[str]) -> None:
    """NER fine-tuned in the language it is tested in, one row per seed."""
    found = re.match(r"seed=(\d+)", row["note"])
    assert found is not None, row["note"]
    record["method"] = "direct"
    record["train_language"] = row["language"]
    record["seed"] = found[1]


def polyglot(row: Row, record: Row, notes: list[str]) -> None:
    """mT5 trained on the target task alone against mT5 trained on prompts of many tasks."""
    generic_method(row, record, notes)
    found = re.match(r"n=(\d+)", row["note"])
    assert found is not None, row["note"]
    record["n_items"] = found[1]
    if not row["method"].startswith("baseline"):
        record["method"] = "intermediate"
        record["intermediate_task"] = "multitask prompts"


def phang(row: Row, record: Row, notes: list[str]) -> None:
    """The abstracts print gains, not scores."""
    record["gain"], record["score"] = row["score"], ""
    record["method"], record["intermediate_language"] = "intermediate", "eng"
    record["intermediate_task"] = row["intermediate_task"]
    record["condition"] = row["arxiv_id"]
    flag(record, "aggregate")


METHODS: dict[str, Callable[[Row, Row, list[str]], None]] = {
    "Muennighoff2022_xmtf": xmtf,
    "lm-eval-harness_results_2023-05": harness,
    "MTEB_results": mteb,
    "Adelani2022_MasakhaNER2": masakhaner,
    "Fu2022_PolyglotPrompt_ExplainaBoard": polyglot,
    "Phang2020_X-STILTs": phang,
}


def sumeval(source: Path) -> pd.DataFrame:
    """SumEval 2022: one run per configuration of training sizes by pivot language; scores arrive as fractions."""
    scores = pd.read_csv(source / "sumeval2022_scores.csv", dtype=str, keep_default_na=False)
    configs = pd.read_csv(source / "sumeval2022_configs.csv", keep_default_na=False)
    configs = configs[configs["n_train"] > 0]
    trained = set(zip(configs["config_id"], configs["pivot_language"], strict=True))
    total = configs.groupby("config_id")["n_train"].sum()
    pivots = configs.groupby("config_id")["pivot_language"].agg(list)
    rows = []
    for row in scores.to_dict("records"):
        name, family = model_name(row["model"], row["study"])
        task = row["target_task"]
        if task == "tydiqa" and row["model"].endswith("_OOD"):
            task = "xquad"
        config = row["config_id"]
        rows.append(
            {
                "study": row["study"],
                "source": "microsoft/Litmus SumEval/data/train",
                "revision": "0f5c85b07",
                "model": name,
                "family": family,
                "method": "baseline",
                "target_task": {"wikiann": "panx"}.get(task, task),
                "train_language": pivots[config][0] if len(pivots[config]) == 1 else "mul",
                "train_examples": str(total[config]),
                "language": row["language"],
                "score": f"{float(row['score']) * 100:.6g}",
                "condition": str(Condition.of(config=config)),
                "flags": "in-training" if (config, row["language"]) in trained else "",
            }
        )
    return pd.DataFrame(rows)


def xpos(source: Path) -> pd.DataFrame:
    """XLM-R Base trained on tags of one of 65 languages at nine budgets, tested in 105 languages.

    A budget is the number in the name of the source's file. It exceeds the sentences of the smaller treebanks (Welsh
    has 303), so it counts examples seen, some of them more than once; the two budgets in epochs state no number.
    """
    table = pd.read_csv(source / "devries2022_xpos.csv.gz", dtype=str, keep_default_na=False)
    budget = table["train_budget"]
    return pd.DataFrame(
        {
            "study": table["study"],
            "source": table["source"].str.partition("@")[2].str.partition(":")[2].radd("wietsedv/xpos "),
            "revision": table["source"].map(revision),
            "model": "XLM-R Base",
            "params_m": "270",
            "family": "XLM-R",
            "method": "baseline",
            "target_task": table["target_task"],
            "train_language": table["train_language"],
            "train_examples": budget.where(budget.str.isdigit(), ""),
            "language": table["language"],
            "metric": table["metric"],
            "split": table["split"],
            "score": table["score"],
            "condition": [str(Condition.of(budget=words)) for words in budget],
        }
    )


def xlmv_seeds(source: Path) -> pd.DataFrame:
    """XLM-R Base and XLM-V Base fine-tuned in English, five seeds; averages over seeds and languages are flagged."""
    table = pd.read_csv(source / "stefanit_xlmv_seeds.csv", dtype=str, keep_default_na=False)
    rows = []
    for row in table.to_dict("records"):
        name, family = model_name(row["model"], "stefan-it_XLM-V")
        found = re.search(r"\d$", row["row_kind"])  # 'XLM-V 3'; 'XLM-V A' and 'Language Avg.' are means over seeds
        seed = row["seed"] or (found[0] if found else "")
        scores = row["score"].split(" / ")
        for metric, score in zip(("em", "f1") if len(scores) == 2 else ("f1",), scores, strict=True):
            record = {
                "study": "stefan-it_XLM-V",
                "source": f"stefan-it/xlm-v-experiments {row['source'].partition(':')[2]}",
                "revision": revision(row["source"]),
                "model": name,
                "family": family,
                "params_m": "270" if name == "XLM-R Base" else "",
                "method": "baseline",
                "target_task": {"wikiann": "panx"}.get(row["target_task"], row["target_task"]),
                "train_language": "eng",
                "language": row["language"],
                "metric": metric,
                "split": {"Development Results": "validation", "Test Results": "test"}.get(row["split"], ""),
                "score": score,
                "seed": seed,
                "flags": "",
            }
            if is_average(row["language"]):
                flag(record, "average")
            if not seed:
                flag(record, "seed-average")
            rows.append(record)
    return pd.DataFrame(rows)


def flag(record: Row, name: str) -> None:
    record["flags"] = f"{record['flags']};{name}" if record["flags"] else name


def split_name(printed: str) -> str:
    if "test" in printed:
        return "test"
    return "validation" if printed.startswith(("dev", "val")) else printed


def revision(locator: str) -> str:
    found = re.search(r"@([0-9a-f]{7,40})", locator)
    return found[1] if found else ""


def test_sizes(source: Path) -> dict[tuple[str, str, str], str]:
    """Test items by task, printed language and split."""
    table = pd.read_csv(source / "test_set_sizes.csv", dtype=str, keep_default_na=False)
    sizes = {(row["task"], row["language"], row["split"]): row["n"] for row in table.to_dict("records")}
    # The evaluation split of XStoryCloze is called 'eval' by its data set and 'validation' by those who report on it.
    for (task, language, split), n in list(sizes.items()):
        if task == "xstory_cloze" and split == "eval":
            sizes[task, language, "validation"] = n
    return sizes


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent / "published")
