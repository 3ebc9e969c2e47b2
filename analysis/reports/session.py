"""What a notebook records while it runs: numbers, figures, tables, methods and sources."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError
from .numbers import Numbers, NumbersError
from .prose import fill
from .provenance import provenance_text, revision, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..core.text import Table
    from ..records.read import Source

#: Where ``analyze report`` tells a kernel what to write and what to read.
OUT, DATA, MAP = "CROSSLIFT_REPORT_OUT", "CROSSLIFT_REPORT_DATA", "CROSSLIFT_REPORT_MAP"
FIGURES, NUMBERS = "figures", "numbers.json"
ENDINGS = (".svg", ".png")


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure that was saved: its name, its caption, and what it shows in words for those who cannot see it."""

    name: str
    caption: str
    alt: str


@dataclass(slots=True)
class Session:
    """One run of a notebook.

    Attributes
    ----------
    name
        Name of the notebook.
    out
        Directory that ``numbers.json`` and ``figures/`` are written to.
    data
        The user's own data; empty for the bundled results.
    mapping
        Their column → the field of the record that it holds, where the names differ.
    """

    name: str
    out: Path
    data: tuple[str, ...] = ()
    mapping: dict[str, str] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    sources: dict[str, Source] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    omitted: list[str] = field(default_factory=list)
    diagnostics: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)

    def provenance(self, sources: Sequence[Source]) -> None:
        """Note the data and print them with hashes, versions and revision: the first cell of every report."""
        self.use(sources)
        print(provenance_text(sources))

    def use(self, sources: Sequence[Source]) -> None:
        """Note data that are read later on."""
        self.sources |= {item.name: item for item in sources}

    def say(self, name: str, text: str) -> None:
        """Record words under a name, with the numbers they name filled in."""
        self.numbers[name] = fill(text, self.numbers)

    def figure(
        self,
        name: str,
        draw: Callable[[Axes], object],
        caption: str,
        alt: str,
        width: float = 6.8,
        height: float = 4.6,
    ) -> None:
        """Draw on one ``Axes`` and save as PNG and SVG.

        Parameters
        ----------
        name
            ``{figure name}`` in the prose puts it there.
        draw
            Called with the Axes.
        caption, alt
            Printed under it, with numbers put in; and what it shows, in words.
        width, height
            In inches.
        """
        from ..plots.style import figure

        with figure(width, height) as (made, ax):
            draw(ax)
        self.drawing(name, made, caption, alt)

    def drawing(self, name: str, made: Figure, caption: str, alt: str) -> None:
        """Like :meth:`figure`, for a figure that is already drawn."""
        from ..plots.style import save

        if any(item.name == name for item in self.pictures):
            raise NumbersError(f"the figure '{name}' is drawn twice.", "Give each its own name.")
        folder = self.out / FIGURES
        folder.mkdir(parents=True, exist_ok=True)
        for ending in ENDINGS:
            save(made, folder / f"{name}{ending}")
        self.pictures.append(Picture(name, fill(caption, self.numbers), fill(alt, self.numbers)))

    def table(self, name: str, table: Table) -> None:
        """Record a table; ``{table name}`` in the prose puts it there."""
        if name in self.tables:
            raise NumbersError(f"the table '{name}' is recorded twice.", "Give each its own name.")
        self.tables[name] = table

    def omit(self, name: str) -> None:
        """Leave out the figure or table ``name`` that the prose asks for; the prose says why."""
        self.omitted.append(name)

    def diagnose(self, *lines: str) -> None:
        """Add sentences to the diagnostics; each sentence is recorded once."""
        self.diagnostics += [line for line in dict.fromkeys(lines) if line and line not in self.diagnostics]

    def method(self, *lines: str) -> None:
        """Add sentences to the methods text."""
        self.methods += [fill(line, self.numbers) for line in lines]

    def cite(self, *keys: str) -> None:
        """Add references by the key of their BibTeX entry."""
        from .bibliography import entry

        for key in keys:
            entry(key)  # refuses an unknown key here, where it is written
            if key not in self.references:
                self.references.append(key)

    def finish(self) -> None:
        """Write ``numbers.json``: the last cell of every report.

        Raises
        ------
        NumbersError
            If no ``answer`` was recorded: a report opens with one.
        """
        if "answer" not in list(self.numbers):
            raise NumbersError(f"the report '{self.name}' lacks an 'answer'.", "session.say('answer', …) is missing.")
        content = {
            "command": "report",
            "report": self.name,
            "answer": self.numbers.print("answer"),
            "numbers": self.numbers.to_json(),
            "figures": [asdict(item) for item in self.pictures],
            "tables": [{"name": name, **asdict(table)} for name, table in self.tables.items()],
            "omitted": self.omitted,
            "diagnostics": self.diagnostics,
            "methods": self.methods,
            "references": self.references,
            "data": [asdict(item) for item in self.sources.values()],
            "versions": versions(),
            "revision": revision(),
        }
        self.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        (self.out / NUMBERS).write_text(text, encoding="utf-8")


def begin(name: str) -> Session:
    """Start a run: where ``analyze report`` says, else ``reports/NAME`` here, on bundled data."""
    out = Path(os.environ.get(OUT) or Path("reports") / name)
    data = json.loads(os.environ.get(DATA) or "[]")
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise CrossliftError(f"{DATA} is not a list of names: {data!r}.")
    mapping = json.loads(os.environ.get(MAP) or "{}")
    if not isinstance(mapping, dict) or not all(isinstance(item, str) for item in mapping.values()):
        raise CrossliftError(f"{MAP} does not map columns to fields: {mapping!r}.")
    return Session(name, out, tuple(data), mapping)


def read_numbers(directory: Path) -> dict[str, Any]:
    """What :meth:`Session.finish` wrote."""
    content: dict[str, Any] = json.loads((directory / NUMBERS).read_text(encoding="utf-8"))
    return content
