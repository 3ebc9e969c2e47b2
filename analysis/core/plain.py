"""Text for outputs that cannot show every character, such as code page 1252 or ASCII."""

from __future__ import annotations

import codecs
import unicodedata
from typing import TextIO

#: Name of the error handler that :func:`degrade_output` gives to an output.
HANDLER = "crosslift.plain"
#: What stands for a character where it cannot be shown; others lose their accents, or become a question mark.
PLAIN = {
    "−": "-", "–": "-", "—": "-", "─": "-", "‑": "-", "·": "|", "×": "x", "…": "...", "≤": "<=", "≥": ">=", "≈": "~",
    "∞": "inf", "✓": "yes", "✗": "no", "✅": "yes", "τ": "tau", "σ": "sigma", "ρ": "rho", "β": "beta", "α": "alpha",
    "χ": "chi", "Δ": "d", "½": "1/2", "→": "->", "±": "+/-", "═": "=", "’": "'", "‘": "'", "“": '"', "”": '"',
    "√": "sqrt", "\u00a0": " ", "\u202f": " ",
}  # fmt: skip


def plain(text: str, encoding: str | None) -> str:
    """The text with every character that ``encoding`` does not have replaced by one that it has."""
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return "".join(_plain(mark, encoding) for mark in text)
    except LookupError:
        return text
    return text


def _plain(mark: str, encoding: str | None) -> str:
    """One character."""
    for candidate in (
        mark,
        PLAIN.get(mark, ""),
        unicodedata.normalize("NFKD", mark).encode("ascii", "ignore").decode(),
    ):
        if not candidate:
            continue
        try:
            candidate.encode(encoding or "utf-8")
        except UnicodeEncodeError:
            continue
        return candidate
    return "?"


def _handle(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    return "".join(_plain(mark, "ascii") for mark in part), error.end


def degrade_output(stream: TextIO | None) -> None:
    """Have an output replace what it cannot show instead of failing half-way."""
    codecs.register_error(HANDLER, _handle)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=HANDLER)
