"""Read documents that list claims: a title, numbered sections, a table of claims with flags, references.

The table of claims is tab-separated, Markdown or CSV, with a column *Claim* and flag and confidence in one or two more
(``✅ 30%``), or it is a list whose items have a flag. Nothing here raises for what a document holds: what cannot be
read becomes a line in ``Document.problems``.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import CrossliftError

SUFFIXES = (".txt", ".md", ".csv", ".tsv")
VERIFIED = frozenset({"✓", "✔", "☑", "✅", "yes", "true", "verified"})
UNVERIFIED = frozenset({"×", "✗", "✘", "❌", "x", "no", "false", "unverified"})
#: Characters that a finished sentence ends with.
_END = (".", "!", "?", ")", "]", "”", '"')
_HEADING = re.compile(r"^(?:#{1,6}\s*)?\d+(?:\.\d+)*\.?\s+([A-Z][A-Za-z -]{2,60})$")
_BARE = re.compile(r"^(?:#{1,6}\s*)?(Abstract|References|Bibliography)$", re.IGNORECASE)
_COLUMNS = ("claim", "verified", "confidence")
#: Heads of the first column, and of those that hold flag, confidence, or both.
_CLAIM_HEADS = frozenset({"claim", "claims", "statement"})
_OTHER_HEADS = frozenset({"verified", "verification", "status", "flag", "confidence", "score", "verdict", "verified?"})
_NUMBERING = frozenset({"#", "no", "no.", "id", "nr", ""})
_ITEM = re.compile(r"^(?:[-*•]|\d+[.)])\s+(.+)$")
_MARKS = "✓✔☑✅×✗✘❌"
_FLAGGED = re.compile(rf"^(?P<text>.*?)[\s(\[–—:-]*(?P<flag>[{_MARKS}]\ufe0f?)\s*,?\s*(?P<number>[\d.]+\s*%?)?[)\]]*$")
_FLAGGED_FIRST = re.compile(rf"^(?P<flag>[{_MARKS}]\ufe0f?)\s*(?P<number>[\d.]+\s*%?)?[\s:–—-]*(?P<text>.*)$")
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


def read_documents(path: str | Path) -> tuple[Document, ...]:
    """Read a document, or every document of a directory in the order of their names.

    Raises
    ------
    CrossliftError
        If there is neither, or no document in the directory.
    """
    root = Path(path)
    if root.is_file():
        return (read_document(root),)
    if not root.is_dir():
        raise CrossliftError(
            f"'{path}' is neither a document nor a directory.",
            "Give --documents a file, or the directory that holds the documents.",
        )
    paths = sorted(item for item in root.iterdir() if item.suffix.lower() in SUFFIXES and item.is_file())
    if not paths:
        others = ", ".join(sorted(item.name for item in root.iterdir())[:5]) or "nothing"
        raise CrossliftError(
            f"no document in '{path}': it holds {others}.",
            f"Documents end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.",
        )
    return tuple(read_document(item) for item in paths)


def read_document(path: Path) -> Document:
    """Read one document; what is wrong with it stands in its ``problems``."""
    try:
        text = decode(path.read_bytes())
    except (UnicodeDecodeError, OSError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        return Document(path.stem, "", {}, (), (), (f"{path.name} {reason}.",))
    return parse(text, path.stem)


def decode(content: bytes) -> str:
    """UTF-8, or UTF-16 where a byte order mark says so.

    Raises
    ------
    UnicodeDecodeError
        If it is neither.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


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
    layout = _COMMON
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
        if columns := _header(line, cells):
            in_table = seen_table = True
            layout = columns
        elif not in_table and (item := _listed(line)):
            seen_table = True
            table.append((number, item))
        elif in_table and len(cells) == 1 and alone and table:
            in_table = False  # a paragraph after the table
        elif in_table and not _is_rule(cells):
            table.append((number, _arranged(line, cells, layout)))
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


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a table of claims has what: column of the claim, columns of flag and confidence, and its separator."""

    claim: int
    rest: tuple[int, ...]
    comma: bool = False


_COMMON = _Layout(0, (1, 2))


def _header(line: str, cells: Sequence[str]) -> _Layout | None:
    """The layout, if a line is the header of a table of claims."""
    comma = len(cells) == 1 and "," in line
    heads = [cell.strip().lower().strip("*_ ") for cell in (_comma(line) if comma else cells)]
    claims = [at for at, head in enumerate(heads) if head in _CLAIM_HEADS]
    others = tuple(at for at, head in enumerate(heads) if head in _OTHER_HEADS)
    rest = [head for at, head in enumerate(heads) if at not in claims and at not in others]
    if len(claims) != 1 or not others or any(head not in _NUMBERING for head in rest):
        return None
    return _Layout(claims[0], others, comma)


def _comma(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line]))]


def _arranged(line: str, cells: list[str], layout: _Layout) -> list[str]:
    """Claim, flag and confidence of a row, wherever the table has them; as it is where it does not have them."""
    cells = _comma(line) if layout.comma else cells
    if layout == _COMMON or max(layout.claim, *layout.rest) >= len(cells):
        return cells
    rest = " ".join(cells[at] for at in layout.rest)
    parts = rest.split(maxsplit=1) if len(layout.rest) == 1 else [cells[at] for at in layout.rest]
    if len(parts) == 2 and parts[0].strip("%").replace(".", "").isdigit():
        parts.reverse()
    return [cells[layout.claim], *parts]


def _listed(line: str) -> list[str] | None:
    """Claim, flag and confidence of an item of a list, if it has a flag."""
    item = _ITEM.match(line)
    found = item and (_FLAGGED_FIRST.match(item[1]) or _FLAGGED.match(item[1]))
    if not found or not found["text"].strip():
        return None
    return [found["text"].strip(), found["flag"], found["number"] or ""]


def _is_rule(cells: list[str]) -> bool:
    return all(cell and not cell.strip(":-") for cell in cells)


def _row(number: int, line: int, cells: list[str], name: str, problems: list[str]) -> Row | None:
    """One row, or a line in ``problems`` that says what is wrong with it. Its position counts either way."""
    where = f"{name}, line {line} (row {number} of the claims)"
    if len(cells) != len(_COLUMNS):
        problems.append(f"{where} has {len(cells)} cells, not {len(_COLUMNS)}: claim, flag, confidence.")
        return None
    text, flag, confidence = cells
    flag = flag.removesuffix("\ufe0f")
    if not text:
        problems.append(f"{where} has no claim.")
        return None
    if flag.lower() not in VERIFIED | UNVERIFIED:
        problems.append(f"{where}: the flag '{flag}' is neither ✓ nor ×.")
        return None
    value = _confidence(confidence)
    if not 0.0 <= value <= 1.0:
        problems.append(f"{where}: the confidence '{confidence}' is not a number from 0 to 1.")
        return None
    return Row(number, line, text, flag.lower() in VERIFIED, value)


def _confidence(printed: str) -> float:
    """0.3 or 30%; not a number if it is neither."""
    plain = printed.strip()
    try:
        return float(plain.removesuffix("%")) / 100 if plain.endswith("%") else float(plain)
    except ValueError:
        return float("nan")
