"""The languages of a column, read as a whole: what stands around a text decides where it could mean two things."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.errors import UnknownLanguageError
from . import iso639
from .codes import Resolution, is_name, resolve, resolve_code

#: Codes that only Wikipedia has; beside them ``als`` is its Alemannic, not Tosk Albanian.
_WIKIPEDIA = frozenset({"bat-smg", "fiu-vro", "map-bms", "roa-rup", "roa-tara", "zh-classical", "nds-nl", "be-x-old"})


def reader(texts: Iterable[str]) -> Callable[[str], Resolution]:
    """How to resolve the texts of one column; what could be two languages in it is refused.

    ``Ga`` and ``En`` are languages among names and other languages' codes among codes; ``nan`` is Min Nan, with
    a warning where no other code has three letters, as programs write a missing value so; ``als`` is Alemannic
    beside ``sq``.
    """
    own = {text.strip() for text in texts}
    names = _are_names(own)
    three = sum(len(text.split("_")[0]) == 3 and text[:3].islower() for text in own - {"nan"})
    short = {text for text in own if len(text) in (2, 3)}
    odd = {text for text in short if text.istitle()} if any(text.islower() for text in short) else set()
    alemannic = "als" in own and ("sq" in own or bool(_WIKIPEDIA & {text.casefold() for text in own}))

    def read(text: str) -> Resolution:
        stripped = text.strip()
        if stripped == "nan" and not three:
            return Resolution(resolve("nan"), warning="Min Nan; a missing value is an empty cell")
        if alemannic and stripped == "als":
            return Resolution(resolve("gsw"), warning="Wikipedia's code of Alemannic; in ISO 639-3 'als' is Albanian")
        found = resolve_code(text, names)
        if names is False and stripped in odd:
            name = resolve_code(stripped, True).language
            if name.iso != found.language.iso:
                raise UnknownLanguageError(
                    f"'{stripped}' among lower-case codes is {found.language.name} ('{stripped.casefold()}') or the "
                    f"name of a language ('{name.iso}').",
                    "Write the code.",
                )
        return found

    return read


def _are_names(texts: set[str]) -> bool | None:
    """Whether the column holds names; not known where every text could be both."""
    long = [text for text in texts if len(text) > 3]
    if any("_" not in text and "-" not in text and is_name(text) for text in long):
        return True
    short = [text for text in texts if len(text) in (2, 3)]
    if any(not iso639.by_name(iso639.name_key(text)) for text in short) or any(text.islower() for text in short):
        return False
    return None
