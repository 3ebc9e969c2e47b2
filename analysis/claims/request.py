"""What can be asked of ``verify``: claims of the registry, claims about a table, or printed averages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ..core.errors import CrossliftError
from .language.evaluate import Settings
from .language.sheet import as_number


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """One question; with neither ``table`` nor ``averages`` it is about the registry.

    Attributes
    ----------
    table, claims
        A table, by path or as a bundled set's name, and claims about it as text.
    averages
        Tables whose printed averages are compared with their cells; empty for every bundled one.
    documents, show, tables, results
        Of the registry: a directory of documents, claims to print in full, a filled template, own results.
    settings
        What is known about the cells of ``table``.
    """

    table: str | None = None
    claims: tuple[str, ...] = ()
    averages: tuple[str, ...] | None = None
    documents: str | None = None
    show: tuple[str, ...] = ()
    tables: str | None = None
    results: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)

    def check(self) -> None:
        """Refuse what would silently be without effect.

        Raises
        ------
        CrossliftError
            With what to leave out or to add.
        """
        if self.claims and not self.table:
            raise CrossliftError("--claim needs a table.", "analyze verify TABLE --claim 'mean(gain) = 5.4'")
        if self.table and not self.claims:
            raise CrossliftError(f"no claim is made about '{self.table}'.", "Add --claim 'mean(COLUMN) = VALUE'.")
        registry = [name for name in ("documents", "show", "tables", "results") if getattr(self, name)]
        about_table = [name for name in ("under", "items", "scale") if getattr(self.settings, name)]
        about_table += ["decimals"] if self.settings.decimals is not None else []
        averages = self.averages is not None
        if registry and (self.table or averages):
            raise CrossliftError(
                f"--{registry[0]} is about the registry; leave out {'TABLE' if self.table else '--averages'}."
            )
        if about_table and not self.table:
            raise CrossliftError(
                f"--{about_table[0]} is about a table.", "analyze verify TABLE --claim 'mean(gain) = 5.4'"
            )
        if averages and self.table:
            raise CrossliftError("--averages and TABLE are two questions: ask one.")
        if self.settings.decimals is not None and self.settings.decimals < 0:
            raise CrossliftError(f"--decimals {self.settings.decimals} is negative.")


def read_claims(path: str) -> tuple[str, ...]:
    """Claims of a file, one per line; a line that starts with ``#`` is a comment.

    Raises
    ------
    CrossliftError
        If the file cannot be read, or has no claim.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CrossliftError(f"'{path}' cannot be read: {error}.") from error
    lines = [line.strip() for line in text.splitlines()]
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found:
        raise CrossliftError(f"'{path}' has no claim.", "Write one per line.")
    return found


def read_scale(given: Sequence[str | float]) -> tuple[Fraction, Fraction]:
    """Least and largest possible score.

    Raises
    ------
    CrossliftError
        If these are not two numbers in this order.
    """
    low, high = (as_number(str(text)) for text in given)
    if low is None or high is None or low >= high:
        shown = " ".join(map(str, given))
        raise CrossliftError(f"--scale {shown} is not two numbers, the smaller one first.")
    return low, high
