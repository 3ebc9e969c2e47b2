"""The available notebooks and the question of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core.errors import CrossliftError, unknown_name

#: In the order of the index.
ORDER = ("model_size", "corpus_size", "intermediate_vs_direct", "domain", "typology", "replication")


@dataclass(frozen=True, slots=True)
class Notebook:
    """One percent script. ``title`` is its first heading."""

    name: str
    title: str
    path: Path


def notebooks_directory() -> Path:
    """Where the notebooks are: inside an installed wheel, or next to the packages in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "_notebooks", package.parent / "notebooks"):
        if any(candidate.glob("*.py")):
            return candidate
    raise CrossliftError("the notebooks are missing: the installation is incomplete.", "Install crosslift again.")


def notebooks(directory: Path | None = None) -> dict[str, Notebook]:
    """All notebooks by name."""
    folder = directory or notebooks_directory()
    found = {path.stem: Notebook(path.stem, _title(path), path) for path in sorted(folder.glob("*.py"))}
    first = [name for name in ORDER if name in found]
    return {name: found[name] for name in [*first, *(name for name in found if name not in first)]}


def choose(names: list[str], directory: Path | None = None) -> list[Notebook]:
    """The notebooks called ``names``; ``all``, or no name, for all of them.

    Raises
    ------
    UnknownNameError
        With the nearest names.
    """
    known = notebooks(directory)
    if not names or "all" in names:
        return list(known.values())
    for name in names:
        if name not in known:
            raise unknown_name("report", name, [*known, "all"])
    return [known[name] for name in dict.fromkeys(names)]


def _title(path: Path) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# # "):
            return line.removeprefix("# # ").strip()
    raise CrossliftError(
        f"the notebook '{path.name}' does not have a title.", "Its first Markdown cell begins with '# # Title'."
    )
