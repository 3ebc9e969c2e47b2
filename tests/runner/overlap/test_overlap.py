"""What a tokenizer makes of texts: every measure counted by hand on a tokenizer made here."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from analysis.core.errors import CrossliftError
from analysis.records.language_values import read_language_values
from runner.cli.main import main
from runner.overlap.measures import NAMES, measure
from runner.overlap.pieces import tokenize_with
from runner.overlap.scripts import is_spaced, script_of, scripts, shared
from runner.overlap.texts import language_of, read_texts

TEXTS = {
    "eng_Latn": ["the cat sat .", "the hat"],
    "deu_Latn": ["der hat 12 , das", "hat !"],
    "rus_Cyrl": ["кот сел"],
    "tha_Thai": ["แมว"],
}
#: Pieces that the tokenizer knows; a word is cut into the longest of them from its beginning.
KNOWN = ["the", "c", "##at", "s", "h", "der", "d", "##as", "12", ",", ".", "!", "ко", "##т"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    transformers = pytest.importorskip("transformers")
    vocabulary = {piece: i for i, piece in enumerate(["[UNK]", "[PAD]", "[CLS]", "[SEP]", *KNOWN])}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]")


def test_pieces_know_letters_and_unknowns_and_nothing_is_added(tokenizer: Any) -> None:
    found = tokenize_with(tokenizer)(["the cat sat .", "12 кот сел"])
    words = [tokenizer.convert_ids_to_tokens(one) for one in found.ids]
    assert words == ["the", "c", "##at", "s", "##at", ".", "12", "ко", "##т", "[UNK]"]
    assert found.letters == (True, True, True, True, True, False, False, True, True, True)
    assert found.unknown == (*[False] * 9, True)


def test_every_measure_by_hand(tokenizer: Any) -> None:
    table = measure(TEXTS, ["eng_Latn"], tokenize_with(tokenizer)).set_index("language")
    assert list(table.columns) == ["train_language", *NAMES]
    # German: der, h ##at, 12, ',', d ##as, h ##at, '!'. Pieces with letters: der h at d as h at (7), of them h at h at
    # in English. Words: der hat 12 das hat (5), pieces 10, different words 4.
    german = table.loc["deu_Latn"]
    assert german["subword_overlap"] == round(4 / 7, 4)
    assert german["fertility"] == 10 / 5 and german["type_token_ratio"] == 4 / 5
    assert german["unknown_share"] == 0.0 and german["script_shared"] == 1.0
    # Russian: ко ##т [UNK]
    russian = table.loc["rus_Cyrl"]
    assert russian["subword_overlap"] == 0.0 and russian["script_shared"] == 0.0
    assert russian["unknown_share"] == round(1 / 3, 4) and russian["fertility"] == 3 / 2
    # Thai does not set words apart: pieces a word would be pieces a sentence.
    thai = table.loc["tha_Thai"]
    assert thai[["fertility", "type_token_ratio"]].isna().all() and thai["unknown_share"] == 1.0
    assert table.loc["eng_Latn", "subword_overlap"] == 1.0


def test_unknown_pieces_are_shared_by_nobody(tokenizer: Any) -> None:
    texts = {"rus_Cyrl": ["сел"], "ukr_Cyrl": ["сів"]}
    table = measure(texts, ["rus_Cyrl"], tokenize_with(tokenizer))
    assert table["subword_overlap"].tolist() == [0.0, 0.0]


def test_overlap_has_a_direction(tokenizer: Any) -> None:
    texts = {"eng": ["the cat the"], "deu": ["the der"]}
    table = measure(texts, ["eng", "deu"], tokenize_with(tokenizer)).set_index(["language", "train_language"])
    assert table.loc[("deu", "eng"), "subword_overlap"] == 0.5  # the
    assert table.loc[("eng", "deu"), "subword_overlap"] == 0.5  # the, the of the, c, at, the


@pytest.mark.parametrize(
    ("character", "script"),
    [("a", "LATIN"), ("ß", "LATIN"), ("ж", "CYRILLIC"), ("中", "CJK"), ("あ", "HIRAGANA"), ("ａ", "LATIN"), ("1", ""),
     (".", ""), ("한", "HANGUL")],
)  # fmt: skip
def test_scripts_of_letters(character: str, script: str) -> None:
    assert script_of(character) == script


def test_scripts_are_shared_by_their_shares() -> None:
    japanese, chinese = scripts(["あ中"]), scripts(["中文"])
    assert shared(japanese, chinese) == shared(chinese, japanese) == 0.5
    assert not is_spaced(japanese) and is_spaced(scripts(["abc"])) and scripts(["12"]) == {}


def test_texts_of_tables_and_directories(tmp_path: Path) -> None:
    table = tmp_path / "texts.tsv"
    table.write_text("lang\tsplit\ttext\nen\ttest\tone\nen\ttrain\ttwo\nde\ttest\teins\n", encoding="utf-8")
    assert read_texts(table) == {"en": ["one", "two"], "de": ["eins"]}
    assert read_texts(table, "test") == {"en": ["one"], "de": ["eins"]}
    (tmp_path / "en.txt").write_text("one\n\ntwo\n", encoding="utf-8")
    assert read_texts(tmp_path) == {"en": ["one", "two"]}


def test_the_language_trained_on_is_that_of_its_usual_script() -> None:
    texts = {"zho_Hant": ["a"], "zho_Hans": ["b"], "eng_Latn": ["c"]}
    assert language_of(texts, "zh") == "zho_Hans" and language_of(texts, "zho_Hant") == "zho_Hant"
    with pytest.raises(CrossliftError, match="unknown language of the texts 'sw'"):
        language_of(texts, "sw")


@pytest.mark.parametrize(
    ("content", "split", "message"),
    [
        ("who,text\nx,y\n", None, "has no column of languages; its columns are who, text"),
        ("language,words\nen,y\n", None, "has no column of texts"),
        ("language,text\nqzz,y\n", None, "texts.csv: 'qzz' is no language code"),
        ("language,text\nen,y\n", "test", "has no column 'split'"),
        ("language,split,text\nen,train,y\n", "test", "unknown split 'test'"),
        ("language,text\nen,\n", None, "has no texts"),
    ],
)
def test_what_is_wrong_with_texts(tmp_path: Path, content: str, split: str | None, message: str) -> None:
    path = tmp_path / "texts.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CrossliftError, match=message):
        read_texts(path, split)


@pytest.mark.slow
def test_the_command_writes_what_the_analysis_reads(
    tokenizer: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tokenizer.save_pretrained(tmp_path / "tiny")
    texts = tmp_path / "texts.csv"
    with texts.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("language", "text"), *((code, text) for code in TEXTS for text in TEXTS[code])])
    out = tmp_path / "overlap.csv"
    arguments = ["overlap", str(tmp_path / "tiny"), "--texts", str(texts)]
    assert main([*arguments, "--source", "eng", "--source", "de", "--out", str(out)]) == 0
    found = read_language_values(str(out))
    assert found.names == NAMES and found.paired and not found.either_way
    assert found.values["deu", "", "eng", ""][0] == round(4 / 7, 4)
    assert len(found.values) == 8
    assert main(arguments) == 0
    assert "subword overlap" in capsys.readouterr().out
    assert main([*arguments, "--out", str(tmp_path / "x.json")]) == 2
