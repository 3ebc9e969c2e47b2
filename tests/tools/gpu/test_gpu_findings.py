"""What a block says of itself, and that it says it at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.gpu.findings import Findings, verdict


def read(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("holds", "wanted"),
    [([True, True], True), ([True, False, None], False), ([True, None], "not-run"), ([], "not-run")],
)
def test_one_failure_decides_and_what_was_not_made_is_not_held(holds: list[bool | None], wanted: object) -> None:
    assert verdict([{"check": "a", "holds": value, "reason": "why"} for value in holds])[0] == wanted


def test_reasons_are_those_that_decide() -> None:
    checks = [
        {"check": "good", "holds": True},
        {"check": "missing", "holds": None, "reason": "no device"},
        {"check": "bad", "holds": False, "largest": 2.0},
    ]
    assert verdict(checks)[1] == ["bad: largest 2.0"]
    assert verdict(checks[:2])[1] == ["missing: no device"]
    assert verdict([])[1] == ["no check was made"]


def test_every_finding_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "block.json"
    found = Findings("block", path, {"device": "cpu"})
    found.fact(steps=3)
    assert read(path)["facts"] == {"steps": 3}
    found.check("losses", False, largest=float("nan"))
    assert read(path)["checks"] == [{"check": "losses", "holds": False, "largest": "nan"}]
    assert (read(path)["holds"], read(path)["finished"], read(path)["device"]) == (False, False, "cpu")
    found.finish()
    assert read(path)["finished"] is True
    assert [item.name for item in tmp_path.iterdir()] == ["block.json"]


def test_what_is_raised_is_a_finding_with_its_place(tmp_path: Path) -> None:
    found = Findings("block", tmp_path / "block.json")
    with found.attempt("a part"):
        raise RuntimeError("no kernel image")
    found.check("another part", True)
    assert found.to_json()["holds"] is False
    assert found.checks[0]["reason"].startswith("RuntimeError: no kernel image (test_gpu_findings.py:")
    assert "no kernel image" in found.facts["tracebacks"][0]
    with pytest.raises(KeyboardInterrupt), found.attempt("stopped"):
        raise KeyboardInterrupt
