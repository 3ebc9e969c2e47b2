"""Language codes: whatever a table prints, resolved to one ISO 639-3 identity, or refused with the nearest ones.

The decisions (which individual language stands for a macrolanguage, which code carries typological features, which
codes are misprints, what data sets print) are data: ``data/languages/``. What these tables do not list is looked up in
ISO 639-3 (:mod:`analysis.languages.iso639`), then asked of ``langcodes``. A code or a name counts only as a whole: no
word is a language because it begins like one.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..core.errors import UnknownLanguageError
from ..core.missing import MISSING
from ..core.paths import data_directory
from . import iso639, tags
from .aggregates import is_aggregate, is_average

#: ISO 639-3 code for "multiple languages": the language of a row that averages over several.
AVERAGE = "mul"


@dataclass(frozen=True, slots=True)
class Language:
    """One language. Empty text and ``None`` mean not known.

    Attributes
    ----------
    iso
        ISO 639-3 code, the identity used in records (a macrolanguage where data sets use its codes interchangeably).
    tag
        ISO 639-1 code where there is one.
    features_code, family_code
        Codes under which URIEL has typological features and the family tree; they differ for 19 languages.
    script
        Likely script, ISO 15924.
    family, genus, macroarea
        Genealogy and area.
    latitude, longitude
        Degrees, of the point that stands for the language.
    joshi_class
        Resource class 0–5 of Joshi et al. 2020.
    """

    iso: str
    tag: str = ""
    name: str = ""
    features_code: str = ""
    family_code: str = ""
    glottocode: str = ""
    script: str = ""
    family: str = ""
    genus: str = ""
    macroarea: str = ""
    latitude: float | None = None
    longitude: float | None = None
    joshi_class: int | None = None

    @property
    def label(self) -> str:
        """Short label for figures and tables: the two-letter code where there is one."""
        return self.tag or self.iso


@dataclass(frozen=True, slots=True)
class Resolution:
    """A resolved code, with the script and region that it spelled out, and a warning if it was a misprint."""

    language: Language
    script: str = ""
    region: str = ""
    warning: str = ""

    @property
    def variant(self) -> str:
        """The script, if it is not the one the language is usually written in."""
        usual = self.language.script
        written = self.script or (tags.script_of_region(self.language.label, self.region) if self.region else "")
        return written if written and usual and written != usual else ""


def resolve(code: str) -> Language:
    """Return the language that ``code`` means.

    Parameters
    ----------
    code
        ISO 639-1, -2 or -3 (``zh``, ``chi``, ``cmn``), BCP-47 (``zh-Hans-CN``), NLLB style (``zho_Hans``), a
        Glottocode of the reference table (``stan1293``), a name (``Chinese``, ``Old_English``), or what a data set
        prints (``bat-smg``, ``no_nynorsk``, ``hi_rom``).

    Raises
    ------
    UnknownLanguageError
        If it means none, or two; the message names the nearest ones.
    """
    return resolve_code(code).language


@lru_cache(maxsize=65536)
def resolve_code(code: str, names: bool | None = None) -> Resolution:
    """As :func:`resolve`, keeping the script and region of the code and any warning.

    Parameters
    ----------
    code
        Code or name.
    names
        Whether the texts around it are names. It decides about ``Ga`` and ``En``, which are names of languages and, in
        another case, codes of others; where it is not known the name is taken, with a warning.
    """
    text = code.strip()
    if not text:
        raise UnknownLanguageError("the language code is empty.", "Give a code such as 'de', 'deu' or 'deu_Latn'.")
    if is_average(text):
        raise UnknownLanguageError(f"'{code}' is an average over languages, not a language.")
    if is_aggregate(text):
        raise UnknownLanguageError(
            f"'{code}' is an aggregate over languages, not a language.",
            "If it is an average, call it 'Average': averages are kept apart. Else leave these rows out.",
        )
    if text in MISSING:
        raise UnknownLanguageError(
            f"'{code}' is how a missing value is written, not a language.",
            "Nauru is 'nau', Min Nan is 'nan'." if text in ("NA", "NaN") else "",
        )
    if names is not False:
        own = _short_name(text, asked=names is None)
        if own is not None:
            return own
    direct = _lookup(text.casefold())
    if direct is not None:
        return direct
    named = _by_whole_name(text)
    if named is not None:
        return named
    tagged = _by_tag(text)
    if tagged is not None:
        return tagged
    outside = _ask_langcodes(text)
    if outside is not None:
        return outside
    raise UnknownLanguageError(f"'{code}' is no language code or name that is known.", _hint(text))


@lru_cache(maxsize=1)
def known_languages() -> Mapping[str, Language]:
    """The languages of the bundled table by ISO 639-3 code."""
    path = data_directory() / "languages" / "languages.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return {row["iso"]: _language(row) for row in csv.DictReader(file)}


def _language(row: Mapping[str, str]) -> Language:
    return Language(
        iso=row["iso"],
        tag=row["tag"],
        name=row["name"],
        features_code=row["features_code"],
        family_code=row["family_code"],
        glottocode=row["glottocode"],
        script=row["script"],
        family=row["family"],
        genus=row["genus"],
        macroarea=row["macroarea"],
        latitude=float(row["latitude"]) if row["latitude"] else None,
        longitude=float(row["longitude"]) if row["longitude"] else None,
        joshi_class=int(float(row["joshi_class"])) if row["joshi_class"] else None,
    )


@lru_cache(maxsize=1)
def _aliases() -> Mapping[str, tuple[str, str]]:
    """Alias to (ISO 639-3 code, warning); the warning is empty unless the alias is a misprint."""
    path = data_directory() / "languages" / "aliases.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return {
            row["alias"]: (row["iso"], row["note"] if row["kind"] == "misprint" else "") for row in csv.DictReader(file)
        }


@lru_cache(maxsize=1)
def _by_glottocode() -> Mapping[str, Language]:
    return {language.glottocode: language for language in known_languages().values() if language.glottocode}


@lru_cache(maxsize=1)
def _by_name() -> Mapping[str, Language]:
    return {_name_key(language.name): language for language in known_languages().values() if language.name}


@lru_cache(maxsize=1)
def _printed() -> Mapping[str, Resolution]:
    """What data sets print, and other names, by key of the name."""
    known = known_languages()
    with (data_directory() / "languages" / "printed.csv").open(newline="", encoding="utf-8") as file:
        return {
            _name_key(row["text"]): Resolution(
                known.get(row["iso"]) or Language(iso=row["iso"], name=iso639.name_of(row["iso"])),
                row["script"],
                warning=row["note"],
            )
            for row in csv.DictReader(file)
        }


def is_name(text: str) -> bool:
    """Tell whether a text is the English name of a language, as a whole."""
    key = _name_key(text)
    return key in _by_name() or key in _printed() or bool(iso639.by_name(key))


_name_key = iso639.name_key


def _language_of(iso: str) -> Language:
    """By an ISO 639-3 code: of the table, the macrolanguage that it is merged into there, or by name alone."""
    known = known_languages()
    if iso in known:
        return known[iso]
    if iso in _aliases():
        return known[_aliases()[iso][0]]
    return Language(iso=iso, name=iso639.name_of(iso))


def _lookup(folded: str) -> Resolution | None:
    """A code, as a whole: of the tables, else of ISO 639-3."""
    known = known_languages()
    if folded in known:
        return Resolution(known[folded])
    if folded in _aliases():
        iso, warning = _aliases()[folded]
        return Resolution(known[iso], warning=warning)
    if folded in _by_glottocode():
        return Resolution(_by_glottocode()[folded])
    if len(folded) in (2, 3):
        found = iso639.by_code(folded)
        if found:
            return Resolution(_language_of(found))
    return None


def _short_name(text: str, asked: bool) -> Resolution | None:
    """A name of two or three letters, written as a name: ``Ga``, ``Fur``."""
    if len(text) not in (2, 3) or not text.istitle():
        return None
    iso = iso639.by_name(_name_key(text))
    if not iso:
        return None
    code = _lookup(text.casefold())
    warning = ""
    if asked and code is not None and code.language.iso != iso:
        warning = f"read as the name of a language ({iso}); the code '{text.casefold()}' is {code.language.name}"
    return Resolution(_language_of(iso), warning=warning)


def _by_whole_name(text: str) -> Resolution | None:
    """A name, with blanks, ``_`` or ``-`` between its words: of ISO 639-3 first, which has one for each language."""
    key = _name_key(text)
    if key in _printed():
        return _printed()[key]
    iso = iso639.by_name(key)
    if iso:
        return Resolution(_language_of(iso))
    if key in _by_name():
        return Resolution(_by_name()[key])
    iso = iso639.by_other_name(key)
    return Resolution(_language_of(iso)) if iso else None


def _by_tag(text: str) -> Resolution | None:
    """A code with a script, a region, a variant or the name of a treebank behind it.

    Raises
    ------
    UnknownLanguageError
        If what stands behind the code is another language, or nothing that is known.
    """
    parts = tags.split(text)
    if len(parts) < 2:
        return None
    base = _lookup(parts[0].casefold()) if len(parts[0]) in (2, 3) else None
    if base is None:
        _refuse_pair_of_names(text)
        return None
    rest = tags.read(parts, text, lambda part: _lookup(part) is not None)
    if rest is None:
        return None
    if rest.pair:
        other = _lookup(rest.pair)
        raise UnknownLanguageError(
            f"'{text}' is a pair of languages, {base.language.name} and {other.language.name if other else rest.pair}.",
            "A score is in one language: give that of the text that is tested. A region is in capitals (en-GB).",
        )
    return Resolution(base.language, rest.script, rest.region, base.warning)


def _refuse_pair_of_names(text: str) -> None:
    words = tags.two_names(text)
    if words and all(_lookup(word.casefold()) or _by_whole_name(word) for word in words):
        raise UnknownLanguageError(
            f"'{text}' is a pair of languages.", "A score is in one language: give that of the text that is tested."
        )


def _ask_langcodes(text: str) -> Resolution | None:
    """Let ``langcodes`` try: deprecated tags, and names in many languages, as a whole.

    Raises
    ------
    UnknownLanguageError
        If it is not installed: what it would have said is then not known.
    """
    try:
        import langcodes
        from language_data.names import code_to_names
    except ImportError as error:
        raise UnknownLanguageError(
            f"'{text}' is not in the bundled table of languages, and the package langcodes, which knows more, is not "
            "installed.",
            "pip install langcodes language-data python-iso639, or leave that language out.",
        ) from error
    try:
        found = langcodes.find(text)
        whole = text.casefold() in {name.casefold() for name in code_to_names(found.language).values()}
    except (LookupError, ValueError):  # its table of names cannot be decoded for some texts
        return None
    if not whole or found.language is None:
        return None
    iso = found.to_alpha3()
    return Resolution(_language_of(iso), warning=f"taken for {found.language_name()} ({iso}), by name")


def _hint(text: str) -> str:
    """Nearest languages: by the country the code stands for, by name, or by one letter of a code."""
    import langcodes

    known = known_languages()
    near: list[Language] = []
    if len(text) == 2 and text.isalpha():
        spoken = langcodes.Language.make(territory=text.upper()).maximize().language
        found = _lookup(spoken or "")
        if found is not None and spoken != "en":
            near.append(found.language)
    if len(text) <= 3:
        codes = {language.tag: language for language in known.values() if language.tag}
        codes |= {iso: language for iso, language in known.items() if language.tag}
        folded = text.casefold()
        near += [
            language
            for code, language in codes.items()
            if len(code) == len(folded) and sum(a != b for a, b in zip(code, folded, strict=True)) == 1
        ]
    else:
        from difflib import get_close_matches

        names = _by_name()
        near += [names[key] for key in get_close_matches(_name_key(text), list(names), n=3, cutoff=0.7)]
        words = set(_name_key(text).split())
        near += [_language_of(iso) for iso in iso639.with_word(_name_key(text))]
        near += [language for key, language in names.items() if len(words) > 1 and words & set(key.split())]
        first = tags.split(text)[0]
        if first != text and len(first) <= 3:
            return _hint(first)
    unique = list({language.iso: language for language in near}.values())[:4]
    if not unique:
        return "Use an ISO 639 code such as 'de', 'deu' or 'deu_Latn'."
    return "Did you mean " + " or ".join(f"'{language.label}' ({language.name})" for language in unique) + "?"
