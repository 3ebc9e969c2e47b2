"""Whatever a table prints resolves to one language, or is refused with the nearest."""

from __future__ import annotations

import pytest

from analysis.core.errors import UnknownLanguageError
from analysis.languages.codes import is_average, known_languages, resolve, resolve_code


@pytest.mark.parametrize(
    ("codes", "iso"),
    [
        (("zh", "zho", "cmn", "chi", "zh-Hans", "zho_Hans", "zh-CN", "zh_Hant_TW", "Chinese"), "zho"),
        (("sw", "swa", "swh", "swh_Latn", "Swahili"), "swa"),
        (("ar", "ara", "arb", "arb_Arab"), "ara"),
        (("fa", "fas", "pes", "per"), "fas"),
        (("he", "iw", "heb"), "heb"),
        (("id", "in", "ind"), "ind"),
        (("jv", "jw", "jav"), "jav"),
        (("yi", "ji", "yid", "ydd"), "yid"),
        (("no", "nb", "nob", "nor"), "nor"),
        (("tl", "tgl", "fil"), "tgl"),
        (("ms", "msa", "zsm"), "msa"),
        (("az", "aze", "azj"), "aze"),
        (("et", "est", "ekk"), "est"),
        (("lv", "lav", "lvs"), "lav"),
        (("or", "ori", "ory"), "ori"),
        (("ps", "pus", "pbt"), "pus"),
        (("qu", "que", "quz"), "que"),
        (("de", "deu", "ger", "deu_Latn", "de-AT", "German", "stan1295"), "deu"),
        (("en", "eng", "eng_Latn", "EN", " en "), "eng"),
        (("tw", "twi"), "twi"),
        (("ak", "aka"), "aka"),
        (("zh-yue", "yue", "yue_Hant"), "yue"),
        (("prs",), "prs"),
        (("ckb",), "ckb"),
    ],
)
def test_one_language_by_many_codes(codes: tuple[str, ...], iso: str) -> None:
    assert {resolve(code).iso for code in codes} == {iso}


def test_misprint_resolves_with_a_warning() -> None:
    found = resolve_code("jp")
    assert found.language.iso == "jpn"
    assert "country code" in found.warning
    assert resolve_code("ja").warning == ""


@pytest.mark.parametrize(
    ("code", "variant"), [("zho_Hant", "Hant"), ("zho_Hans", ""), ("arb_Latn", "Latn"), ("sr-Latn", "Latn")]
)
def test_script_that_is_not_the_usual_one(code: str, variant: str) -> None:
    assert resolve_code(code).variant == variant


def test_names_that_only_begin_like_a_language_come_with_a_warning() -> None:
    found = resolve_code("Toba Batakk")
    assert found.language.iso == "bbc"
    assert found.warning == "taken for Batak Toba (bbc), by name"


def test_three_codes_a_language() -> None:
    serbian = resolve("sr")
    assert (serbian.iso, serbian.features_code, serbian.family_code) == ("srp", "hbs", "srp")
    chinese = resolve("zh")
    assert (chinese.features_code, chinese.family_code, chinese.family) == ("zho", "cmn", "Sino-Tibetan")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ua", r"'uk' \(Ukrainian\)"),
        ("cz", r"'cs' \(Czech\)"),
        ("gr", r"'el' \(Greek\)"),
        ("germn", r"'de' \(German\)"),
        ("xx-Latn", "Did you mean"),
    ],
)
def test_unknown_code_names_the_nearest(code: str, hint: str) -> None:
    with pytest.raises(UnknownLanguageError, match=rf"'{code}' is no language code or name that is known.*{hint}"):
        resolve(code)


def test_empty_code_and_averages_are_no_language() -> None:
    with pytest.raises(UnknownLanguageError, match="empty"):
        resolve("  ")
    with pytest.raises(UnknownLanguageError, match="average over languages"):
        resolve("avg")
    assert is_average("Average")
    assert not is_average("ava")


def test_codes_outside_the_table_are_asked_of_langcodes() -> None:
    outside = resolve("tlh")
    assert (outside.iso, outside.name) == ("tlh", "Klingon")
    assert outside.features_code == ""


def test_min_nan_is_a_language_and_not_a_missing_value() -> None:
    assert resolve("nan").iso == "nan"
    assert resolve("zh-min-nan").iso == "nan"


def test_table_is_consistent() -> None:
    languages = known_languages()
    assert len(languages) > 2600
    tags = [language.tag for language in languages.values() if language.tag]
    assert len(tags) == len(set(tags))
    for language in languages.values():
        assert resolve(language.iso) is language
        if language.tag:
            assert resolve(language.tag) is language
        if language.latitude is not None:
            assert -90 <= language.latitude <= 90
            assert -180 <= language.longitude <= 180
