"""Tasks on the hub, from data sets of the same layout on the disk; and what planning needs no download for."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from analysis.core.errors import CrossliftError
from analysis.languages.codes import resolve
from runner.kinds.qa import place
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.tasks.catalog import find_task
from runner.tasks.load import load_task
from runner.tasks.spec import bundled_specs
from tests.conftest import ROOT, skip_or_fail
from tests.runner.hub_data import configure, save

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PAIRS = f"""
[implies]
hub = "HUB"
commit = "{COMMIT}"
config = "{{language}}"
kind = "pair"
fields = {{ first = "premise", second = "hypothesis" }}
label = "label"
train_language = "en"
train_examples = 4
validation = "validation"
[implies.languages]
en = 2
de = 2

[spans]
hub = "HUB2"
commit = "{COMMIT}"
config = "x.{{language}}"
test = "validation"
kind = "qa"
fields = {{ question = "question", context = "context", answer = "answers.text", start = "answers.answer_start" }}
train_hub = "HUB3"
train_commit = "{COMMIT}"
train_language = "en"
train_examples = 1
[spans.languages]
de = 1

[tags]
hub = "HUB4"
commit = "{COMMIT}"
kind = "tagging"
fields = {{ tokens = "tokens" }}
label = "ner_tags"
metrics = ["f1"]
train_language = "en"
train_examples = 1
[tags.languages]
en = 1

[named]
hub = "HUB5"
commit = "{COMMIT}"
test = "validation"
kind = "qa"
fields = {{ question = "question", context = "context", answer = "answers.text", start = "answers.answer_start" }}
id = "id"
language_column = "id"
language_pattern = "^([a-z]+)-"
train_language = "en"
train_examples = 2
[named.codes]
en = "english"
fi = "finnish"
[named.languages]
en = 2
fi = 3

[causes]
hub = "HUB6"
commit = "{COMMIT}"
config = "{{language}}"
kind = "choice"
fields = {{ premise = "premise", question = "question", choices = ["choice1", "choice2"] }}
label = "label"
labels = ["0", "1"]
train_hub = "HUB7"
train_commit = "{COMMIT}"
train_config = "copa"
train_language = "en"
train_examples = 2
validation = "validation"
[causes.languages]
et = 2

[ends]
hub = "HUB8"
commit = "{COMMIT}"
train = "one+two"
kind = "choice"
fields = {{ premise = "question", choices = "choices.text" }}
label = "answerKey"
labels = ["A", "B", "C"]
train_language = "en"
train_examples = 3
[ends.languages]
en = 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        import datasets
    except ImportError:
        skip_or_fail("the package datasets is not installed")
    path = tmp_path_factory.mktemp("hub")
    labels = datasets.ClassLabel(names=["entailment", "neutral", "contradiction"])
    features = datasets.Features(
        {"premise": datasets.Value("string"), "hypothesis": datasets.Value("string"), "label": labels}
    )
    files: dict[str, dict[str, str]] = {}
    for code in ("en", "de"):
        for split, n in (("train", 4), ("validation", 3), ("test", 2)):
            rows = [{"premise": f"{code} {split} {i}", "hypothesis": "h", "label": i % 3} for i in range(n)]
            save(path / "implies", code, split, rows, features, files)
    configure(path / "implies", files)
    answers = {"text": ["Rom"], "answer_start": [3]}
    rows = [{"question": "wo", "context": "in Rom", "answers": answers}]
    for name, config, split in (("spans", "x.de", "validation"), ("spans_train", "default", "train")):
        files = {}
        save(path / name, config, split, rows, None, files)
        configure(path / name, files)
    tags = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "ner_tags": datasets.List(datasets.ClassLabel(names=["O", "B-PER", "I-PER"])),
        }
    )
    files = {}
    for split in ("train", "test"):
        save(path / "tags", "default", split, [{"tokens": ["Ann", "ran"], "ner_tags": [1, 0]}], tags, files)
    configure(path / "tags", files)
    files = {}
    for split in ("train", "validation"):
        mixed = [
            {"id": f"{word}-{split}-{i}", **rows[0]} for word, n in (("finnish", 3), ("english", 2)) for i in range(n)
        ]
        save(path / "named", "default", split, mixed, None, files)
    configure(path / "named", files)
    _choices(path)
    text = PAIRS
    for mark, name in (
        ("HUB8", "ends"),
        ("HUB7", "causes_train"),
        ("HUB6", "causes"),
        ("HUB5", "named"),
        ("HUB4", "tags"),
        ("HUB3", "spans_train"),
        ("HUB2", "spans"),
        ("HUB", "implies"),
    ):
        text = text.replace(f'"{mark}"', f'"{path / name}"')
    (path / "tasks.toml").write_text(text, encoding="utf-8")
    return path


def _choices(path: Path) -> None:
    """Choices in columns of their own, whose right one is a number here and a name there; and choices in a list."""
    import datasets

    texts = {"premise": "p", "question": "cause", "choice1": "one", "choice2": "two"}
    named = datasets.Features(
        {name: datasets.Value("string") for name in texts}
        | {"label": datasets.ClassLabel(names=["choice1", "choice2"])}
    )
    files: dict[str, dict[str, str]] = {}
    save(path / "causes", "et", "test", [{**texts, "label": 1}, {**texts, "label": 0}], None, files)
    configure(path / "causes", files)
    files = {}
    for split in ("train", "validation"):
        save(path / "causes_train", "copa", split, [{**texts, "label": 0}, {**texts, "label": 1}], named, files)
    configure(path / "causes_train", files)
    files = {}
    for split, keys in (("one", "A"), ("two", "BC"), ("test", "C")):
        listed = {"label": ["A", "B", "C"], "text": ["x", "y", "z"]}
        rows = [{"question": split, "choices": listed, "answerKey": key} for key in keys]
        save(path / "ends", "default", split, rows, None, files)
    configure(path / "ends", files)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def _change(folder: Path, target: Path, change: tuple[str, str]) -> None:
    """The specifications of ``folder`` in ``target``, with a text replaced."""
    text = (folder / "tasks.toml").read_text(encoding="utf-8")
    assert change[0] in text
    (target / "tasks.toml").write_text(text.replace(*change, 1), encoding="utf-8")


def test_pairs_from_the_hub(folder: Path) -> None:
    task = load_task("implies", folder)
    assert task.labels == ("entailment", "neutral", "contradiction")
    assert task.train().fields["first"] == [f"en train {i}" for i in range(4)]
    assert list(task.train().labels) == [0, 1, 2, 0]
    validation = task.validation()
    assert validation is not None
    assert len(validation) == 3
    examples = task.test("de")
    assert examples.fields == {"first": ["de test 0", "de test 1"], "second": ["h", "h"]}
    assert [score.score for score in task.score(examples.labels, examples)] == [100.0, 100.0]


def test_answers_from_the_hub_with_other_training_data(folder: Path) -> None:
    task = load_task("spans", folder)
    answers = [{"text": "Rom", "start": 3}]
    assert task.test("de").fields["answers"] == [answers]
    assert task.test("de").labels == [["Rom"]]
    assert task.train().fields["answers"] == [answers]
    pins = f"{folder}/spans@{COMMIT} + {folder}/spans_train@{COMMIT}"
    assert task.card.revision.split(" as ")[0] == pins


@pytest.mark.parametrize(
    ("text", "start", "where"),
    [("Rom", 3, 3), ("Rom", 5, 3), ("Rom", 12, 13), ("in", 2, 0), ("(", 4, 17), ("Roma", 3, 18)],
)
def test_answers_are_found_where_they_are(text: str, start: int, where: int) -> None:
    assert place(text, start, "in Rom, nach Rom (") == where


def test_tags_from_the_hub(folder: Path) -> None:
    task = load_task("tags", folder)
    examples = task.test("en")
    assert task.labels == ("O", "B-PER", "I-PER")
    assert examples.fields["tokens"] == [["Ann", "ran"]]
    assert [list(tags) for tags in examples.labels] == [[1, 0]]
    assert task.score(examples.labels, examples)[0].score == 100.0


def test_languages_that_share_a_split(folder: Path) -> None:
    task = load_task("named", folder)
    assert task.test("fi").ids == tuple(f"finnish-validation-{i}" for i in range(3))
    assert task.test("en").ids == tuple(f"english-validation-{i}" for i in range(2))
    assert task.train().ids == tuple(f"english-train-{i}" for i in range(2))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('fi = "finnish"', 'fi = "suomi"'), "has no row of 'suomi', which task 'named' asks for."),
        (("^([a-z]+)-", "^([a-e]+)-"), "does not say a language (5 of 5 rows)."),
        (("^([a-z]+)-", "^[a-z]+-"), "has 0 groups."),
        (("^([a-z]+)-", "^([a-z]+-"), "is not a regular expression"),
    ],
)
def test_a_language_that_is_not_said(folder: Path, tmp_path: Path, change: tuple[str, str], words: str) -> None:
    _change(folder, tmp_path, change)
    with pytest.raises(CrossliftError) as error:
        load_task("named", tmp_path).test("fi")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('commit = "' + COMMIT, 'commit = "main'), "pins no commit of"),
        (('test = "validation"\nkind = "qa"', 'kind = "qa"'), "'spans': split 'test' of"),
        (('first = "premise"', 'first = "premises"'), "has no column 'premises', which task 'implies' reads."),
        (("[implies.languages]\nen = 2\nde = 2", ""), "'implies' does not say what it is tested in."),
    ],
)
def test_what_cannot_be_had_is_said(folder: Path, tmp_path: Path, change: tuple[str, str], words: str) -> None:
    _change(folder, tmp_path, change)
    name = "spans" if "spans" in words else "implies"
    with pytest.raises(CrossliftError) as error:
        load_task(name, tmp_path).test("de")
    assert words in str(error.value)


def test_the_hub_out_of_reach_is_said(folder: Path, tmp_path: Path) -> None:
    text = (folder / "tasks.toml").read_text(encoding="utf-8").replace(str(folder / "tags"), str(tmp_path / "none"))
    (tmp_path / "tasks.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CrossliftError, match=r"cannot be loaded: .* The hub has to be reachable"):
        load_task("tags", tmp_path).test("en")


def test_choices_from_the_hub(folder: Path) -> None:
    causes, ends = load_task("causes", folder), load_task("ends", folder)
    assert list(causes.train().labels) == [0, 1] and list(causes.test("et").labels) == [1, 0]
    assert causes.test("et").fields["choices"] == [["one", "two"]] * 2
    validation = causes.validation()
    assert validation is not None and list(validation.labels) == [0, 1]
    assert ends.train().fields["premise"] == ["one", "two", "two"]  # two splits together
    assert list(ends.train().labels) == [0, 1, 2] and list(ends.test("en").labels) == [2]
    assert ends.test("en").fields["choices"] == [["x", "y", "z"]]


def test_hub_tasks_are_planned_without_a_download() -> None:
    grid = {"models": ["me5-small@3"], "intermediate": ["xnli:5000"], "targets": ["pawsx", "xquad-squad:2000"]}
    plan = build_plan(parse_grid(grid))
    assert plan.counts()["evaluate"] == 2 * (7 + 12)
    assert find_task("xnli").revision == "facebook/xnli@b8dd5d7af51114dbda02c0e3f6133f332186418e"


def test_numbers_of_test_items_are_those_of_the_collected_sizes() -> None:
    text = (ROOT / "data/covariates/test_set_sizes.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    names = {"xnli": "xnli", "panx": "panx", "xquad-squad": "xquad", "mlqa": "mlqa", "udpos": "udpos",
             "tatoeba-xtreme": "tatoeba", "xcopa-copa": "xcopa"}  # fmt: skip
    for name, listed in names.items():
        wanted = {row["language"]: int(row["n"]) for row in rows if row["task"] == listed and row["split"] == "test"}
        assert {resolve(code).iso: n for code, n in bundled_specs()[name].languages.items()} == wanted
    trained = {(row["task"], row["language"]): int(row["n"]) for row in rows if row["split"] == "train"}
    assert find_task("panx").train_examples == trained["panx", "eng"]
    assert find_task("udpos").train_examples == trained["udpos", "eng"]
    assert find_task("tydiqa").train_examples == trained["tydiqa-goldp", "eng"]
    total = [int(row["n"]) for row in rows if row["task"] == "tydiqa-goldp all languages" and row["split"] != "train"]
    assert [sum(find_task("tydiqa").languages.values())] == total


def test_sizes_of_intermediate_tasks_are_those_of_the_collected_sizes() -> None:
    text = (ROOT / "data/covariates/intermediate_task_sizes.csv").read_text(encoding="utf-8")
    sizes = {(row["task"], row["split"]): int(row["n"]) for row in csv.DictReader(text.splitlines())}
    names = {"mnli": "mnli", "anli": "anli", "qqp": "qqp", "squad": "squad_v1.1", "hellaswag": "hellaswag",
             "csqa": "commonsense_qa"}  # fmt: skip
    for name, listed in names.items():
        spec, card = bundled_specs()[name], find_task(name)
        assert card.train_examples == sum(sizes[listed, split] for split in spec.train.split("+"))
        assert card.languages == {"en": sum(sizes[listed, split] for split in spec.test.split("+"))}
