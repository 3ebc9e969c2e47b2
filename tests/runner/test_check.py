"""``runner check``: what this machine can train with."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from runner.cli.main import main
from runner.environment import PACKAGES, inspect_environment
from tests.conftest import skip_or_fail


def test_versions_are_those_installed() -> None:
    found = inspect_environment()
    assert set(found.packages) == set(PACKAGES)
    for name, number in found.packages.items():
        assert (number is not None) == (find_spec(name) is not None)


def test_missing_packages_are_said_with_status_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.environment.PACKAGES", ("torch_of_tomorrow",))
    monkeypatch.setattr("runner.environment._devices", lambda: ())
    monkeypatch.setattr("runner.environment.inspect_environment", lambda: _without_torch())
    assert main(["check"]) == 1
    captured = capsys.readouterr()
    assert "missing" in captured.out
    assert "crosslift[runner]" in captured.err


def _without_torch():
    from runner.environment import Environment

    return Environment("3.11", "Linux", 2, {"torch": None}, ())


def test_the_runner_extra_is_installed_and_sees_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    if find_spec("torch") is None:
        skip_or_fail("the extra 'runner' is not installed")
    assert main(["check", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["missing"] == []
    assert content["devices"][0]["kind"] == "cpu"
