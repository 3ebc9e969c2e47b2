"""Text that a user gives is never code: not in formulas, conditions, moderators, claims, choices or grids.

Python's audit events say what the interpreter is asked to do: while a payload is read, no file is opened, nothing is
compiled, imported, unpickled, and no process or connection started.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.claims.language import Sheet, check_claim
from analysis.core.errors import CrossliftError, FormulaError
from analysis.formulas.rows import rows_where
from analysis.questions.multiverse.choices import Choice, ChoiceOption, read_choices
from tests.watch import audit

WATCHED = ("open", "exec", "compile", "import", "os.", "subprocess.", "socket.", "pickle.", "ctypes.", "shutil.",
           "marshal.", "builtins.breakpoint", "builtins.input", "glob.", "urllib.", "webbrowser.")  # fmt: skip


@contextmanager
def nothing_asked(place: Path) -> Iterator[None]:
    """Fails if anything is asked of the interpreter meanwhile, or a file is written."""
    files = set(place.iterdir())
    with audit() as events:
        yield
    assert [event for event in events if event[0].startswith(WATCHED)] == []
    assert set(place.iterdir()) == files
    assert not hasattr(sys, "crosslift_was_here")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The working directory, with a file that would run code on loading; lazy imports of our own are done."""
    monkeypatch.chdir(tmp_path)
    np.save("evil.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    for warm in (fit, respond, group, choose, moderate):
        with pytest.raises(CrossliftError):
            warm("nothing_of_this_name(typology)")
    return tmp_path


class Evil:
    """Its pickle sets an attribute of ``sys`` when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("import sys; sys.crosslift_was_here = True",)


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    languages = [f"l{i}" for i in range(8)]
    table = pd.DataFrame(
        {"language": languages * 6, "typology": np.tile(rng.random(8), 6), "gain": rng.normal(size=48)}
    )
    return table.assign(variance=1.0, study=["a", "b"] * 24)


FRAME = frame()


def fit(payload: str) -> None:
    analysis.fit_mixed(f"gain ~ {payload} + (1|language)", FRAME)


def respond(payload: str) -> None:
    analysis.fit_mixed(f"{payload} ~ typology + (1|language)", FRAME)


def group(payload: str) -> None:
    analysis.fit_mixed(f"gain ~ typology + (1|{payload})", FRAME)


def choose(payload: str) -> None:
    rows_where(FRAME, payload)


def moderate(payload: str) -> None:
    analysis.meta_analyze("gain", "variance", moderators=payload, frame=FRAME)


PAYLOADS = [
    "np.load('evil.npy', allow_pickle=True)",
    "np.load(`evil.npy`)",
    "np.savetxt('written.txt', typology)",
    "np.fromfile('/etc/passwd')",
    "np.memmap('written.bin')",
    "numpy.load('evil.npy')",
    "pd.read_pickle('evil.npy')",
    "pandas.read_csv('/etc/passwd')",
    "open('written.txt', 'w')",
    "open(typology)",
    "eval('1')",
    "exec('import os')",
    "compile('1', '', 'eval')",
    "__import__('os')",
    "__import__('os').system('touch written.txt')",
    "os.system('touch written.txt')",
    "sys.exit(1)",
    "subprocess.run('ls')",
    "getattr(typology, 'values')",
    "setattr(typology, 'name', 'x')",
    "vars()",
    "globals()",
    "locals()",
    "input()",
    "breakpoint()",
    "exit()",
    "typology.__class__",
    "typology.__class__.__mro__",
    "typology.to_csv('written.csv')",
    "typology.values.tofile('written.bin')",
    "typology.map(print)",
    "typology.apply('eval')",
    "().__class__.__bases__[0].__subclasses__()",
    "''.__class__",
    "(typology)(1)",
    "log(typology)(1)",
    "log.__globals__",
    "log.__call__(typology)",
    "I(typology).to_csv('written.csv')",
    "scale(typology).__init__.__globals__",
    "@np.load('evil.npy')",
    "@__builtins__",
    "@pd.io.common.os.system('touch written.txt')",
    "lambda: 1",
    "[x for x in typology]",
    "{typology}",
    "{'a': typology}",
    "f'{typology}'",
    "typology if study else gain",
    "typology := 1",
    "typology; import os",
    "typology\nimport os",
    "log('evil.npy')",
    "I('evil.npy')",
    "I(__builtins__)",
    "I(np.load('evil.npy', allow_pickle=True))",
    "log(open('written.txt', 'w'))",
    "factor(study, levels=open('written.txt'))",
    "poly(typology, degree=__import__('os'))",
    "poly(typology, 2, raw='evil.npy')",
    "bs(typology, knots=np.load('evil.npy'))",
    "cut(typology, breaks=eval('1'))",
    "ifelse(exec('1'), 1, 0)",
    "C(study, Treatment)",
    "C(study, contrast=Sum)",
    "T(study, np.load('evil.npy'))",
    "offset(np.load('evil.npy'))",
    "study[np.load('evil.npy')]",
    "typology[0]",
    "Q('typology')",
    "load('evil.npy')",
    "DataFrame(typology)",
    "%timeit typology",
    "!ls",
    "$(ls)",
    "`ls`",
    "typology | os.system('ls')",
]


@pytest.mark.parametrize("read", [fit, respond, group, choose, moderate])
def test_nothing_runs(read: Callable[[str], None], place: Path) -> None:
    assert len(set(PAYLOADS)) >= 50
    for payload in PAYLOADS:
        with nothing_asked(place):
            refused(read, payload, CrossliftError)


def test_claims_run_nothing(place: Path) -> None:
    sheet = Sheet("made up", "", {str(name): FRAME[name].astype(str).tolist() for name in FRAME.columns})
    for payload in PAYLOADS:
        with nothing_asked(place):
            refused(lambda text: check_claim(sheet, f"mean({text}) = 1"), payload, CrossliftError)


def test_what_runs_is_seen(place: Path) -> None:
    """The guard would notice."""
    with pytest.raises(AssertionError), nothing_asked(place):
        eval("1 + 1")
    with pytest.raises(AssertionError), nothing_asked(place):
        (place / "evil.npy").read_bytes()


def refused(read: Callable[[str], Any], payload: str, error: type[Exception]) -> None:
    try:
        read(payload)
    except error:
        return
    pytest.fail(f"{payload} was read")


YAML = [
    "measure: !!python/object/apply:os.system ['touch written.txt']",
    "measure: !!python/name:os.system",
    "!!python/object/new:os.system ['touch written.txt']",
    "measure: !!python/module:os",
]


@pytest.mark.parametrize("text", YAML)
def test_files_of_choices_and_grids_make_no_objects(text: str, tmp_path: Path) -> None:
    from analysis.store.grid import read_grid

    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(CrossliftError):
        read_choices(path, [Choice("measure", "", (ChoiceOption("syntactic", ""),))])
    with pytest.raises(CrossliftError):
        read_grid(path)
    assert [item.name for item in tmp_path.iterdir()] == ["file.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "typology" + ")" * 5000,
        "log(" * 3000 + "typology" + ")" * 3000,
        "-" * 5000 + "typology",
        "not " * 4000 + "typology",
        "2" + "^9" * 3000,
        "typology" + " + typology" * 100_000,
        "(" + " + ".join(f"x{i}" for i in range(60)) + ")^9",
        "*".join(f"log{i}(typology)" for i in range(30)),
        "*".join(f"`x{i}`" for i in range(30)),
        "poly(typology, 1000000000)",
        "cut(typology, 1000000000)",
        "bs(typology, 1000000)",
        "9^9^9^9^9^9",
    ],
)
def test_what_is_huge_is_refused_at_once(text: str) -> None:
    refused(fit, text, FormulaError)
    refused(choose, text, FormulaError)
