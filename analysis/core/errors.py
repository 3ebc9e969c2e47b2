"""Errors that a user can act on: what is wrong, the value, the nearest valid one, the next step."""

from __future__ import annotations

from collections.abc import Iterable


class CrossliftError(Exception):
    """Base of every error raised for bad input.

    Parameters
    ----------
    message
        What is wrong, with the offending value.
    hint
        What to do next. Printed after the message.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} {hint}".strip())


class RecordError(CrossliftError):
    """A table of scores that does not follow the record schema."""


class UnknownNameError(CrossliftError):
    """A name (data set, column, measure, language) that is not known."""


class UnknownLanguageError(UnknownNameError):
    """A language code that does not resolve to a language."""


class StoreError(CrossliftError):
    """A store of evaluated cells that cannot be read or written."""


class PairingError(CrossliftError):
    """Scores that cannot be paired into gains or gaps."""


class FormulaError(CrossliftError):
    """A model formula that cannot be read."""


class DesignError(CrossliftError):
    """Data on which the requested model cannot be estimated."""


def did_you_mean(value: str, known: Iterable[str], limit: int = 3) -> str:
    """Return a ``did you mean`` sentence for ``value``, or an empty string if no known name is close.

    Comparison ignores case, so that ``Typology`` finds ``typology``.
    """
    from difflib import get_close_matches

    by_folded: dict[str, str] = {}
    for name in known:
        by_folded.setdefault(name.casefold(), name)
    near = get_close_matches(value.casefold(), list(by_folded), n=limit, cutoff=0.6)
    if not near:
        return ""
    return "Did you mean " + " or ".join(f"'{by_folded[name]}'" for name in near) + "?"


def unknown_name(kind: str, value: str, known: Iterable[str]) -> UnknownNameError:
    """Build the error for an unknown ``kind`` of name: with the nearest valid names, else all of them."""
    names = sorted(known)
    hint = did_you_mean(value, names)
    if not hint:
        shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        hint = f"Known: {shown}." if names else ""
    return UnknownNameError(f"unknown {kind} '{value}'.", hint)
