"""Scores of submissions: those that XTREME expects, by each rule, and what is said of files that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.core.errors import CrossliftError
from runner.benchmarks.score import score_submission
from runner.benchmarks.suites import SUITES, find_suite
from runner.cli.main import main
from tests.conftest import ROOT

MOCK = ROOT.parent / "shared" / "reference" / "xtreme"
#: Sums of floats in another order; the figures have about 16 digits.
TOLERANCE = 1e-9

needs_mock = pytest.mark.skipif(not MOCK.is_dir(), reason="XTREME's mock submission is not beside this checkout")


@needs_mock
@pytest.mark.parametrize("suite", ["xtreme", "xtreme-r"])
def test_a_mock_submission_has_the_averages_of_the_benchmark(suite: str) -> None:
    expected = json.loads((MOCK / "expected.json").read_text())[suite]
    found = score_submission(MOCK / "predictions", MOCK / "labels", find_suite(suite))
    means = {task.part.name: task.means for task in found.tasks}
    assert set(expected) <= set(means)
    for task, metrics in expected.items():
        for metric, value in metrics.items():
            assert means[task][metric] == pytest.approx(value, abs=TOLERANCE), (task, metric)


@needs_mock
def test_tasks_groups_and_the_average_follow_from_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = json.loads((MOCK / "expected.json").read_text())["xtreme"]
    arguments = ["score", str(MOCK / "predictions"), "--labels", str(MOCK / "labels")]
    assert main([*arguments, "--json", str(tmp_path / "s.json")]) == 0
    content = json.loads((tmp_path / "s.json").read_text())
    mlqa = (expected["mlqa"]["exact_match"] + expected["mlqa"]["f1"]) / 2
    assert content["tasks"]["mlqa"]["score"] == pytest.approx(mlqa, abs=TOLERANCE)
    pair = [expected["xnli"]["accuracy"], expected["pawsx"]["accuracy"]]
    assert content["groups"]["classification"] == pytest.approx(sum(pair) / 2, abs=TOLERANCE)
    scores = [content["tasks"][task]["score"] for task in expected]
    assert content["average"] == pytest.approx(sum(scores) / 9, abs=TOLERANCE)
    out = capsys.readouterr().out
    assert f"average of 9 tasks: {content['average']:.2f}" in out
    assert main([*arguments, "--benchmark", "xtreme-r"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "no average of the benchmark:" in out
    assert "xquad lacks ro" in out
    assert "no files of xcopa" in out


def write(place: Path, **files: str) -> Path:
    for name, text in files.items():
        task, _, file = name.partition("__")
        (place / task).mkdir(parents=True, exist_ok=True)
        (place / task / f"test-{file}").write_text(text, encoding="utf-8")
    return place


def questions(*accepted: str) -> str:
    qas = [{"id": str(i), "answers": [{"text": text}]} for i, text in enumerate(accepted)]
    return json.dumps({"data": [{"paragraphs": [{"qas": qas}]}]})


def both(tmp_path: Path, task: str, file: str, labels: str, predictions: str) -> dict[str, float]:
    write(tmp_path / "labels", **{f"{task}__{file}": labels})
    write(tmp_path / "own", **{f"{task}__{file}": predictions})
    (found,) = score_submission(tmp_path / "own", tmp_path / "labels", SUITES["xtreme"]).tasks
    return found.means


def test_accuracy_is_that_of_equal_lines(tmp_path: Path) -> None:
    assert both(tmp_path, "xnli", "de.tsv", "a\nb\nb\n", "a\nb\nc\n") == {"accuracy": pytest.approx(200 / 3)}


def test_parts_of_speech_that_differ_are_not_one_type(tmp_path: Path) -> None:
    """Every SCONJ as CCONJ: seqeval from 0.0.13 on reads both as CONJ and gives 100."""
    labels = "NOUN\nSCONJ\nVERB\n\nCCONJ\nNOUN\n"
    found = both(tmp_path, "udpos", "de.tsv", labels, labels.replace("SCONJ", "CCONJ"))
    assert found == {metric: pytest.approx(80.0) for metric in ("precision", "recall", "f1")}


def test_xquad_has_the_rule_of_squad_and_mlqa_its_own(tmp_path: Path) -> None:
    labels, own = questions("公元前3世纪"), json.dumps({"0": "公元前 3 世纪"})
    assert both(tmp_path / "x", "xquad", "zh.json", labels, own) == {"exact_match": 0.0, "f1": 0.0}
    assert both(tmp_path / "m", "mlqa", "zh.json", labels, own) == {"exact_match": 100.0, "f1": 100.0}


def test_pairs_are_a_set(tmp_path: Path) -> None:
    found = both(tmp_path, "bucc2018", "de.tsv", "a\tx\nb\ty\n", "b\ty\na\ty\nb\ty\nc\tz\n")
    assert found == {"precision": pytest.approx(100 / 3), "recall": 50.0, "f1": pytest.approx(40.0)}


def test_a_ranking_counts_the_place_of_the_right_one(tmp_path: Path) -> None:
    write(tmp_path / "labels", **{"mewslix__de.json": json.dumps({"a": ["Q1"], "b": ["Q2"], "c": ["Q3"]})})
    long = [f"Q{i}" for i in range(100, 120)]
    write(tmp_path / "own", **{"mewslix__de.json": json.dumps({"a": ["Q1"], "b": ["Q9", "Q2"], "c": [*long, "Q3"]})})
    (found,) = score_submission(tmp_path / "own", tmp_path / "labels", SUITES["xtreme-r"]).tasks
    assert found.means == {"map@20": pytest.approx(50.0)}


@pytest.mark.parametrize(
    ("task", "file", "labels", "predictions", "words"),
    [
        ("xnli", "de.tsv", "a\nb\n", "a\n", "test-de.tsv' has 1 predictions; the labels have 2."),
        ("udpos", "de.tsv", "A\n\nB\n", "A\nB\n", "has 2 tags in 1 sentences; the labels have 2 in 2."),
        ("xquad", "zh.json", questions("a", "b"), '{"0": "a"}', "lacks 1 of 2 predictions, such as that of '1'."),
        ("xquad", "zh.json", questions("a"), "{", "test-zh.json' is not JSON"),
        ("xnli", "de.tsv", "a\n", "", "test-de.tsv' is empty."),
        ("xnli", "xx.tsv", "a\n", "a\n", "share no language of xnli."),
        ("none", "de.tsv", "a\n", "a\n", "share no task of xtreme. Tasks: xnli, pawsx,"),
    ],
)
def test_files_that_do_not_fit_are_named(
    tmp_path: Path, task: str, file: str, labels: str, predictions: str, words: str
) -> None:
    with pytest.raises(CrossliftError) as caught:
        both(tmp_path, task, file, labels, predictions)
    assert words in str(caught.value)


def test_an_unknown_benchmark_and_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(CrossliftError, match="unknown benchmark 'xtrem'. Did you mean 'xtreme'"):
        find_suite("xtrem")
    with pytest.raises(CrossliftError, match="nowhere' is not a directory. Give one with TASK/test-LANGUAGE.tsv"):
        score_submission(tmp_path / "nowhere", tmp_path, SUITES["xtreme"])
