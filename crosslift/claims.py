"""Printed claims and averages against the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .result import Result


def verify(
    table: str | Path | None = None,
    claim: str | Sequence[str] = (),
    *,
    under: str | None = None,
    items: str | int | None = None,
    scale: tuple[float, float] | None = None,
    decimals: int | None = None,
    averages: bool | str | Sequence[str] = False,
    documents: str | Path | None = None,
    show: str | Sequence[str] = (),
    tables: str | Path | None = None,
    results: str | Sequence[str] = (),
) -> Result:
    """Say of printed claims what the data show: ``analyze verify``.

    Without ``table`` and ``averages`` it is about the claims of the bundled registry.

    Parameters
    ----------
    table, claim
        A file or bundled set, and what is claimed about it: ``"mean(gain) = 5.4"``, or several.
    under
        A column: the claims are checked within each of its values.
    items
        Scores are shares of so many items: a number, or the column that has it.
    scale
        Least and largest possible value of an empty cell.
    decimals
        Decimals that cells are printed with, where they do not show it.
    averages
        Tables whose printed averages are compared with their cells; ``True`` for every bundled one.
    documents
        A directory of documents that list claims.
    show
        Claims of the registry that the summary gives in full, or ``"all"``.
    tables
        A filled template (``analyze verify --template``).
    results
        Your own results, set beside the directions of the claims.

    Returns
    -------
    Result
        Of the registry: tables ``verdicts``, ``readings``, ``calibration``, figure ``average_gain``. About a table:
        ``verdicts``, ``readings``. Averages: ``averages``.

    Raises
    ------
    CrossliftError
        If a claim cannot be read, or names what the table does not have.
    """
    from analysis.claims.language.evaluate import Settings
    from analysis.claims.request import VerifyRequest, read_scale
    from analysis.present.verdicts import draw, find_verdicts, print_verdicts

    bounds = None if scale is None else read_scale(scale)
    settings = Settings(decimals, bounds, "" if items is None else str(items), under or "")
    request = VerifyRequest(
        table=None if table is None else str(table),
        claims=_several(claim),
        averages=None if averages is False else () if averages is True else _several(averages),
        documents=None if documents is None else str(documents),
        show=_several(show),
        tables=None if tables is None else str(tables),
        results=_several(results),
        settings=settings,
    )
    found = find_verdicts(request)
    figures = {"average_gain": lambda: draw(found)} if found.registry is not None else {}
    return Result("verify", found.answer, found.frames, found, lambda: found.content,
                  lambda out: print_verdicts(found, out), figures)  # fmt: skip


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
