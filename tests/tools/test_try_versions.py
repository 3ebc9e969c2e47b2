"""The report of what differs with other releases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
from try_versions import KNOWN, LOCK, main, outcomes, pinned, report

TESTS = {"tests/a.py::test_one": "passed", "tests/a.py::test_two[x-1]": "failed", "tests/b.py::test_three": "skipped"}


def test_what_is_known_agrees() -> None:
    lines, agreed = report({"a": "1", "b": "2"}, {"a": "1", "b": "3"}, TESTS, {"tests/a.py::test_two[x-1]": "why"})
    assert agreed
    assert "  b: 2 → 3" in lines
    assert not [line for line in lines if line.startswith("  a:")]
    assert "  known: tests/a.py::test_two[x-1]: why" in lines
    assert "Tests: 1 passed, 1 failed, 1 skipped." in lines


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ({}, "  NOT KNOWN: tests/a.py::test_two[x-1]"),
        ({"tests/a.py::*": "all", "tests/b.py::test_three": "old"}, "  NO LONGER DIFFERS: tests/b.py::test_three"),
    ],
)
def test_what_is_not_known_does_not_agree(known: dict[str, str], line: str) -> None:
    lines, agreed = report({}, {}, TESTS, known)
    assert not agreed
    assert line in lines


def test_no_tests_do_not_agree() -> None:
    assert not report({}, {}, {}, {})[1]


def test_what_is_held_is_said() -> None:
    assert (
        "  torch: held at 2.13.0, not tried"
        in report({"torch": "2.13.0"}, {"torch": "2.13.0"}, TESTS, {}, ["torch"])[0]
    )


def test_outcomes_are_those_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\ndef test_good(): pass\n@pytest.mark.parametrize('x', [1, 'a b'])\ndef test_bad(x): assert 0\n"
        "def test_skipped(): pytest.skip('no')\n@pytest.fixture\ndef broken(): raise OSError\n"
        "def test_error(broken): pass\n"
    )
    results = tmp_path / "results.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", f"--junitxml={results}", "-c", "/dev/null",
               f"--rootdir={tmp_path}", str(tmp_path)]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    found = outcomes(results)
    assert found == {
        "test_some.py::test_good": "passed",
        "test_some.py::test_bad[1]": "failed",
        "test_some.py::test_bad[a b]": "failed",
        "test_some.py::test_skipped": "skipped",
        "test_some.py::test_error": "failed",
    }
    with pytest.raises(SystemExit, match="pytest wrote no results"):
        outcomes(tmp_path / "none.xml")


def test_the_lock_has_every_direct_dependency_once() -> None:
    import re
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["runner"], *extras["test"], *extras["dev"]]
    names = {re.split(r"[\[<>=!~ ]", item)[0].lower().replace("_", "-") for item in asked} - {"crosslift"}
    assert names <= set(pinned(LOCK))
    for extra in ("engines", "explore", "map", "report"):  # what users can ask for is tested
        assert {re.split(r"[<>=]", item)[0] for item in extras[extra]} <= {re.split(r"[<>=]", i)[0] for i in asked}


def test_an_unknown_package_cannot_be_held() -> None:
    with pytest.raises(SystemExit, match=r"'numpi' is not in requirements\.lock"):
        main(["lowest", "--hold", "numpi"])


def test_every_known_difference_has_its_reason() -> None:
    import tomllib

    for which, known in tomllib.loads(KNOWN.read_text(encoding="utf-8")).items():
        assert which in ("lowest", "newest")
        assert all(reason.strip() for reason in known.values())
