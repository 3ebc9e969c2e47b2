"""Readings that an author has looked at and accepts: ``verify.toml``, so that a check in CI stays quiet about them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...core.errors import CrossliftError, did_you_mean
from .audit import Finding

_FIELDS = ("table", "what", "printed", "because")
#: In place of a verdict.
ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Accepted:
    """One accepted reading: which cell, as the findings name it, and why."""

    table: str
    what: str
    printed: str
    because: str


def read_accepted(path: str | Path) -> tuple[Accepted, ...]:
    """Read ``[[accept]]`` entries with ``table``, ``what``, ``printed`` and ``because``.

    Raises
    ------
    CrossliftError
        If the file cannot be read, or an entry has other fields or gives no reason.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CrossliftError(f"'{path}' cannot be read: {error}.") from error
    found = []
    for number, entry in enumerate(content.get("accept", ()), start=1):
        for key in entry:
            if key not in _FIELDS:
                raise CrossliftError(
                    f"{Path(path).name}, entry {number}: unknown field '{key}'.", did_you_mean(key, _FIELDS)
                )
        if not entry.get("because"):
            raise CrossliftError(f"{Path(path).name}, entry {number} does not say why.", 'Add because = "…".')
        found.append(Accepted(*(str(entry.get(key, "")) for key in _FIELDS)))
    return tuple(found)


def with_accepted(findings: Iterable[Finding], accepted: Sequence[Accepted]) -> tuple[Finding, ...]:
    """Findings, with those that an entry names marked as accepted; another printed figure is not."""
    by_place = {(item.table, item.what, item.printed): item.because for item in accepted}
    return tuple(
        replace(finding, verdict=ACCEPTED, why=f"{because} ({finding.why})")
        if (because := by_place.get((finding.table, finding.what, finding.printed))) and finding.verdict != "reproduced"
        else finding
        for finding in findings
    )
