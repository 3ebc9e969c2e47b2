"""A guard: code that determines outcomes does not change without somebody deciding whether outcomes do."""

from __future__ import annotations

import ast
import hashlib

import pytest

from runner.store.stage import CODE_REVISIONS
from tests.conftest import ROOT

TRAINING = ("runner/training/*.py", "runner/kinds/*.py", "runner/models/backbone.py")
#: Files by stage whose code its outcome rests on.
FILES = {
    "load": ("runner/models/backbone.py", "runner/models/me5.py", "runner/models/q4.py"),
    "intermediate": (*TRAINING, "runner/tasks/subsets.py"),
    "target": (*TRAINING, "runner/tasks/subsets.py"),
    "evaluate": (*TRAINING, "runner/kinds/metrics/*.py"),
}
#: Revision, and hash of the code that came with it.
PINNED = {
    "load": (1, "3458e55e98591f82"),
    "intermediate": (1, "ef05747cf1d594f1"),
    "target": (1, "ef05747cf1d594f1"),
    "evaluate": (2, "96f63c82b6bd3c4b"),
}  # fmt: skip


def code_hash(patterns: tuple[str, ...]) -> str:
    """Of the lines without comments, docstrings and blanks, so that words may change."""
    total = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        text = path.read_text(encoding="utf-8")
        words: set[int] = set()
        for node in ast.walk(ast.parse(text)):
            body = getattr(node, "body", None)
            first = body[0] if isinstance(body, list) and body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and first.value.value.__class__ is str
            ):
                words |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
        lines = [line.strip() for i, line in enumerate(text.splitlines(), start=1) if i not in words]
        kept = [line for line in lines if line and not line.startswith("#")]
        total.update("\n".join([str(path.relative_to(ROOT)), *kept, ""]).encode())
    return total.hexdigest()[:16]


@pytest.mark.parametrize("stage", sorted(FILES))
def test_code_that_determines_outcomes_is_that_of_its_revision(stage: str) -> None:
    found = CODE_REVISIONS[stage], code_hash(FILES[stage])
    assert found == PINNED[stage], (
        f"Code that stage '{stage}' rests on has changed. If its outcome changes by more than rounding, raise "
        f"CODE_REVISIONS['{stage}'] in runner/store/stage.py; in either case pin here: {found}"
    )
