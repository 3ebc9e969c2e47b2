"""One kind of task is one file: a new file alone is planned, trained, evaluated and scored."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

import runner.kinds
from analysis.core.errors import CrossliftError, UnknownNameError
from runner.cli.main import main
from runner.kinds.registry import find_kind, kind_names
from tests.packaging.test_imports import loaded_after
from tests.runner.executors.world import make_world, run_world

#: A kind that is like none there is: a number for each text, learned by least squares, right if it is near.
RATINGS = '''
"""How strongly a text is meant."""

from runner.kinds.base import Kind
from runner.kinds.examples import Examples


class Ratings(Kind):
    """A number for each remark."""

    fields = ("remark",)
    metrics = ("near", "exact")
    usual = ("near",)

    def class_names(self, labels):
        return ()

    def read_labels(self, rows, fields):
        return [float({"cat": -1, "dog": 1}[label]) for label in rows.said]

    def encode(self, backbone, examples, max_length, train):
        import numpy as np

        from runner.kinds.features import Features, encode_texts

        ids, types, unknown = encode_texts(backbone, examples.fields["remark"], None, max_length)
        targets = np.asarray(examples.labels) if train else ()
        return Features(ids, np.arange(len(ids)), targets, np.ones(len(ids)), types, unknown=unknown)

    def head(self, backbone, classes):
        from runner.kinds.heads import PooledHead

        return PooledHead(backbone.width, 1, backbone.pooling)

    def loss(self, out, features, chosen):
        import torch

        wanted = torch.as_tensor(features.targets[chosen], dtype=torch.float32, device=out.device)
        return ((out.float().squeeze(1) - wanted) ** 2).sum()

    def outputs(self, out, features, chosen):
        return out.float().squeeze(1).tolist()

    def predictions(self, outputs, features, examples):
        return outputs

    def scores(self, task, predictions, examples):
        import numpy as np

        from analysis.store.cells import Score

        right = np.abs(np.array(predictions) - np.array(examples.labels)) < 1.0
        return {"near": Score("near", 100.0 * float(right.mean()), len(right), right)}


KIND = Ratings()
'''


@pytest.fixture
def new_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "more_kinds"
    folder.mkdir()
    (folder / "ratings.py").write_text(RATINGS, encoding="utf-8")
    monkeypatch.setattr(runner.kinds, "__path__", [*runner.kinds.__path__, str(folder)])
    monkeypatch.delitem(sys.modules, "runner.kinds.ratings", raising=False)
    return "ratings"


def test_one_file_is_planned_trained_evaluated_and_scored(
    new_kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = make_world(tmp_path, seeds=[1], training={"epochs": 6, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0})
    specs = (tmp_path / "data" / "tasks.toml").read_text()
    specs = specs.replace('kind = "classification"', f'kind = "{new_kind}"').replace("{ text =", "{ remark =")
    (tmp_path / "data" / "tasks.toml").write_text(specs)
    assert main(["plan", str(grid), "--data-dir", str(tmp_path / "data")]) == 0
    assert "6 evaluations: 3 after an intermediate task" in capsys.readouterr().out
    assert run_world(tmp_path) == 0
    assert main(["results", str(tmp_path / "store"), "--out", str(tmp_path / "scores.csv")]) == 0
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert len(scores) == 6
    assert set(scores["metric"]) == {"near"}
    assert scores["score"].min() > 80  # what a wrong sign or no training cannot give
    assert scores["score"].nunique() > 1


def test_what_a_specification_of_a_new_kind_lacks_is_said(new_kind: str, tmp_path: Path) -> None:
    make_world(tmp_path)
    own = tmp_path / "data" / "tasks.toml"
    text = own.read_text().replace('kind = "classification"', f'kind = "{new_kind}"')
    for specification, words in (
        (text, "task 'animals' in tasks.toml names no column for 'remark'. Add it to 'fields'."),
        (text.replace("{ text =", "{ remark =").replace('label = "animal"', ""), "names no column of labels."),
        (
            text.replace("{ text =", "{ remark =").replace("label =", 'metrics = ["far"]\nlabel ='),
            "unknown metric of ratings 'far'. Known: exact, near.",
        ),
    ):
        own.write_text(specification)
        with pytest.raises(CrossliftError) as caught:
            plan_of(tmp_path)
        assert words in str(caught.value)


def plan_of(place: Path) -> None:
    from runner.plan.request import Request

    Request({"models": ["me5-small@3"], "targets": ["animals"]}, place / "data").plan()


def test_an_unknown_kind_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="unknown kind of task 'tagings'. Did you mean 'tagging'?"):
        find_kind("tagings")
    for helper in ("base", "heads", "metrics", "registry"):
        with pytest.raises(UnknownNameError, match=f"unknown kind of task '{helper}'"):
            find_kind(helper)


def test_a_file_without_a_kind_is_named(new_kind: str, tmp_path: Path) -> None:
    file = tmp_path / "more_kinds" / "ratings.py"
    file.write_text('"""Nothing yet."""\n', encoding="utf-8")
    with pytest.raises(CrossliftError) as caught:
        find_kind(new_kind)
    assert f"'{file}' defines no kind of task. End it with KIND" in str(caught.value)


def test_kinds_are_known_without_what_trains_them() -> None:
    code = "from runner.kinds.registry import find_kind, kind_names\nfound = [find_kind(name) for name in kind_names()]"
    assert not loaded_after(code) & {"torch", "numpy", "pandas", "transformers"}


def test_metrics_and_fields_are_those_of_published_tables() -> None:
    found = {name: (find_kind(name).metrics, find_kind(name).usual, find_kind(name).required) for name in kind_names()}
    assert found == {
        "choice": (("acc",), ("acc",), ("premise", "choices")),
        "classification": (("acc", "macro_f1"), ("acc", "macro_f1"), ("text",)),
        "mlm": (("acc",), ("acc",), ("text",)),
        "pair": (("acc", "macro_f1"), ("acc", "macro_f1"), ("first", "second")),
        "qa": (
            ("f1", "em", "f1_squad", "em_squad", "f1_mlqa", "em_mlqa"),
            ("f1", "em"),
            ("question", "context", "answer", "start"),
        ),
        "retrieval": (
            ("acc", "acc_from_english", "acc_to_english", "f1", "f1_crossfit"),
            ("acc",),
            ("source", "target"),
        ),
        "tagging": (("acc", "macro_f1", "f1"), ("acc", "macro_f1"), ("tokens",)),
    }
    assert [name for name in kind_names() if not find_kind(name).trains] == ["retrieval"]
