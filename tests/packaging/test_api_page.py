"""docs/api.md is true: every public name stands on it, with the signature that it has, and what it shows runs."""

from __future__ import annotations

import inspect
import re

import pytest

import crosslift as cl
from tests.conftest import ROOT

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
FUNCTIONS = [name for name in cl.__all__ if inspect.isfunction(getattr(cl, name))]


def signature(name: str) -> str:
    """As the page has it: without annotations."""
    found = inspect.signature(getattr(cl, name))
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in found.parameters.values()]
    return f"cl.{name}{found.replace(parameters=bare, return_annotation=inspect.Signature.empty)}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_those_of_the_code(name: str) -> None:
    shown = [re.sub(r"\s+", " ", text) for text in re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)]
    assert signature(name) in shown


def test_every_public_name_is_on_the_page() -> None:
    missing = {
        name for name in cl.__all__ if name != "__version__" and f"`{name}`" not in PAGE and f"cl.{name}(" not in PAGE
    }
    assert not missing


def test_what_a_result_has_is_listed() -> None:
    listed = set(
        re.findall(r"^\| `(\w+)(?:\(.*?\))?` \|", PAGE.split("## `Result`")[1].split("## Data")[0], re.MULTILINE)
    )
    assert listed == {name for name in dir(cl.Result) if not name.startswith("_")}


@pytest.mark.slow
def test_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert "Did you mean 'typology'?" in capsys.readouterr().out
    assert names["result"].converged  # type: ignore[attr-defined]
