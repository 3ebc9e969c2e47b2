"""Read documents that list claims: a title, numbered sections, a table of claims with flags, references.

The table of claims is tab-separated or Markdown, with the columns *Claim*, *Verified* and *Confidence*. Nothing here
raises for what a document holds: what cannot be read becomes a line in ``Document.problems``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import CrossliftError

SUFFIXES = (".txt", ".md")
VERIFIED = frozenset({"✓", "✔", "☑", "yes", "true"})
UNVERIFIED = frozenset({"×", "✗", "✘", "x", "no", "false"})
#: Characters that a finished sentence ends with.
_END = (".", "!", "?", ")", "]", "”", '"')
_HEADING = re.compile(r"^(?:#{1,6}\s*)?\d+(?:\.\d+)*\.?\s+([A-Z][A-Za-z -]{2,60})$")
_BARE = re.compile(r"^(?:#{1,6}\s*)?(Abstract|References|Bibliography)$", re.IGNORECASE)
_COLUMNS = ("claim", "verified", "confidence")
_FOOTNOTE = re.compile(r"[\s⁰¹²³⁴⁵⁶⁷⁸⁹]+$")
#: Words that no title ends with.
_OPEN_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "of",
        "on",
        "or",
        "the",
        "to",
        "under",
        "via",
        "with",
    ]
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table of claims: its position from 1, its words, its flag and its confidence."""

    number: int
    line: int
    text: str
    verified: bool
    confidence: float

    @property
    def cut_off(self) -> bool:
        """True if the claim stops before its sentence does."""
        return is_cut_off(self.text)


@dataclass(frozen=True, slots=True)
class Document:
    """What was read of one document. ``sections`` are by lower-case heading, without the table of claims."""

    name: str
    title: str
    sections: Mapping[str, str]
    rows: tuple[Row, ...]
    references: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def abstract(self) -> str:
        """The abstract, or an empty string."""
        return self.sections.get("abstract", "")

    @property
    def title_cut_off(self) -> bool:
        """True if the title ends with a word that no title ends with."""
        return bool(self.title) and self.title.split()[-1].lower() in _OPEN_WORDS


def is_cut_off(text: str) -> bool:
    """True if ``text`` does not end as a sentence does; footnote marks after the end do not count."""
    plain = _FOOTNOTE.sub("", text)
    return bool(plain) and not plain.endswith(_END)


def read_directory(directory: str | Path) -> tuple[Document, ...]:
    """Read every ``.txt`` and ``.md`` file of a directory, in the order of their names.

    Raises
    ------
    CrossliftError
        If there is no such directory, or no such file in it.
    """
    root = Path(directory)
    if not root.is_dir():
        raise CrossliftError(
            f"'{directory}' is not a directory.", "Give --documents the directory that holds the documents."
        )
    paths = sorted(path for path in root.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        others = ", ".join(sorted(path.name for path in root.iterdir())[:5]) or "nothing"
        raise CrossliftError(
            f"no document in '{directory}': it holds {others}.", f"Documents end in {' or '.join(SUFFIXES)}."
        )
    return tuple(read_document(path) for path in paths)


def read_document(path: Path) -> Document:
    """Read one document; what is wrong with it stands in its ``problems``."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (UnicodeDecodeError, OSError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        return Document(path.stem, "", {}, (), (), (f"{path.name} {reason}.",))
    return parse(text, path.stem)


def parse(text: str, name: str) -> Document:
    """Parse the text of one document."""
    title = ""
    section = ""
    bodies: dict[str, list[str]] = {}
    table: list[tuple[int, list[str]]] = []
    problems: list[str] = []
    references: list[str] = []
    in_table = False
    seen_table = False
    after_blank = False
    for number, printed in enumerate(text.splitlines(), start=1):
        line = printed.strip()
        if not line:
            after_blank = True
            continue
        alone, after_blank = after_blank, False
        heading = _HEADING.match(line) or _BARE.match(line)
        if heading:
            section, in_table = heading[1].strip().lower(), False
            bodies.setdefault(section, [])
            continue
        if not title and not section:
            title = line.lstrip("# ").strip()
            continue
        cells = _cells(line)
        if tuple(cell.lower() for cell in cells) == _COLUMNS:
            in_table = seen_table = True
        elif in_table and len(cells) == 1 and alone and table:
            in_table = False  # a paragraph after the table
        elif in_table and not _is_rule(cells):
            table.append((number, cells))
        elif section in ("references", "bibliography"):
            if line.startswith(("-", "*", "[")):
                references.append(line.lstrip("-*• ").strip("<>"))
        elif not in_table:
            bodies.setdefault(section, []).append(line)
    rows = [row for i, (line, cells) in enumerate(table, start=1) if (row := _row(i, line, cells, name, problems))]
    if not text.strip():
        problems.append(f"{name} is empty.")
    elif not seen_table:
        problems.append(f"{name} has no table of claims: no line with the columns Claim, Verified and Confidence.")
    elif not table:
        problems.append(f"{name}: the table of claims has no rows.")
    sections = {heading: "\n".join(lines) for heading, lines in bodies.items() if heading}
    return Document(name, title, sections, tuple(rows), tuple(references), tuple(problems))


def _cells(line: str) -> list[str]:
    if "\t" in line:
        return [cell.strip() for cell in line.split("\t")]
    if "|" in line:
        inner = line.removeprefix("|").removesuffix("|")
        return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]
    return [line]


def _is_rule(cells: list[str]) -> bool:
    return all(cell and not cell.strip(":-") for cell in cells)


def _row(number: int, line: int, cells: list[str], name: str, problems: list[str]) -> Row | None:
    """One row, or a line in ``problems`` that says what is wrong with it. Its position counts either way."""
    where = f"{name}, line {line} (row {number} of the claims)"
    if len(cells) != len(_COLUMNS):
        problems.append(f"{where} has {len(cells)} cells, not {len(_COLUMNS)}: claim, flag, confidence.")
        return None
    text, flag, confidence = cells
    if not text:
        problems.append(f"{where} has no claim.")
        return None
    if flag.lower() not in VERIFIED | UNVERIFIED:
        problems.append(f"{where}: the flag '{flag}' is neither ✓ nor ×.")
        return None
    try:
        value = float(confidence)
    except ValueError:
        value = float("nan")
    if not 0.0 <= value <= 1.0:
        problems.append(f"{where}: the confidence '{confidence}' is not a number from 0 to 1.")
        return None
    return Row(number, line, text, flag.lower() in VERIFIED, value)
