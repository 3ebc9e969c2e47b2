"""A report as PDF, printed from its page by WeasyPrint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.errors import CrossliftError


def require_pdf() -> Any:
    """WeasyPrint's module.

    Raises
    ------
    CrossliftError
        If the package, or the library Pango that it draws text with, is not installed.
    """
    try:
        import weasyprint
    except ImportError as error:
        raise CrossliftError("--pdf needs the package WeasyPrint.", "pip install 'crosslift[pdf]'") from error
    except OSError as error:  # the package is there, and loads Pango when it is imported
        raise CrossliftError(
            "--pdf needs the library Pango, which WeasyPrint draws text with.",
            "Install it with the system's packages (apt install libpango-1.0-0 libpangoft2-1.0-0, brew install pango), "
            "or print the HTML page from a browser.",
        ) from error
    return weasyprint


def write_pdf(page: Path) -> Path:
    """Print ``page`` next to itself, without its code."""
    target = page.with_suffix(".pdf")
    require_pdf().HTML(filename=str(page)).write_pdf(str(target))
    return target
