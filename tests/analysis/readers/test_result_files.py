"""Results of other harnesses than lm-eval, and lm-eval's harder cases; layouts as these programs write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.cli.main import main
from analysis.core.errors import CrossliftError, RecordError
from analysis.outcomes.build import Options, build_outcome
from analysis.records.read import Input, read_inputs
from analysis.records.task_names import known_task


def read(path: Path, content: Any, lines: bool = False) -> Input:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(map(json.dumps, content)) if lines else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return read_inputs([str(path)])


def rows(found: Input, *columns: str) -> list[list[Any]]:
    return found.records[list(columns)].astype(object).where(found.records[list(columns)].notna(), None).values.tolist()


def harness(results: dict[str, Any], configs: dict[str, str] | None = None, **config: Any) -> dict[str, Any]:
    own = {name: {"task": name, "dataset_name": value, "num_fewshot": 0} for name, value in (configs or {}).items()}
    return {"results": results, "configs": own, "config": {"model": "hf", "model_args": "pretrained=org/m", **config}}


def test_names_of_tasks_are_read_with_their_own_list(tmp_path: Path) -> None:
    codes = {"egy": "arz", "lev": "apc", "msa": "ara", "eng": "eng"}
    results = {f"AraDiCE_boolq_{code}": {"acc,none": 0.5} for code in codes}
    found = read(tmp_path / "r.json", harness(results, {name: f"BoolQ-{name[-3:]}" for name in results}))
    assert rows(found, "language", "target_task") == [[iso, "AraDiCE_boolq"] for iso in codes.values()]
    results = {f"Dialects_{code}": {"acc,none": 0.5} for code in codes}
    found = read(tmp_path / "r.json", harness(results))
    assert any("no list of languages is known for Dialects: " in notice and "egy Egyptian" in notice
               for notice in found.notices)  # fmt: skip
    assert known_task("pisa_ch") == ("zho", "pisa", True)
    assert known_task("mgsm_en_cot_sw") == ("sw", "mgsm_en_cot", False)
    assert known_task("arc_easy") is None and known_task("mgsm_en_cot") == ("en", "mgsm_cot", False)


def test_a_file_of_one_language_is_read_alone_and_pools_with_others(tmp_path: Path) -> None:
    for code in ("hau", "swa"):
        name = f"afrixnli_{code}_prompt_1"
        read(tmp_path / f"{code}.json", harness({name: {"acc,none": 0.35}}, {name: code}))
    found = read_inputs([str(tmp_path / f"{code}.json") for code in ("hau", "swa")])
    assert rows(found, "language", "target_task") == [["hau", "afrixnli_prompt_1"], ["swa", "afrixnli_prompt_1"]]


def test_variants_of_a_test_set_stay_apart(tmp_path: Path) -> None:
    results = {name: {"acc,none": 0.4} for name in ("xnli_eu", "xnli_eu_mt", "xnli_eu_native", "xnli_en")}
    configs = {"xnli_eu": "eu", "xnli_eu_mt": "eu_mt", "xnli_eu_native": "eu_native", "xnli_en": "en"}
    found = read(tmp_path / "r.json", harness(results, configs))
    assert rows(found, "target_task", "language") == [
        ["xnli", "eus"], ["xnli_mt", "eus"], ["xnli_native", "eus"], ["xnli", "eng"],
    ]  # fmt: skip


def test_runs_that_are_not_alike_are_not_paired(tmp_path: Path) -> None:
    results = {f"xnli_{code}": {"acc,none": 0.4 + i / 100} for i, code in enumerate(("de", "fr", "sw"))}
    configs = {name: name[-2:] for name in results}
    tuned = "pretrained=org/m,peft=out/squad"
    read(tmp_path / "base.json", harness(results, configs))
    for changed in ({"limit": 50.0}, {"apply_chat_template": True}, {"model_args": tuned + ",load_in_4bit=True"}):
        read(tmp_path / "tuned.json", harness(results, configs, **{"model_args": tuned, **changed}))
        both = read_inputs([str(tmp_path / "base.json"), str(tmp_path / "tuned.json")])
        with pytest.raises(CrossliftError, match="baseline for the task, but not under this condition"):
            build_outcome(both.records, Options(outcome="gain"))
    read(tmp_path / "tuned.json", harness(results, configs, model_args=tuned))
    both = read_inputs([str(tmp_path / "base.json"), str(tmp_path / "tuned.json")])
    assert len(build_outcome(both.records, Options(outcome="gain")).frame) == 3


def test_scale_by_task_and_metric_and_missing_scores(tmp_path: Path) -> None:
    results = {
        "xquad_de": {"f1,none": 48.9}, "xquad_hi": {"f1,none": 0.7},
        "afrisenti_swa_prompt_1": {"f1,none": 0.38}, "xnli_de": {"acc,none": None}, "xnli_sw": {"acc,none": "N/A"},
    }  # fmt: skip
    configs = {"xquad_de": "xquad.de", "xquad_hi": "xquad.hi", "xnli_de": "de", "xnli_sw": "sw"}
    found = read(tmp_path / "r.json", harness(results, configs))
    assert rows(found, "target_task", "score") == [["xquad", 48.9], ["xquad", 0.7], ["afrisenti_prompt_1", 38.0]]
    assert any("left out 2 tasks without a score: xnli_de, xnli_sw." in notice for notice in found.notices)
    with pytest.raises(RecordError, match="is of the lm-evaluation-harness, and none of its tasks has a score"):
        read(tmp_path / "r.json", harness({"xnli_de": {"acc,none": None}}, {"xnli_de": "de"}))


def test_a_pair_of_languages_is_no_task_of_one(tmp_path: Path) -> None:
    names = {"mafand_amh_eng": "amh-eng", "mafand_eng_amh": "eng-amh"}
    with pytest.raises(RecordError, match="no task whose name says its language: mafand_amh_eng, mafand_eng_amh"):
        read(tmp_path / "r.json", harness({name: {"acc,none": 0.3} for name in names}, names))


def test_mteb(tmp_path: Path) -> None:
    entries = [
        {"accuracy": 0.615, "f1": 0.58, "main_score": 0.615, "hf_subset": "ja", "languages": ["jpn-Jpan"]},
        {"accuracy": 0.5, "main_score": 0.5, "hf_subset": "zh-TW", "languages": ["cmn-Hant"], "ap": float("nan")},
        {"main_score": 0.4, "hf_subset": "en-de", "languages": ["eng-Latn", "deu-Latn"]},
    ]
    content = {"dataset_revision": "r", "task_name": "Massive", "mteb_version": "2.2", "scores": {"test": entries}}
    folder = tmp_path / "results" / "org__m" / "abc"
    found = read(folder / "Massive.json", content)
    expected = [["org/m", "jpn", "acc", 61.5, None], ["org/m", "jpn", "f1", 58.0, None],
                ["org/m", "zho", "acc", 50.0, "script=Hant"]]  # fmt: skip
    assert rows(found, "model", "language", "metric", "score", "condition") == expected
    assert any("left out 1 entries of several languages" in notice for notice in found.notices)
    (folder / "model_meta.json").write_text(json.dumps({"name": "org/n", "n_parameters": 5_000_000}), encoding="utf-8")
    tree = read_inputs([str(tmp_path / "results")])
    assert rows(tree, "model", "params_m", "score")[0] == ["org/n", 5.0, 61.5]
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordError, match="holds no results that are known"):
        read_inputs([str(tmp_path / "empty")])


def test_euroeval(tmp_path: Path) -> None:
    def line(languages: list[str], **total: float) -> dict[str, Any]:
        return {"dataset": "scala", "task": "la", "languages": languages, "model": "m", "few_shot": True,
                "num_model_parameters": 2_000_000_000, "results": {"raw": [], "total": total}}  # fmt: skip

    lines = [line(["da"], test_mcc=44.1, test_mcc_se=1.2, test_macro_f1=0.9, num_failed_instances=0),
             line(["nb", "nn", "no"], test_mcc=-1.0, test_macro_f1=30.0), line(["de", "en"], test_mcc=1.0)]  # fmt: skip
    found = read(tmp_path / "results.jsonl", lines, lines=True)
    assert rows(found, "language", "metric", "score", "std_error") == [
        ["dan", "mcc", 44.1, 1.2], ["dan", "macro_f1", 0.9, None], ["nor", "macro_f1", 30.0, None],
    ] or found.records["score"].tolist()[1] == 0.9  # fmt: skip
    said = " ".join(found.notices)
    assert "left out 1 data sets of several languages" in said and "left out 1 scores below zero" in said


def test_lighteval(tmp_path: Path) -> None:
    results = {
        "lighteval|belebele_swh_Latn_cf|5": {"acc_norm": 0.42, "acc_norm_stderr": 0.016},
        "lighteval|xnli2.0_fra_mcf|0": {"acc": 0.5},
        "lighteval|gsm8k|0": {"acc": 0.1},
        "all": {"acc": 0.3},
    }
    found = read(tmp_path / "r.json", {"config_general": {"model_name": "m"}, "results": results})
    assert rows(found, "target_task", "language", "metric", "score", "std_error", "condition") == [
        ["belebele_cf", "swa", "acc_norm", 42.0, 1.6, "5-shot"], ["xnli2.0_mcf", "fra", "acc", 50.0, None, "0-shot"],
    ]  # fmt: skip
    said = " ".join(found.notices)
    assert "left out averages: all." in said and "left out 1 tasks whose names say no language: gsm8k." in said


def test_scores_by_language_whatever_is_inside(tmp_path: Path) -> None:
    cases = (
        ({"de": {"eval_accuracy": 0.71}, "sw": {"eval_accuracy": 0.55}}, "None deu acc 71.0; None swa acc 55.0"),
        ({"xnli": {"avg_metric": 73.1, "accuracy": {"en": 83.2, "sw": 62.0}}}, "xnli eng acc 83.2; xnli swa acc 62.0"),
        ({"xquad": {"f1": {"en": 80.0}, "exact_match": {"en": 70.0}}}, "xquad eng f1 80.0; xquad eng em 70.0"),
    )
    for content, expected in cases:
        found = rows(read(tmp_path / "x.json", content), "target_task", "language", "metric", "score")
        assert "; ".join(" ".join(map(str, row)) for row in found) == expected


def test_helm_sumeval_and_inspect(tmp_path: Path) -> None:
    name = {"name": "exact_match", "split": "test", "perturbation": {"name": "translate", "language": "swahili"}}
    found = read(tmp_path / "stats.json", [{"name": name, "mean": 0.4}, {"name": {"name": "f1"}, "mean": 0.2}])
    assert rows(found, "language", "metric", "score") == [["swa", "em", 40.0]]
    found = read(tmp_path / "x.json", [{"train_config": {"en": 100}, "eval_results": {"de": 0.7}},
                                       {"train_config": {"en": 9, "sw": 1}, "eval_results": {"de": 0.6}}])  # fmt: skip
    assert rows(found, "train_language", "language", "score") == [["eng", "deu", 70.0], ["mul", "deu", 60.0]]
    log = {"version": 2, "status": "success", "eval": {"task": "mgsm", "model": "m", "task_args": {"language": "sw"}},
           "results": {"completed_samples": 250, "scores": [{"name": "match", "metrics": {
               "accuracy": {"value": 0.31}, "stderr": {"value": 0.02}}}]}}  # fmt: skip
    assert rows(read(tmp_path / "log.json", log), "language", "score", "n_items") == [["swa", 31.0, 250.0]]
    with pytest.raises(RecordError, match="a log of inspect-ai, and nothing .* used: its status is 'error'"):
        read(tmp_path / "log.json", {**log, "status": "error"})


def test_what_the_harness_prints(tmp_path: Path) -> None:
    (tmp_path / "t.md").write_text(
        "|  Task   |Version|Filter|n-shot|Metric|   |Value |   |Stderr|\n"
        "|---------|------:|------|-----:|------|---|-----:|---|-----:|\n"
        "|xnli_de  |      1|none  |     0|acc   |↑  |0.4812|±  |0.0100|\n"
        "|xnli_sw  |      1|none  |     0|acc   |↑  |0.3912|±  |0.0098|\n", encoding="utf-8")  # fmt: skip
    assert rows(read_inputs([str(tmp_path / "t.md")]), "language", "score", "std_error") == [
        ["deu", 48.12, 1.0], ["swa", 39.12, 0.98],
    ]  # fmt: skip


def test_every_eval_ever_in_and_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score = {"score": 0.42, "uncertainty": {"standard_error": {"value": 0.016}, "num_samples": 900}}
    scale = {"lower_is_better": False, "min_score": 0, "max_score": 1}
    content = {"schema_version": "0.2.0", "evaluation_id": "b/m", "model_info": {"name": "m", "id": "org/m"},
               "evaluation_results": [
                   {"evaluation_name": "belebele_swh_Latn", "metric_config": scale, "score_details": score},
                   {"evaluation_name": "x_de", "metric_config": {"lower_is_better": True}, "score_details": score},
               ]}  # fmt: skip
    found = read(tmp_path / "in.json", content)
    assert rows(found, "language", "target_task", "score", "std_error", "n_items") == [
        ["swa", "belebele", 42.0, 1.6, 900.0]
    ]
    table = pd.DataFrame({"model": ["m", "n"], "language": ["de", "sw"], "score": [54.8, 60.1],
                          "std_error": [1.5, None],
                          "method": ["baseline", "intermediate"], "intermediate_task": [None, "mnli"],
                          "target_task": "xnli", "metric": "acc", "n_items": [100, None]})  # fmt: skip
    table.to_csv(tmp_path / "scores.csv", index=False)
    out = tmp_path / "scores.eee.json"
    assert main(["validate", str(tmp_path / "scores.csv"), "--out", str(out)]) == 0
    capsys.readouterr()
    fields = (
        "model",
        "language",
        "score",
        "std_error",
        "method",
        "intermediate_task",
        "target_task",
        "metric",
        "n_items",
    )
    assert rows(read_inputs([str(out)]), *fields) == rows(read_inputs([str(tmp_path / "scores.csv")]), *fields)
    made = json.loads(out.read_text(encoding="utf-8"))
    assert made[0]["evaluation_results"][0]["source_data"]["additional_details"]["language"] == "deu"


def test_validate_finds_conflicts_and_says_what_is_lacking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["model,task,language,method,accuracy,n_items"]
    lines += [
        f"m,{task},{code},{method},{50 + i + j * (1 + i % 3 + len(task) / 7):.1f},500"
        for task in ("xnli", "pawsx")
        for i, code in enumerate(("de", "sw", "th", "fr", "fi", "zh"))
        for j, method in enumerate(("baseline", "intermediate"))
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert main(["validate", str(path), "--write-mapping", str(tmp_path / "m.toml")]) == 0
    out = capsys.readouterr().out
    assert "fit         ✓  12 gains, 6 languages" in out and f"analyze fit --factor typology --data {path}" in out
    assert "meta        ✓  12 gains with sampling variances" in out and "needs 3 sizes of models" in out
    assert main(["fit", "--factor", "typology", "--data", str(path), "--mapping", str(tmp_path / "m.toml")]) == 0
    bare = [line.replace("accuracy", "score") for line in lines]
    (tmp_path / "bare.csv").write_text("\n".join(bare), encoding="utf-8")
    assert main(["meta", "--data", str(tmp_path / "bare.csv")]) == 2
    assert "They have n_items, and no metric: --set metric=acc" in capsys.readouterr().err
    assert main(["meta", "--data", str(tmp_path / "bare.csv"), "--set", "metric=acc"]) == 0
    path.write_text("\n".join([*lines, "m,xnli,de,baseline,77,500"]), encoding="utf-8")
    capsys.readouterr()
    assert main(["validate", str(path)]) == 0
    assert "one evaluation has two scores" in capsys.readouterr().out
