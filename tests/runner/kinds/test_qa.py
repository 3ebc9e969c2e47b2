"""Questions: windows, cut questions, spans found without a table of all pairs, and questions without an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError
from runner.kinds.base import Scored
from runner.kinds.examples import Examples
from runner.kinds.qa import LONGEST, Answer, best_spans
from runner.kinds.registry import find_kind
from runner.kinds.windows import Frame, windows
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from tests.runner.training.small import bench, questions
from tests.runner.training.test_train import predicted, trained

KIND = find_kind("qa")
WORDS = "the cat sat on the mat and the dog ran to the house of the cat "


def examples(question: str, context: str, *answers: str) -> Examples:
    found = [{"text": text, "start": context.index(text)} for text in answers]
    return Examples({"question": [question], "context": [context], "answers": [found]}, [list(answers)], ("0",), "en")


@given(st.integers(0, 500), st.integers(2, 90), st.integers(1, 128))
def test_windows_cover_every_piece_and_overlap(total: int, room: int, step: int) -> None:
    step = min(step, max(1, room // 2))
    found = list(windows(total, room, step))
    assert {i for first, last in found for i in range(first, last)} == set(range(total))
    assert [first for first, _ in found] == [i * step for i in range(len(found))]
    assert all(last - first <= room for first, last in found)
    # What lies beyond the last window but one is in the last: there is no window that another one holds whole.
    assert all(last < total for _, last in found[:-1])


@pytest.mark.parametrize("model", ["bert", "xlm-roberta", "llama", "t5"])
def test_a_window_is_what_the_tokenizer_makes_of_both_texts(tmp_path: Path, model: str) -> None:
    own = bench(tmp_path, model).backbone
    question, context = "the cat", "the dog sat"
    wanted = own.tokenizer(question, context)
    features = KIND.encode(own, examples(question, context), 64, False)
    assert features.ids[0].tolist() == wanted["input_ids"]
    if "token_type_ids" in wanted:
        assert features.types is not None
        assert features.types[0].tolist() == wanted["token_type_ids"]
    sides, offsets = (
        wanted.sequence_ids(0),
        own.tokenizer(question, context, return_offsets_mapping=True)["offset_mapping"],
    )
    for side, pair, place in zip(sides, offsets, features.notes[0], strict=True):
        assert tuple(place) == (tuple(pair) if side == 1 else (-1, -1))


def test_a_long_question_leaves_half_of_a_window_to_the_context(tmp_path: Path) -> None:
    """The tokenizer panicked where a question filled a window, and took the sweep with it."""
    own = bench(tmp_path).backbone
    features = KIND.encode(own, examples(WORDS * 20, WORDS * 3, "dog ran"), 40, True)
    room = Frame.of(own, 40).room
    assert len(features.ids) > 1
    assert max(map(len, features.ids)) == 40
    assert all((place[:, 0] >= 0).sum() >= min(room // 2, 5) for place in features.notes)
    assert sum(pair != (0, 0) for pair in features.targets) >= 1


def test_questions_are_cut_at_64_pieces(tmp_path: Path) -> None:
    own = bench(tmp_path).backbone
    own.positions = 400
    features = KIND.encode(own, examples(WORDS * 20, WORDS, "dog ran"), 384, False)
    frame = Frame.of(own, 384)
    assert int((features.notes[0][:, 0] >= 0).argmax()) == len(frame.before) + 64 + len(frame.between)


def test_windows_are_those_of_squad_by_default_and_part_of_the_identity() -> None:
    plan = build_plan(parse_grid({"models": ["me5-small@3"], "targets": ["mlqa", "nusax"], "languages": ["en"]}))
    inputs = {cell.task: cell.inputs for cell in plan.cells}
    assert (inputs["mlqa"]["max_length"], inputs["mlqa"]["stride"]) == (384, 128)
    assert inputs["nusax"]["max_length"] == 128
    assert "stride" not in inputs["nusax"]
    trained = next(stage for stage in plan.stages if stage.kind == "target" and stage.task == "squad")  # shared
    assert (trained.inputs["training"]["max_length"], trained.inputs["stride"]) == (384, 128)


def test_a_window_that_does_not_fit_is_an_error_of_the_plan() -> None:
    grid = parse_grid({"models": ["me5-small@3"], "targets": ["mlqa"], "training": {"max_length": 8}})
    with pytest.raises(CrossliftError, match="max_length 8 leaves no room for a window of 'squad'. Give at least 16."):
        build_plan(grid)


def test_a_model_without_room_is_named(tmp_path: Path) -> None:
    with pytest.raises(CrossliftError, match="windows of 4 pieces leave no room for a question and a context."):
        KIND.encode(bench(tmp_path).backbone, examples("the cat", WORDS), 4, False)


@given(st.integers(0, 300), st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_the_best_span_is_that_of_all_pairs(seed: int, pieces: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 4, size=(2, pieces, 2)).astype(np.float32)  # whole numbers, so that there are ties
    inside = np.zeros((2, pieces), dtype=bool)
    inside[0, pieces // 3 :] = True
    found, first, last = best_spans(torch.as_tensor(scores), torch.as_tensor(inside))
    pairs = [(i, j) for i in range(pieces // 3, pieces) for j in range(i, min(i + LONGEST, pieces))]
    best = max(pairs, key=lambda pair: (scores[0, pair[0], 0] + scores[0, pair[1], 1], -pair[0], -pair[1]))
    assert (float(found[0]), int(first[0]), int(last[0])) == (scores[0, best[0], 0] + scores[0, best[1], 1], *best)
    assert found[1] == -torch.inf


@pytest.mark.parametrize(
    ("rule", "answers", "points"),
    [
        ("squad2", [Answer("cat", 1.0), Answer("dog", -1.0)], [100.0, 100.0]),
        ("squad2", [Answer("cat", -1.0), Answer("dog", 1.0)], [0.0, 0.0]),
        ("squad", [Answer("cat", 1.0), Answer("dog", 1.0)], [50.0, 50.0]),
    ],
)
def test_no_answer_is_right_where_there_is_none(rule: str, answers: Any, points: list[float]) -> None:
    own = Examples({}, [[], ["dog"]], ("0", "1"), "en")
    found = KIND.score(Scored("squad2", ("f1", "em"), rule=rule), answers, own)
    assert [score.score for score in found] == points


def test_questions_without_answers_are_learned(tmp_path: Path) -> None:
    """A third of the questions ask for what the context does not have."""
    own, found = bench(tmp_path), questions(60)
    answers, labels = list(found.fields["answers"]), list(found.labels or ())
    asked = list(found.fields["question"])
    for i in range(0, 60, 3):
        asked[i], answers[i], labels[i] = "house mat", [], []
    mixed = Examples({**found.fields, "question": asked, "answers": answers}, labels, found.ids, "en")
    state = trained(own, "qa", mixed, 150)
    scored = Scored("squad2", ("f1", "em"), rule="squad2")
    f1, em = KIND.score(scored, predicted(own, state, "qa", mixed), mixed)
    assert min(f1.score, em.score) > 90


def test_a_table_with_an_empty_answer_has_none() -> None:
    import pandas as pd

    from runner.kinds.examples import Rows

    table = pd.DataFrame({"q": ["a", "b"], "c": ["x y", "x y"], "a": ["y", ""], "s": ["2", "-1"]})
    columns = {"question": "q", "context": "c", "answer": "a", "start": "s"}
    found = KIND.read(Rows("t", table, columns, "", (), ("0", "1"), "en"))
    assert found.labels == [["y"], []]
    assert found.fields["answers"] == [[{"text": "y", "start": 2}], []]
