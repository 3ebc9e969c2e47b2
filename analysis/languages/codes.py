"""Language codes: whatever a table prints, resolved to one ISO 639-3 identity, or refused with the nearest ones.

The decisions (which individual language stands for a macrolanguage, which code carries typological features, which
codes are misprints) are data: ``data/languages/``. What the tables do not list is asked of ``langcodes``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..core.errors import UnknownLanguageError
from ..core.paths import data_directory

#: ISO 639-3 code for "multiple languages": the language of a row that averages over several.
AVERAGE = "mul"
AVERAGE_WORDS = frozenset({"avg", "avg.", "average", "mean", "macro", "macro-avg", "all", "overall", "mul"})


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
        return self.script if self.script and usual and self.script != usual else ""


def resolve(code: str) -> Language:
    """Return the language that ``code`` means.

    Parameters
    ----------
    code
        ISO 639-1, -2 or -3 (``zh``, ``chi``, ``cmn``), BCP-47 (``zh-Hans-CN``), NLLB style (``zho_Hans``), a
        Glottocode of the reference table (``stan1293``), or a name (``Chinese``).

    Raises
    ------
    UnknownLanguageError
        If it means none; the message names the nearest ones.
    """
    return resolve_code(code).language


@lru_cache(maxsize=65536)
def resolve_code(code: str) -> Resolution:
    """As :func:`resolve`, keeping the script and region of the code and any warning."""
    text = code.strip()
    folded = text.casefold()
    if not text:
        raise UnknownLanguageError("the language code is empty.", "Give a code such as 'de', 'deu' or 'deu_Latn'.")
    if folded in AVERAGE_WORDS:
        raise UnknownLanguageError(f"'{code}' is an average over languages, not a language.")
    direct = _lookup(folded)
    if direct is not None:
        return direct
    primary, *rest = re.split(r"[-_]", text)
    base = _lookup(primary.casefold()) if len(primary) in (2, 3) else None
    if base is not None and all(re.fullmatch(r"[A-Za-z]{2}|[A-Za-z]{4}|[0-9]{3}|[A-Za-z0-9]{5,8}", p) for p in rest):
        script = next((part.title() for part in rest if len(part) == 4 and part.isalpha()), "")
        region = next((part.upper() for part in rest if len(part) == 2 or part.isdigit()), "")
        return Resolution(base.language, script, region, base.warning)
    named = _by_name().get(_name_key(text))
    if named is not None:
        return Resolution(named)
    outside = _ask_langcodes(text)
    if outside is not None:
        return outside
    raise UnknownLanguageError(f"'{code}' is no language code or name that is known.", _hint(text))


def is_average(code: str) -> bool:
    """Tell whether a table's language cell says that the row is an average over languages."""
    return code.strip().casefold() in AVERAGE_WORDS


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


def is_name(text: str) -> bool:
    """Tell whether a text is the English name of a language of the bundled table."""
    return _name_key(text) in _by_name()


def _name_key(name: str) -> str:
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def _lookup(folded: str) -> Resolution | None:
    """Exact match in the tables."""
    known = known_languages()
    if folded in known:
        return Resolution(known[folded])
    if folded in _aliases():
        iso, warning = _aliases()[folded]
        return Resolution(known[iso], warning=warning)
    if folded in _by_glottocode():
        return Resolution(_by_glottocode()[folded])
    return None


def _ask_langcodes(text: str) -> Resolution | None:
    """Let ``langcodes`` try: codes outside the tables, deprecated tags, names in many languages.

    Its search by name also takes a beginning of the text for a name, so what it finds that way comes with a warning.

    Raises
    ------
    UnknownLanguageError
        If it is not installed: what it would have said is then not known.
    """
    try:
        import langcodes
    except ImportError as error:
        raise UnknownLanguageError(
            f"'{text}' is not in the bundled table of languages, and the package langcodes, which knows more, is not "
            "installed.",
            "pip install langcodes language-data, or leave that language out.",
        ) from error
    warning = ""
    try:
        found = langcodes.get(text)
        if not found.language or not found.is_valid():
            return None
        iso = found.to_alpha3()
    except (LookupError, ValueError):  # a malformed tag is a ValueError; it may still be a name
        try:
            found = langcodes.find(text)
            iso = found.to_alpha3()
        except LookupError:
            return None
        warning = f"taken for {found.language_name()} ({iso}), by name"
    direct = _lookup(iso)
    if direct is not None:
        return Resolution(direct.language, found.script or "", found.territory or "", warning)
    name = found.language_name()
    if name.startswith("Unknown language"):
        return None
    return Resolution(Language(iso=iso, name=name), found.script or "", found.territory or "", warning)


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
        near += [language for key, language in names.items() if len(words) > 1 and words & set(key.split())]
        first = re.split(r"[-_]", text)[0]
        if first != text and len(first) <= 3:
            return _hint(first)
    unique = list({language.iso: language for language in near}.values())[:4]
    if not unique:
        return "Use an ISO 639 code such as 'de', 'deu' or 'deu_Latn'."
    return "Did you mean " + " or ".join(f"'{language.label}' ({language.name})" for language in unique) + "?"
