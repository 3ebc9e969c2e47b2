"""A kernel that gives other bits the second time is named; so is a block whose repeated seed differs."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from tools.gpu import agreement
from tools.gpu.determinism import bits_of, first_difference, looks, parted
from tools.gpu.findings import Findings
from tools.gpu.prepared import Kit, join
from tools.gpu.setting import TRAINING, Setting
from tools.gpu.stages import Stage


@pytest.fixture
def setting(stand_in: tuple[Path, Kit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, kit = stand_in
    model = join(kit, folder, tmp_path)
    return Setting("cpu", True, model, folder / "part1" / "data", tmp_path, tmp_path, 60.0)


class Drifting(torch.autograd.Function):
    """The same value, with an error in the last digits that is another one at each call."""

    calls = itertools.count(1)

    @staticmethod
    def forward(context: Any, value: torch.Tensor, where: str) -> torch.Tensor:
        context.where = where
        return value * (1 + 1e-7 * next(Drifting.calls)) if where == "forward" else value.clone()

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> Any:  # type: ignore[override]
        return gradient * (1 + 1e-6 * next(Drifting.calls)) if context.where == "backward" else gradient, None


def drift(stage: Stage, where: str) -> None:
    """Let the second layer's intermediate part drift."""
    part = stage.bench.backbone.module.encoder.layer[1].intermediate.dense  # type: ignore[union-attr,index]
    plain = part.forward
    part.forward = lambda value: Drifting.apply(plain(value), where)


def test_a_step_that_repeats_has_no_difference(setting: Setting) -> None:
    stage = Stage.of_target(setting, depth=3)
    assert first_difference(stage, TRAINING, tries=1) == ""
    seen = looks(stage, TRAINING)
    assert {direction for _, direction, _ in seen} == {"forward", "backward", "gradient"}
    assert any("word_embeddings" in label and direction == "gradient" for label, direction, _ in seen)


@pytest.mark.parametrize(
    ("where", "place"),
    [("forward", "forward of encoder.layer.1.intermediate.dense (Linear)"),
     ("backward", "gradient of parameter encoder.layer.1.intermediate.dense")],
)  # fmt: skip
def test_what_drifts_is_named(setting: Setting, where: str, place: str) -> None:
    stage = Stage.of_target(setting, depth=3)
    drift(stage, where)
    assert first_difference(stage, TRAINING).startswith(place)


@pytest.mark.parametrize(("named", "holds"), [("forward of encoder.layer.0", True), ("", False)])
def test_bits_that_differ_hold_only_if_the_cause_is_named(
    setting: Setting, named: str, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs of one seed that differ, with and without a place that can be said."""
    found = Findings("agreement", setting.state / "agreement.json")
    plain = agreement.Stage.of_target

    def planted(*arguments: Any, **options: Any) -> Stage:
        stage = plain(*arguments, **options)
        drift(stage, "forward")
        return stage

    monkeypatch.setattr(agreement.Stage, "of_target", planted)
    monkeypatch.setattr(agreement, "first_difference", lambda stage, training: named)
    agreement.run(setting, found)
    torch.use_deterministic_algorithms(False)
    (check,) = [item for item in found.checks if item["check"].startswith("equal bits")]
    assert (check["holds"], check["bits"], check["first_difference"]) == (holds, "different", named)


def test_where_two_lists_part() -> None:
    one = [("a", "forward", "1"), ("b", "forward", "2")]
    assert parted(one, one) == ""
    assert parted(one, [("a", "forward", "1"), ("b", "forward", "3")]) == "forward of b"
    assert parted(one, one[:1]) == "forward of b"


def test_bits_tell_what_equality_does_not() -> None:
    assert bits_of(torch.tensor(0.0)) != bits_of(torch.tensor(-0.0))
    assert bits_of(torch.ones(2, dtype=torch.bfloat16)) == bits_of(torch.ones(2, dtype=torch.bfloat16))
