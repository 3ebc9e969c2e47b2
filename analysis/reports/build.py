"""From names to pages: execute, render, index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import CrossliftError
from .discovery import Notebook
from .execute import Executed, Failure, execute_all, require
from .page import Page, write_index, write_page
from .pdf import require_pdf, write_pdf


@dataclass(frozen=True, slots=True)
class Built:
    """What was written, and what failed."""

    pages: tuple[Page, ...]
    failures: tuple[Executed, ...]
    index: Path


def build(
    chosen: Sequence[Notebook],
    out: Path,
    data: Sequence[str] = (),
    jobs: int = 2,
    report: Callable[[str, int, int], None] | None = None,
    mapping: Mapping[str, str] | None = None,
    pdf: bool = False,
) -> Built:
    """Execute notebooks and write their pages and the index, and with ``pdf`` each page as PDF too.

    The other parameters are those of :func:`analysis.reports.execute.execute_all`.

    Raises
    ------
    CrossliftError
        If the packages are not installed, or ``out`` is not a writable directory.
    """
    require()
    if pdf:
        require_pdf()
    _check(out)
    pages, failures = [], []
    for executed in execute_all(chosen, out, data, jobs, report, mapping):
        if executed.failure:
            failures.append(executed)
            continue
        try:
            pages.append(write_page(executed))
            if pdf:
                write_pdf(pages[-1].path)
        except CrossliftError as error:
            failure = Failure(0, "prose", str(error), error.message)
            failures.append(replace(executed, failure=failure))
    return Built(tuple(pages), tuple(failures), write_index(pages, failures, out))


def _check(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CrossliftError(f"reports cannot be written to '{out}': {error.strerror}.") from error
