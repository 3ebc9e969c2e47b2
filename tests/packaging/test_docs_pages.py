"""Pages of docs/ that are not about one command: what they show runs, and what they list is there."""

from __future__ import annotations

import re
import sys

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import imports

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OTHERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "analysis" / "mixed" / "README.md"]


def blocks(name: str) -> list[str]:
    """The Python blocks of a page."""
    return re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)


def test_the_walk_runs() -> None:
    names: dict[str, object] = {}
    for block in blocks("walk.md"):
        exec(block, names)
    assert names["result"].answer == (names["said"].sentence,)  # type: ignore[attr-defined]


def test_the_walk_enters_each_room_once_and_goes_up() -> None:
    entered = [imports.room_of(name, imports.rooms()) for block in blocks("walk.md")
               for name in re.findall(r"^from (analysis\.[\w.]+) import", block, re.MULTILINE)]  # fmt: skip
    rooms = [room for i, room in enumerate(entered) if i == 0 or entered[i - 1] != room]
    assert rooms == ["analysis.records", "analysis.outcomes", "analysis.questions", "analysis.present"]


def test_the_walk_names_functions_that_exist() -> None:
    """Names in backticks such as ``pairing.pair_gains`` are modules and functions of the room of their section."""
    text = (DOCS / "walk.md").read_text(encoding="utf-8")
    named = re.findall(r"`(?:analysis\.\w+\.)?(\w+)\.(\w+)`", text)
    files = {path.stem: path for path in (ROOT / "analysis").rglob("*.py")}
    functions = [(module, name) for module, name in named if name not in ("py", "md") and module in files]
    assert len(functions) > 12
    for module, name in functions:
        sources = [p.read_text(encoding="utf-8") for p in (ROOT / "analysis").rglob(f"{module}.py")]
        assert any(re.search(rf"^(?:def |class )?{name}\b", text, re.MULTILINE) for text in sources), f"{module}.{name}"


def test_the_table_of_rooms_is_the_contract() -> None:
    shown = re.findall(r"^\| (\d+) \| `([\w.]+)` \|", (DOCS / "architecture.md").read_text(encoding="utf-8"), re.M)
    floors = imports.rooms()
    assert shown == [(str(len(floors) - i), room) for i, floor in enumerate(floors) for room in floor]


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*PAGES, *OTHERS]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_index_lists_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        if page != DOCS / "README.md":
            assert f"({page.relative_to(DOCS).as_posix()})" in index, page.name


def test_pages_say_baseline() -> None:
    for page in [*PAGES, ROOT / "README.md"]:
        assert "reference_run" not in page.read_text(encoding="utf-8"), page.name


def test_files_named_for_contributors_exist() -> None:
    """Paths in backticks that begin at the root of the repository."""
    for page in (ROOT / "CONTRIBUTING.md", DOCS / "architecture.md", *DOCS.glob("decisions/*.md")):
        for path in re.findall(
            r"`((?:analysis|crosslift|data|docs|runner|tests|tools|validation)/[\w./]+)`", page.read_text("utf-8")
        ):
            assert "NAME" in path or (ROOT / path).exists(), f"{page.name}: {path}"


def test_modules_named_in_the_engine_page_exist() -> None:
    text = (ROOT / "analysis/mixed/README.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+(?:/\w+)*\.py)`", text)
    assert len(named) > 12
    for path in named:
        assert (ROOT / "analysis/mixed" / path).is_file(), path


def test_commands_named_for_contributors_are_targets() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    for name in re.findall(r"`make ([a-z-]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        assert name in phony[1].split(), name


def test_terms_that_the_glossary_leans_on_are_in_it() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|`]+?) \| (.+) \|$", text, re.MULTILINE)[1:]
    terms = {term for first, _ in rows for term in (first, *first.split(", "))}
    used = {term for _, meaning in rows for term in re.findall(r"\*([^*]+)\*", meaning)}
    assert used <= terms, used - terms
    assert [first.casefold() for first, _ in rows] == sorted(first.casefold() for first, _ in rows)
