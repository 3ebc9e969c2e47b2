"""Files as the lm-evaluation-harness 0.4.13 writes them (their layout was read off files it wrote), and others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import main
from analysis.core.errors import RecordError
from analysis.outcomes.build import Options, build_outcome
from analysis.outcomes.item_variance import paired_variance
from analysis.outcomes.pairing import covariance
from analysis.records.harness import read_harness
from analysis.records.harness_names import split_languages
from analysis.records.read import read_inputs

LANGUAGES = ("de", "sw", "th")
N = 40


def write(place: Path, arguments: Any, right: dict[str, Any], date: str = "2026-01-01", **more: Any) -> Path:
    """A run on xcopa, whose items ``right`` says by language; logged item by item."""
    results: dict[str, Any] = {"xcopa": {"alias": "xcopa", "acc,none": 0.5, "acc_stderr,none": "N/A"}}
    configs: dict[str, Any] = {}
    for code, answers in right.items():
        name = f"xcopa_{code}"
        share = float(np.mean(answers))
        error = float(np.sqrt(share * (1 - share) / (N - 1)))
        results[name] = {"alias": f" - {name}", "name": name, "sample_len": N, "acc,none": share,
                         "acc_stderr,none": error, "perplexity,none": 7.0}  # fmt: skip
        configs[name] = {"task": name, "dataset_name": code, "test_split": "test", "num_fewshot": 0}
        lines = [
            {"doc_id": i, "filter": "none", "metrics": ["acc"], "acc": float(hit)} for i, hit in enumerate(answers)
        ]
        place.mkdir(exist_ok=True, parents=True)
        text = "\n".join(json.dumps(line) for line in reversed(lines))  # whatever their order
        (place / f"samples_{name}_{date}.jsonl").write_text(text + "\n", encoding="utf-8")
    content = {
        "results": results, "groups": {"xcopa": results["xcopa"]}, "group_subtasks": {"xcopa": [*configs]},
        "configs": configs, "n-shot": dict.fromkeys(results, 0),
        "n-samples": {name: {"original": 500, "effective": N} for name in configs},
        "config": {"model": "hf", "model_args": arguments, "model_num_parameters": 5_000_000, "model_sha": "abc"},
        "model_name": "whatever", "lm_eval_version": "0.4.13", **more,
    }  # fmt: skip
    path = place / f"results_{date}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def answers() -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(1)
    return {arm: {code: rng.random(N) < 0.6 for code in LANGUAGES} for arm in ("before", "after")}


@pytest.fixture
def runs(tmp_path: Path, answers: dict[str, dict[str, Any]]) -> list[str]:
    """A model, and the same one with an adapter; arguments as version 0.4 wrote them early and late."""
    one = write(tmp_path / "one", "pretrained=org/model,dtype=float32", answers["before"])
    two = write(tmp_path / "two", {"pretrained": "org/model", "peft": "out/squad"}, answers["after"])
    return [str(one), str(two)]


def test_a_run_and_one_with_an_adapter_are_gains_with_paired_variances(
    runs: list[str], answers: dict[str, dict[str, Any]]
) -> None:
    read = read_inputs(runs)
    assert any("'out/squad' is taken for the intermediate task 'squad'" in notice for notice in read.notices)
    assert any("left out averages over tasks: xcopa." in notice for notice in read.notices)
    assert any("left out metric 'perplexity' of 3 tasks" in notice for notice in read.notices)
    gains = build_outcome(read.records, Options(outcome="gain")).frame.set_index("language")
    assert set(gains.index) == {"deu", "swa", "tha"} and set(gains["target_task"]) == {"xcopa"}
    for code, iso in zip(LANGUAGES, ("deu", "swa", "tha"), strict=True):
        own = answers["after"][code].astype(float) - answers["before"][code]
        assert gains.loc[iso, "gain"] == pytest.approx(100 * own.mean())
        assert gains.loc[iso, "variance"] == pytest.approx(paired_variance(own))
        assert gains.loc[iso, "variance_source"] == "paired"
    assert np.allclose(np.diag(covariance(gains.reset_index()).toarray()), gains["variance"])
    row = read.records.iloc[0]
    assert (row["params_m"], row["n_items"], row["split"], row["condition"]) == (5.0, N, "test", "0-shot")
    assert (row["model"], row["revision"], row["study"]) == ("org/model", "abc", "lm-evaluation-harness")


def test_where_a_run_belongs_can_be_said(runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = ["--set", "model=m", "--set", "intermediate_task=mnli"]
    expected = build_outcome(read_inputs(runs).records, Options(outcome="gain")).frame
    for ending in ("parquet", "csv"):
        tables = [str(tmp_path / f"{name}.{ending}") for name in ("before", "after")]
        assert main(["validate", runs[0], "--set", "model=m", "--out", tables[0]]) == 0
        assert main(["validate", runs[1], *own, "--out", tables[1]]) == 0
        said = capsys.readouterr().out
        assert ("go into .parquet" in said) == (ending == "csv")
        found = build_outcome(read_inputs(tables).records, Options(outcome="gain")).frame
        assert found["gain"].tolist() == pytest.approx(expected["gain"].tolist())
        assert set(found["intermediate_task"]) == {"mnli"} and set(found["model"]) == {"m"}
        same = np.allclose(found["variance"], expected["variance"])
        assert same == (ending == "parquet")  # a CSV has no items, so that its variances are larger
    for arguments, words in (
        (["--set", "modl=m"], "'modl' is not a field of the record, so it cannot be set.\n  Did you mean 'model'"),
        (["--set", "model"], "--set 'model' is not FIELD=VALUE."),
        (["muennighoff2022_xmtf", "--set", "model=m"], "'muennighoff2022_xmtf' is bundled as it was published"),
        (["--out", "x.xlsx"], "records cannot be written as 'x.xlsx'.\n  Endings: .csv, .parquet, .eee.json."),
        (["--out", str(tmp_path / "none" / "x.parquet")], "cannot be written"),
    ):
        assert main(["validate", runs[0], *arguments]) == 2
        assert words in capsys.readouterr().err


def test_items_that_are_not_all_logged_are_not_used(runs: list[str]) -> None:
    log = Path(runs[0]).parent / "samples_xcopa_sw_2026-01-01.jsonl"
    log.write_text("\n".join(log.read_text(encoding="utf-8").splitlines()[:-1]) + "\n", encoding="utf-8")
    rows = read_harness(Path(runs[0])).rows.set_index("language")
    assert rows.loc["sw", "correct"] is None and rows.loc["th", "correct"] is not None
    log.write_text('{"doc_id": 0}\n{"doc', encoding="utf-8")
    with pytest.raises(RecordError, match=r"'samples_xcopa_sw_2026-01-01.jsonl', line 2: no logged item"):
        read_harness(Path(runs[0]))


def test_an_old_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps({
        "results": {"xnli_de": {"acc": 0.4, "acc_stderr": 0.01}, "xnli_fr": {"acc": 0.45, "acc_stderr": 0.01},
                    "hellaswag": {"acc": 0.3, "acc_stderr": 0.01}},
        "versions": {}, "config": {"model": "hf", "model_args": "pretrained=gpt2"},
    }), encoding="utf-8")  # fmt: skip
    read = read_inputs([str(path)])
    assert read.records[["language", "target_task", "score", "std_error"]].values.tolist() == [
        ["deu", "xnli", 40.0, 1.0], ["fra", "xnli", 45.0, 1.0],
    ]  # fmt: skip
    assert any("left out 1 tasks whose names say no language: hellaswag." in notice for notice in read.notices)


def test_points_stay_points(tmp_path: Path) -> None:
    results = {
        "qa_de": {"f1,none": 61.5, "exact_match,strict": 0.5},
        "qa_fr": {"f1,none": 0.9, "exact_match,strict": 0.25},
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"results": results}), encoding="utf-8")
    rows = read_harness(path).rows
    assert rows.loc[rows["metric"] == "f1", "score"].tolist() == [61.5, 0.9]
    assert rows.loc[rows["metric"] == "em", "score"].tolist() == [50.0, 25.0]
    assert rows.loc[rows["metric"] == "em", "condition"].tolist() == ["filter=strict"] * 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[1]", "holds no results of the lm-evaluation-harness"),
        ('{"results": 3}', "holds no results of the lm-evaluation-harness"),
        ('{"results": {"hellaswag": {"acc,none": 0.3}}}', "no task whose name says its language: hellaswag."),
        (
            '{"results": {"wmt_de": {"bleu,none": 30.0}, "wmt_fr": {"bleu,none": 31.0}}}',
            "no metric that is a share: bleu",
        ),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RecordError) as error:
        read_inputs([str(path)])
    assert words in error.value.message


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results.json").write_text("{}", encoding="utf-8")
    missing = str(tmp_path / "result.json")
    for arguments in (
        ["fit", "--factor", "size", "--data", missing],
        ["verify", missing, "--claim", "mean(score) = 1"],
    ):
        assert main(arguments) == 2
        assert f"there is no file '{missing}'.\n  Did you mean 'results.json'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ({"xnli_sw": "sw"}, {"xnli_sw": ("sw", "xnli")}),
        ({"belebele_swh_Latn": "swh_Latn"}, {"belebele_swh_Latn": ("swh_Latn", "belebele")}),
        ({"xquad_ar": "xquad.ar"}, {"xquad_ar": ("ar", "xquad")}),
        ({"mlqa_ar_ar": "mlqa.ar.ar"}, {"mlqa_ar_ar": ("ar", "mlqa")}),
        ({"include_base_44_greek_law": "Greek"}, {"include_base_44_greek_law": ("Greek", "include_base_44_law")}),
        (  # the codes are not plainly codes, but most siblings have one
            {"afrixnli_hau_prompt_2": "hau", "afrixnli_yor_prompt_2": "yor", "afrixnli_cot_yor_prompt_2": "yor"},
            {f"afrixnli_{code}_prompt_2": (code, "afrixnli_prompt_2") for code in ("hau", "yor")},
        ),
        ({"tydiqa_goldp_sw": "secondary_task", "tydiqa_goldp_te": "secondary_task"},
         {"tydiqa_goldp_sw": ("sw", "tydiqa_goldp"), "tydiqa_goldp_te": ("te", "tydiqa_goldp")}),
        ({f"ceval_{word}": word for word in ("law", "art", "logic", "physics", "civil_servant")}, {}),
        ({"wic": "wic", "esbbq_ses": "SES", "esbbq_age": "Age", "arc_easy": "ARC-Easy"}, {}),
    ],
)  # fmt: skip
def test_languages_in_names(tasks: dict[str, str], expected: dict[str, tuple[str, str]]) -> None:
    assert split_languages(tasks) == expected


def test_records_of_the_harness_have_no_foreign_columns_but_their_items(runs: list[str]) -> None:
    frame = read_inputs(runs[:1]).records
    assert isinstance(frame, pd.DataFrame)
    assert {"cell", "items"} <= set(frame.columns) and "correct" not in frame.columns


def test_every_command_reads_them(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    mean = read_inputs(runs[:1]).records["score"].mean()
    assert main(["verify", runs[0], "--claim", f"mean(score) = {mean:.2f}"]) == 0
    assert "reproduced" in capsys.readouterr().out
    assert main(["meta", "--data", *runs]) == 0
    assert "3 paired" in capsys.readouterr().out
