"""``make help`` lists every target, and the project's other entry points call the same commands."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import yaml

from analysis import __version__
from tests.conftest import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()  # type: ignore[index]


def test_every_target_has_a_line_of_help() -> None:
    helped = {
        name for names in re.findall(r"^([a-z][a-z -]*):.*## \S", MAKEFILE, re.MULTILINE) for name in names.split()
    }
    declared = {
        name for names in re.findall(r"^([a-z][a-z -]*):(?!=)", MAKEFILE, re.MULTILINE) for name in names.split()
    }
    assert helped == declared == set(TARGETS)


def test_help_lists_every_target() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    asked = ["make", "--no-print-directory", "help"]
    printed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name for line in printed.splitlines() for name in line[:26].split()} == set(TARGETS)
    assert all(len(line.split(maxsplit=1)) > 1 and len(line) < 120 for line in printed.splitlines())


def test_ci_elsewhere_runs_what_ci_here_runs() -> None:
    here = set(re.findall(r"^make (\S+)$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE))
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    there = {name for run in steps for name in re.findall(r"make ([a-z-]+)", run)}
    assert here <= there
    assert there <= set(TARGETS)
    matrix = jobs["test"]["strategy"]["matrix"]
    assert {"ubuntu-latest", "macos-latest", "windows-latest"} == set(matrix["os"])
    assert {"3.11", "3.12", "3.13", "3.14"} == set(matrix["python"])


def test_hooks_before_a_commit_run_what_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    local = {hook["id"]: hook for repo in hooks if repo["repo"] == "local" for hook in repo["hooks"]}
    assert {"ruff", "ruff-format", "mypy"} <= set(local)
    for hook in local.values():
        tool = hook["entry"].split()[2]
        assert re.search(rf"\$\(BIN\)/{tool}\b", MAKEFILE), hook["id"]


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["cff-version"] == "1.2.0"
    assert "doi" not in citation


def test_templates_are_read_as_yaml() -> None:
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) > 2
    for form in forms:
        content = yaml.safe_load(form.read_text(encoding="utf-8"))
        if form.stem != "config":
            assert {"name", "description", "body"} <= set(content), form.name
