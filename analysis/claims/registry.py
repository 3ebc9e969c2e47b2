"""The registry of claims: read from ``data/claims/claims.toml`` and checked before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..core.errors import CrossliftError, did_you_mean
from ..core.paths import data_directory
from .computations import COMPUTATIONS
from .numbers.intervals import Interval, exact, rounded

CLAIM_KINDS = (
    "average gain",
    "gain per intermediate task",
    "gain per target task",
    "ordering",
    "consistency over tasks",
    "comparison of methods",
    "design fact",
    "source fact",
)
UNITS = ("points", "tasks", "languages", "examples")
SCOPES = ("intermediate", "model", "tasks", "languages", "split", "metric")
_FIELDS = frozenset(
    (
        "id",
        "statement",
        "kind",
        "value",
        "unit",
        "decimals",
        "scope",
        "computation",
        "settled_by",
        "parts",
        "stated",
        "note",
    )
)


class RegistryError(CrossliftError):
    """A registry of claims that does not follow its schema."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One row of a document that states a claim."""

    document: str
    row: int
    verified: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Attributes
    ----------
    id, statement, kind
        Its name, our wording, and one of ``CLAIM_KINDS``.
    value, unit, decimals
        The number claimed as printed; ``None``, empty and 0 for a claim without one.
    scope
        Model, tasks, languages, split and metric that the claim speaks of, where it says.
    computation
        Name of the check that settles it. Empty for a claim with ``parts``, and for one that this version has no check
        for: ``verify`` then says so and gives no verdict.
    settled_by
        The table that would settle it.
    parts
        Claims that this one joins.
    stated
        Every row of a document that states it.
    note
        What our wording leaves out or takes for granted.
    """

    id: str
    statement: str
    kind: str
    value: float | None = None
    unit: str = ""
    decimals: int = 0
    scope: Mapping[str, str] = field(default_factory=dict)
    computation: str = ""
    settled_by: str = ""
    parts: tuple[str, ...] = ()
    stated: tuple[Statement, ...] = ()
    note: str = ""

    @property
    def settlement(self) -> str:
        """What would settle it, as reasons end."""
        return f"settled by: {self.settled_by}"

    @property
    def interval(self) -> Interval:
        """What the claimed value can have been before rounding; a count is exact.

        Raises
        ------
        ValueError
            If the claim has no number.
        """
        if self.value is None:
            raise ValueError(f"claim '{self.id}' has no number")
        return rounded(self.value, self.decimals) if self.unit == "points" else exact(self.value)


@dataclass(frozen=True, slots=True)
class Registry:
    """All claims by id, and how many rows each document has."""

    claims: Mapping[str, Claim]
    documents: Mapping[str, int]

    def find(self, name: str) -> Claim:
        """The claim called ``name``.

        Raises
        ------
        RegistryError
            With the nearest names.
        """
        if name not in self.claims:
            hint = did_you_mean(name, self.claims) or f"Claims: {', '.join(self.claims)}."
            raise RegistryError(f"unknown claim '{name}'.", hint)
        return self.claims[name]

    def claim_of(self, document: str, row: int) -> Claim | None:
        """The claim that a row of a document states."""
        return next(
            (
                claim
                for claim in self.claims.values()
                for item in claim.stated
                if (item.document, item.row) == (document, row)
            ),
            None,
        )


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The bundled registry."""
    return read_registry(registry_path(), COMPUTATIONS)


def registry_path() -> Path:
    """Where the bundled registry lies."""
    return data_directory() / "claims" / "claims.toml"


def read_registry(path: Path, computations: Collection[str]) -> Registry:
    """Read and check a registry.

    Raises
    ------
    RegistryError
        For the first thing that is wrong: unknown kinds, units or computations, an id or a row of a document that
        stands twice, a row that no claim states, parts that do not exist.
    """
    import tomllib

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path.name} is not TOML: {error}.") from error
    documents = {entry["name"]: int(entry["rows"]) for entry in content.get("document", ())}
    claims: dict[str, Claim] = {}
    for entry in content.get("claim", ()):
        claim = _claim(entry, computations)
        if claim.id in claims:
            raise RegistryError(f"claim '{claim.id}' stands twice.", "Give one of them another id.")
        claims[claim.id] = claim
    for claim in claims.values():
        for part in claim.parts:
            if part not in claims or claims[part].parts:
                raise RegistryError(
                    f"claim '{claim.id}': its part '{part}' has to be a claim that is not joined itself.",
                    did_you_mean(part, claims),
                )
    _check_rows(claims, documents)
    return Registry(claims, documents)


def _claim(entry: Mapping[str, Any], computations: Collection[str]) -> Claim:
    name = entry.get("id", "")
    for required in ("id", "statement", "kind"):
        if not entry.get(required):
            raise RegistryError(f"claim '{name}' has no '{required}'.")
    for key in entry:
        if key not in _FIELDS:
            raise RegistryError(f"claim '{name}' has an unknown field '{key}'.", did_you_mean(key, _FIELDS))
    _one_of(name, "kind", entry["kind"], CLAIM_KINDS)
    if "value" in entry:
        _one_of(name, "unit", entry.get("unit", ""), UNITS)
        _check_decimals(name, entry)
    for key in entry.get("scope", {}):
        _one_of(name, "scope", key, SCOPES)
    computation, parts = entry.get("computation", ""), tuple(entry.get("parts", ()))
    if computation:
        _one_of(name, "computation", computation, tuple(computations))
        if not entry.get("settled_by"):
            raise RegistryError(f"claim '{name}' has no 'settled_by'.", "Say which table would settle it.")
    if computation and parts:
        raise RegistryError(f"claim '{name}' has parts and a computation.", "Its parts are computed, not itself.")
    return Claim(
        id=name,
        statement=entry["statement"],
        kind=entry["kind"],
        value=entry.get("value"),
        unit=entry.get("unit", ""),
        decimals=entry.get("decimals", 0),
        scope=dict(entry.get("scope", {})),
        computation=computation,
        settled_by=entry.get("settled_by", ""),
        parts=parts,
        stated=tuple(_statement(name, item) for item in entry.get("stated", ())),
        note=entry.get("note", ""),
    )


def _one_of(name: str, what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        hint = did_you_mean(value, known) or f"Known: {', '.join(known)}."
        raise RegistryError(f"claim '{name}': unknown {what} '{value}'.", hint)


def _check_decimals(name: str, entry: Mapping[str, Any]) -> None:
    decimals = entry.get("decimals")
    if not isinstance(decimals, int) or decimals < 0:
        raise RegistryError(f"claim '{name}': decimals are '{decimals}', not a number of digits.")
    if round(float(entry["value"]), decimals) != float(entry["value"]):
        raise RegistryError(f"claim '{name}': {entry['value']} has more than {decimals} decimals.")


def _statement(name: str, item: Sequence[Any]) -> Statement:
    if len(item) != 4 or not isinstance(item[1], int) or not isinstance(item[2], bool):
        raise RegistryError(f"claim '{name}': {list(item)} is not document, row, flag, confidence.")
    if not 0.0 <= float(item[3]) <= 1.0:
        raise RegistryError(f"claim '{name}': the confidence {item[3]} is not between 0 and 1.")
    return Statement(str(item[0]), item[1], item[2], float(item[3]))


def _check_rows(claims: Mapping[str, Claim], documents: Mapping[str, int]) -> None:
    """Every row of every document belongs to one claim."""
    owner: dict[tuple[str, int], str] = {}
    for claim in claims.values():
        for item in claim.stated:
            if item.document not in documents or not 1 <= item.row <= documents[item.document]:
                raise RegistryError(
                    f"claim '{claim.id}': there is no row {item.row} of document '{item.document}'.",
                    did_you_mean(item.document, documents),
                )
            if (item.document, item.row) in owner:
                raise RegistryError(
                    f"row {item.row} of document '{item.document}' belongs to '{owner[item.document, item.row]}' and "
                    f"to '{claim.id}'.",
                    "A row states one claim; join claims by 'parts'.",
                )
            owner[item.document, item.row] = claim.id
    for document, rows in documents.items():
        for row in range(1, rows + 1):
            if (document, row) not in owner:
                raise RegistryError(f"row {row} of document '{document}' belongs to no claim.")
