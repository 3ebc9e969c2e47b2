"""Tasks in local files: what is read, sampled and scored, and what is refused in which words."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError, UnknownNameError
from runner.kinds.base import Scored
from runner.kinds.examples import Examples
from runner.kinds.registry import find_kind
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.tasks.catalog import find_task
from runner.tasks.load import cards_at_hand, load_task
from runner.tasks.subsets import nested_order
from tests.runner.tasks.data import moods, task, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data") / "own")


def test_a_card_is_counted_in_the_file(folder: Path) -> None:
    card = load_task("moods", folder).card
    assert card.languages == {"de": 10, "en": 10, "sw": 10}
    assert (card.train_language, card.train_examples, card.metrics) == ("en", 100, ("acc", "macro_f1"))
    assert card.revision.split(" as ")[0] == hashlib.sha256((folder / "moods.tsv").read_bytes()).hexdigest()


def test_another_reading_of_a_file_is_another_revision(tmp_path: Path) -> None:
    folder = write(tmp_path / "own")
    before = load_task("moods", folder).card.revision
    text = (folder / "tasks.toml").read_text(encoding="utf-8")
    (folder / "tasks.toml").write_text(text.replace('validation = "dev"', 'validation = "none"'), encoding="utf-8")
    assert before.split(" as ")[0] == load_task("moods", folder).card.revision.split(" as ")[0]
    assert before != load_task("moods", folder).card.revision


def test_a_directory_may_read_a_known_file_in_its_own_way(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "nusax_senti.tsv.xz").symlink_to(shared / "mini" / "nusax_senti.tsv.xz")
    own = (
        '[nusax]\nfile = "nusax_senti.tsv.xz"\nkind = "mlm"\nfields = { text = "text" }\nlanguage_column = "lang"\n'
        'train_language = "english"\n'
    )
    (tmp_path / "tasks.toml").write_text(own, encoding="utf-8")
    card = cards_at_hand(tmp_path)[0]["nusax"]
    assert (card.kind, card.train_language) == ("mlm", "english")


@pytest.mark.parametrize("name", ["moods", "names", "answers", "causes", "twins", "texts"])
def test_examples_have_the_fields_of_their_kind(folder: Path, name: str) -> None:
    found = task(folder, name)
    examples = found.test(next(iter(found.card.languages)))
    assert set(examples.fields) == set(find_kind(found.kind).fields)
    assert {len(values) for values in examples.fields.values()} == {len(examples)}
    picked = examples.take([1, 0])
    assert picked.ids == (examples.ids[1], examples.ids[0])
    assert [list(values) for values in picked.fields.values()] == [[v[1], v[0]] for v in examples.fields.values()]


def test_classes_are_numbered_in_the_order_of_their_names(folder: Path) -> None:
    found = task(folder, "moods")
    assert found.labels == ("calm", "glad", "sad")
    assert list(found.test("de").labels) == [1] * 6 + [2] * 3 + [0]
    assert found.test("de").ids == found.test("sw").ids
    validation = found.validation()
    assert validation is not None
    assert validation.fields["text"][0] == "kept 0"


def test_words_keep_their_tags(folder: Path) -> None:
    found = task(folder, "names")
    assert found.labels == ("B-LOC", "B-PER", "I-LOC", "I-PER", "O")
    examples = found.test("en")
    assert examples.fields["tokens"] == [["Bob", "Lee", "left"], ["in", "Rome"]]
    assert [list(tags) for tags in examples.labels] == [[1, 3, 4], [4, 0]]


def test_articles_are_trained_on_or_tested_on_in_all_languages(folder: Path) -> None:
    found = task(folder, "answers")
    trained = {question[1:] for question in found.train().fields["question"]}
    tested = {code: {q[1:] for q in found.test(code).fields["question"]} for code in ("en", "de")}
    assert tested["en"] == tested["de"]
    assert not trained & tested["en"]
    assert len(trained) == len(tested["en"]) == 4
    one = found.test("de")
    answer = one.fields["answers"][0][0]
    context = one.fields["context"][0]
    assert context[answer["start"] : answer["start"] + len(answer["text"])] == answer["text"] == one.labels[0][0]


def test_choices_without_a_training_split_are_read_but_not_planned(folder: Path) -> None:
    found = task(folder, "causes")
    assert found.test("et").fields["choices"] == [["rain", "sun"], ["rain", "sun"]]
    assert not found.card.trains
    with pytest.raises(CrossliftError, match="'causes' has no training data"):
        found.train()
    cards, _ = cards_at_hand(folder)
    with pytest.raises(CrossliftError, match="target 'causes' has no training data at hand"):
        parse_grid({"models": ["me5-small@3"], "targets": ["causes"]}, cards)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 99))
def test_every_beginning_of_the_order_has_the_shares_of_the_whole(sizes: list[int], seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    n = len(labels)
    order = nested_order(labels, n, np.random.default_rng(seed))
    assert sorted(order) == list(range(n))
    for m in range(1, n + 1):
        counts = np.bincount(labels[order[:m]], minlength=len(sizes))
        share = np.array(sizes) / n
        assert (np.abs(counts - m * share) <= (1 + share * len(sizes)) / 2 + 1e-9).all()


def test_subsets_are_nested_stratified_and_differ_by_seed(folder: Path) -> None:
    found = task(folder, "moods")
    ids = [set(found.train(size).ids) for size in (10, 50, 100)]
    assert ids[0] < ids[1] < ids[2]
    assert list(np.bincount(found.train(50).labels)) == [5, 30, 15]
    assert found.train(50).ids == found.train(50).ids != found.train(50, seed=1).ids
    assert found.train(domain="letters").ids == found.train().ids


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda f: load_task("mood", f), "unknown task 'mood'. Did you mean 'moods'?"),
        (lambda f: load_task("sib20"), "unknown task 'sib20'. Did you mean 'sib200'"),
        (lambda f: load_task("sib200"), "'sib200' needs the file 'sib200.tsv.xz'. Name its directory: --data-dir"),
        (lambda f: load_task("sib200", f), "has no file 'sib200.tsv.xz', which 'sib200' needs. It is made from dadel"),
        (lambda f: load_task("moods", f / "none"), "there is no data directory"),
        (lambda f: load_task("moods", f).test("deu"), "'moods' has no test data in 'deu'. Did you mean 'de'?"),
        (lambda f: load_task("moods", f).test("fi"), "'moods' has no test data in 'fi'. It has 3: de, en, sw."),
        (lambda f: load_task("moods", f).train(101), "'moods' has 100 training examples; 101 are asked for."),
        (lambda f: load_task("moods", f).train(0), "'moods' has 100 training examples; 0 are asked for."),
        (lambda f: load_task("moods", f).train(domain="leters"), "no domain 'leters'. Did you mean 'letters'?"),
        (lambda f: load_task("twins", f).train(), "'twins' has no training data."),
    ],
)
def test_what_is_not_there_is_said_to_be(folder: Path, act: Any, words: str) -> None:
    with pytest.raises(CrossliftError) as error:
        act(folder)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda frame: frame.rename(columns={"mood": "moods"}), "has no column 'mood', which task 'moods' reads. Did"),
        (lambda frame: frame[frame["split"] != "test"], "has no rows of the split 'test'; splits: dev, train."),
        (lambda frame: frame.iloc[:0], "has no rows of the split 'test'; splits: none: the file has no rows."),
    ],
)
def test_a_damaged_table_is_named(tmp_path: Path, harm: Any, words: str) -> None:
    folder = write(tmp_path / "own")
    harm(moods()).to_csv(folder / "moods.tsv", sep="\t", index=False)
    with pytest.raises(CrossliftError) as error:
        load_task("moods", folder).card  # noqa: B018
    assert words in str(error.value)
    assert "moods.tsv" in str(error.value)


def test_a_label_of_the_test_split_alone_is_a_class_of_its_own(tmp_path: Path) -> None:
    """After those of the training split, whose numbers it leaves as they are."""
    folder = write(tmp_path / "own")
    frame = moods()
    frame.loc[frame["split"] == "test", "mood"] = "bored"
    frame.to_csv(folder / "moods.tsv", sep="\t", index=False)
    found = load_task("moods", folder)
    assert found.labels == ("calm", "glad", "sad", "bored")
    assert set(found.test("sw").labels) == {3}


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "own")
    whole = (folder / "twins.tsv.gz").read_bytes()
    (folder / "twins.tsv.gz").write_bytes(whole[:40])
    with pytest.raises(CrossliftError, match=r"twins.tsv.gz' cannot be read: .*Is it whole\?"):
        load_task("twins", folder).card  # noqa: B018


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "mlm"', 'kind = "mlms"', "unknown kind of task 'texts' 'mlms'. Did you mean 'mlm'?"),
        ('label = "mood"', 'lable = "mood"', "unknown key 'lable' of task 'moods' in tasks.toml. Did you mean 'label'"),
        ('label = "mood"', "", "task 'moods' in tasks.toml names no column of labels."),
        ('target = "eng"', 'targt = "eng"', "task 'twins' in tasks.toml names no column for 'target'."),
        ('"acc_to_english", "f1"', '"f2"', "unknown metric of retrieval 'f2'. Known: acc, acc_from_english, acc_to_en"),
        (
            "fields = { question",
            'rule = "mlqb"\nfields = { question',
            "unknown rule of qa 'mlqb'. Did you mean 'mlqa'?",
        ),
        ("[moods]", "[moods", "tasks.toml' is not TOML"),
        (
            'language = "en"\ntrain_language = "en"\n\n[answers]',
            "[answers]",
            "task 'names' in tasks.toml does not say its languages.",
        ),
    ],
)
def test_a_specification_is_checked(tmp_path: Path, old: str, new: str, words: str) -> None:
    folder = write(tmp_path / "own")
    text = (folder / "tasks.toml").read_text(encoding="utf-8")
    (folder / "tasks.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CrossliftError) as error:
        load_task("moods", folder)
    assert words in str(error.value)


def test_another_file_is_another_revision_and_said_to_be(tmp_path: Path) -> None:
    frame = moods().rename(columns={"mood": "category", "id": "index_id"})
    frame["lang"] = frame["lang"].replace({"en": "eng_Latn", "german": "deu_Latn", "sw": "swh_Latn"})
    frame.to_csv(tmp_path / "sib200.tsv.xz", sep="\t", index=False)
    cards, notes = cards_at_hand(tmp_path)
    assert cards["sib200"].revision == hashlib.sha256((tmp_path / "sib200.tsv.xz").read_bytes()).hexdigest()
    assert cards["sib200"].train_examples == 100
    assert "'sib200': 'sib200.tsv.xz' is not the file of the catalogue" in notes["sib200"]
    small = {"models": ["me5-small@3"], "intermediate": ["none"], "seeds": [1]}
    assert notes["sib200"] in parse_grid({**small, "targets": ["sib200"]}, cards, notes).notices
    assert parse_grid({**small, "targets": ["nusax"]}, cards, notes).notices == ()
    with pytest.raises(UnknownNameError):
        parse_grid({**small, "targets": ["moods"]})


def test_scores_of_classes(folder: Path) -> None:
    found = task(folder, "moods")
    examples = found.test("de")
    predictions = np.array(examples.labels)
    predictions[:2] = 2
    acc, f1 = found.score(predictions, examples)
    assert (acc.metric, acc.score, acc.n_items) == ("acc", 80.0, 10)
    assert acc.correct is not None
    assert list(acc.correct) == [False] * 2 + [True] * 8
    # calm: 1; glad: precision 1, recall 4/6, F1 0.8; sad: precision 3/5, recall 1, F1 0.75.
    assert f1.score == pytest.approx(100 * (1 + 0.8 + 0.75) / 3)


def test_scores_of_tags(folder: Path) -> None:
    found = task(folder, "names")
    examples = found.test("en")
    index = {label: i for i, label in enumerate(found.labels)}
    predictions = [np.array([index[tag] for tag in tags]) for tags in (["B-PER", "O", "O"], ["O", "B-LOC"])]
    spans, acc, f1 = found.score(predictions, examples)
    # One of two spans is whole, two are predicted: precision 1/2, recall 1/2.
    assert (spans.metric, spans.score) == ("f1", pytest.approx(50.0))
    assert (acc.score, acc.n_items, acc.correct) == (80.0, 5, None)
    assert acc.std_error is not None
    # B-LOC 1, B-PER 1, O: precision 2/3, recall 1, F1 0.8; I-PER 0.
    assert f1.score == pytest.approx(100 * (1 + 1 + 0.8 + 0) / 4)


def test_scores_of_answers(folder: Path) -> None:
    found = task(folder, "answers")
    examples = found.test("de")
    given_answers = [f"Der {answers[0]}!" for answers in examples.labels[:3]] + ["anderswo hier"]
    f1, em, f1_mlqa, em_mlqa = found.score(given_answers, examples)
    # SQuAD's rule knows no German articles: one word of two is right.
    assert (em.metric, em.score) == ("em", 0.0)
    assert (f1.metric, f1.score) == ("f1", pytest.approx(75.0 * 2 / 3))
    assert (em_mlqa.metric, em_mlqa.score) == ("em_mlqa", 75.0)
    assert (f1_mlqa.metric, f1_mlqa.score) == ("f1_mlqa", 75.0)
    assert f1_mlqa.std_error == pytest.approx(100 * np.std([1, 1, 1, 0], ddof=1) / 2)


def test_scores_of_retrieval_name_their_direction(folder: Path) -> None:
    found = task(folder, "twins")
    examples = found.test("de")
    target = np.eye(6)
    source = target.copy()
    source[5] = target[0] + 0.1 * target[5]  # the last source is nearest to the first target
    benchmark, back, margin = found.score((source, target), examples)
    # XTREME asks in English for the sentence of the other language, jiant the other way round.
    assert (benchmark.metric, benchmark.score) == ("acc", 100.0)
    assert (back.metric, back.score) == ("acc_to_english", pytest.approx(100 * 5 / 6))
    assert margin.n_items == 6
    scored = Scored("twins", ("acc",), rule="to-english")
    assert find_kind("retrieval").score(scored, (source, target), examples)[0].score == back.score


def test_corpora_are_mined_for_their_gold_pairs(folder: Path) -> None:
    found = task(folder, "mined")
    examples = found.test("de")
    assert examples.gold == tuple((i, i) for i in range(4))
    assert (len(examples), len(examples.fields["source"]), len(examples.fields["target"])) == (5, 5, 6)
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(5, 30)), rng.normal(size=(6, 30))
    target[:4] = source[:4] + 0.1 * target[:4]
    (f1,) = found.score((source, target), examples)
    assert (f1.metric, f1.n_items) == ("f1", 4)
    assert f1.score > 60  # four pairs in two halves: a threshold has two pairs to be chosen on
    with pytest.raises(CrossliftError, match="corpora with gold pairs cannot be cut"):
        examples.take([0])
    with pytest.raises(
        CrossliftError, match="'twins' has no acc in 'de'. Corpora to mine have f1 and f1_crossfit alone"
    ):
        task(folder, "twins").score((source, target), examples)


def test_scores_of_masked_texts(folder: Path) -> None:
    found = task(folder, "texts")
    (acc,) = found.score((np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])), found.test("german"))
    assert (acc.score, acc.n_items, acc.correct) == (75.0, 4, None)


@pytest.mark.parametrize(
    ("name", "language", "predictions", "words"),
    [
        ("moods", "de", np.zeros(9, dtype=int), "predictions do not fit 'moods': predictions of shape (9,)"),
        ("moods", "de", np.full(10, 3), "predictions do not fit 'moods': class 3. Wanted: 0 to 2."),
        ("moods", "de", np.full(10, -1), "class -1"),
        ("answers", "de", ["a"], "1 answers. Wanted: 4."),
        (
            "twins",
            "de",
            (np.zeros((6, 2)), np.zeros((5, 2))),
            "embeddings of shapes (6, 2) and (5, 2). Wanted: 6 and 6.",
        ),
    ],
)
def test_predictions_that_do_not_fit_are_refused(
    folder: Path, name: str, language: str, predictions: Any, words: str
) -> None:
    found = task(folder, name)
    with pytest.raises(CrossliftError) as error:
        found.score(predictions, found.test(language))
    assert words in str(error.value)


def test_the_rule_of_a_benchmark_belongs_to_its_tasks_and_is_in_the_record() -> None:
    rules = {
        name: find_task(name).rule for name in ("squad", "xquad", "xquad-squad", "tydiqa", "mlqa", "tatoeba-xtreme")
    }
    assert rules == {
        "squad": "squad", "xquad": "squad", "xquad-squad": "squad", "tydiqa": "squad", "mlqa": "mlqa",
        "tatoeba-xtreme": "from-english",
    }  # fmt: skip
    plan = build_plan(
        parse_grid({"models": ["me5-small@3"], "targets": ["mlqa", "tydiqa", "nusax"], "languages": ["en"]})
    )
    assert [cell.record["condition"] for cell in plan.cells] == ["rule=mlqa", "rule=squad", ""]
    assert [cell.inputs.get("rule") for cell in plan.cells] == ["mlqa", "squad", None]


def test_parts_of_speech_with_one_ending_are_told_apart() -> None:
    """Every SCONJ predicted as CCONJ: seqeval reads both as CONJ, and gave 100 before."""
    labels = ("CCONJ", "NOUN", "SCONJ")
    gold = [np.array([1, 2, 1]), np.array([0, 1])]
    examples = Examples({"tokens": [["a", "b", "c"], ["d", "e"]]}, gold, ("0", "1"), "de")
    (f1,) = find_kind("tagging").score(Scored("udpos", ("f1",), labels), [np.array([1, 0, 1]), gold[1]], examples)
    assert f1.score == pytest.approx(80.0)
