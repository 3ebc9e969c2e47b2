"""Whatever a table prints resolves to one language, or is refused with the nearest."""

from __future__ import annotations

import csv
from pathlib import Path

import iso639
import pytest

from analysis.core.errors import UnknownLanguageError
from analysis.languages.aggregates import is_average
from analysis.languages.codes import known_languages, resolve, resolve_code
from analysis.languages.column import reader
from tests.conftest import ROOT


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
        (("tl", "tgl"), "tgl"),
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


@pytest.mark.parametrize(
    "word", ["Toba Batakk", "klingonx", "Egyptian", "all languages", "germanish", "de-foobar", "\x00"]
)
def test_no_word_is_a_language_because_it_begins_like_one(word: str) -> None:
    with pytest.raises(UnknownLanguageError):
        resolve_code(word)


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


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Old_English", "ang"), ("old-french", "fro"), ("Tai_Dam", "blt"), ("Min_Nan", "nan"), ("Upper Sorbian", "hsb"),
        ("ik", "ipk"), ("olo", "olo"), ("ho", "hmo"), ("lou", "lou"), ("bau", "bau"), ("fil", "fil"), ("Ga", "gaa"),
        ("bat-smg", "sgs"), ("roa_rup", "rup"), ("zh-classical", "lzh"), ("map-bms", "jav"), ("be-tarask", "bel"),
        ("no_nynorsk", "nno"), ("no_bokmaal", "nor"), ("ar_padt", "ara"), ("tr_imst", "tur"), ("en_gum", "eng"),
        ("Darija", "ary"), ("Ladino", "lad"), ("pidgin", "pcm"), ("pt-br", "por"), ("en-GB", "eng"), ("Deutsch", "deu"),
        ("hi_rom", "hin"), ("serbian_cyrillic", "srp"),
    ],
)  # fmt: skip
def test_codes_before_names_and_names_as_a_whole(text: str, iso: str) -> None:
    assert resolve(text).iso == iso


def test_every_name_and_code_of_iso_639_3_is_itself() -> None:
    """Or the macrolanguage that the table merges it into."""
    with (ROOT / "data/languages/aliases.csv").open(encoding="utf-8") as file:
        merged = {row["alias"]: row["iso"] for row in csv.DictReader(file)}
    wrong = []
    for language in iso639.ALL_LANGUAGES:
        if language.status != "A" or language.part3 in ("mul", "all"):  # words for an average here
            continue
        own = {language.part3, merged.get(language.part3)}
        texts = (language.name, language.name.replace(" ", "_"), language.part3, language.part1, language.part2b)
        wrong += [(text, language.part3) for text in texts if text and resolve(text).iso not in own]
    assert wrong == []


@pytest.mark.parametrize("text", ["en-fr", "de_to_en", "amh_eng", "eng_Latn-fra_Latn", "English-French", "EN-FR"])
def test_a_pair_is_no_language(text: str) -> None:
    with pytest.raises(UnknownLanguageError, match="pair of languages"):
        resolve(text)


@pytest.mark.parametrize("text", ["NA", "NaN", "n/a", "None", "-"])
def test_a_missing_value_is_no_country_and_no_language(text: str) -> None:
    with pytest.raises(UnknownLanguageError, match="how a missing value is written"):
        resolve(text)


def test_a_column_is_read_as_a_whole() -> None:
    assert reader(["Ga", "Twi", "Swahili"])("Ga").language.iso == "gaa"
    assert reader(["En", "De", "Fr"])("En").language.iso == "eng"
    assert "the code 'ga' is Irish" in reader(["Ga", "Ewe"])("Ga").warning
    with pytest.raises(UnknownLanguageError, match="'Ga' among lower-case codes is Irish .* or the name of"):
        reader(["de", "sw", "Ga"])("Ga")
    assert reader(["zho", "nan"])("nan").language.iso == "nan"
    assert (
        "a missing value is an empty cell" in reader(["zh", "nan"])("nan").warning
        and not reader(["zho", "nan"])("nan").warning
    )
    assert reader(["als", "sq", "de"])("als").language.iso == "gsw"
    assert reader(["als_Latn", "deu_Latn"])("als_Latn").language.iso == "sqi"


def test_writings_stay_apart() -> None:
    assert [resolve_code(code).variant for code in ("zh-TW", "zh-CN", "hi_rom", "sr", "chinese_traditional")] == [
        "Hant", "", "Latn", "", "Hant",
    ]  # fmt: skip


def test_committed_cases(shared: Path) -> None:
    with (shared / "cases/languages/cases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["where"] != "cell":
                continue
            if row["expected"] == "aggregate":
                assert is_average(row["text"])
            elif row["expected"] in ("error", "missing"):
                with pytest.raises(UnknownLanguageError):
                    resolve(row["text"])
            else:
                assert resolve(row["text"]).iso in {row["expected"], "nor" if row["expected"] == "nob" else ""}
