"""Reading documents that list claims, and holding them against themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.claims.documents.parse import is_cut_off, parse, read_document, read_documents
from analysis.claims.documents.self_consistency import account
from analysis.core.errors import CrossliftError

TABS = """
Frogs in Six Ponds on

Someone

May 1, 2020

Abstract

We count frogs on nine target tasks and find many fro

1 Introduction

About four target tasks of XTREME-R.

2 Results

Of 7 papers, we kept 3 claims extracted by hand, with 3 verified.

3 Extracted Claims

Claim\tVerified\tConfidence
Frogs are green.\t✓\t0.25
Frogs, on nine target tasks, are larg\t×\t0.5
There are 12 frogs. ²\t✓\t1

References

- <http://example.org/a>
- <http://example.org/b>
"""
MARKDOWN = """# Frogs

## Abstract

Done.

## 3 Extracted Claims

| Claim | Verified | Confidence |
|---|:---:|----:|
| A \\| B holds. | ✓ | 0.2 |
| C holds. | x | 0.3 |

## References

- [1] A book
"""


def test_tab_separated() -> None:
    document = parse(TABS, "frogs")
    assert document.problems == ()
    assert document.title == "Frogs in Six Ponds on"
    assert document.title_cut_off
    assert list(document.sections) == ["abstract", "introduction", "results", "extracted claims", "references"]
    assert [(row.number, row.verified, row.confidence, row.cut_off) for row in document.rows] == [
        (1, True, 0.25, False), (2, False, 0.5, True), (3, True, 1.0, False),
    ]  # fmt: skip
    assert document.references == ("http://example.org/a", "http://example.org/b")


def test_markdown() -> None:
    document = parse(MARKDOWN, "frogs")
    assert document.problems == ()
    assert [(row.text, row.verified) for row in document.rows] == [("A | B holds.", True), ("C holds.", False)]
    assert (document.title, document.title_cut_off, document.references) == ("Frogs", False, ("[1] A book",))
    found = account(document)
    assert (found.claims_announced, found.verified_announced, found.papers_announced) == (None, None, None)
    assert found.mismatches() == ()


def test_markdown_without_outer_pipes_and_a_paragraph_after_the_table() -> None:
    table = "Claim | Verified | Confidence\n--- | --- | ---\nA. | ✓ | 0.2\nB | ✓\n\nThat was all.\n"
    document = parse("T\n\n## 1 Claims\n\n" + table, "frogs")
    assert [row.text for row in document.rows] == ["A."]
    assert document.problems == ("frogs, line 8 (row 2 of the claims) has 2 cells, not 3: claim, flag, confidence.",)


def test_account_of_a_document() -> None:
    found = account(parse(TABS, "frogs"))
    assert (found.claims_announced, found.claims_listed) == (3, 3)
    assert (found.verified_announced, found.verified_counted) == (3, 2)
    assert (found.papers_announced, found.references_listed) == (7, 2)
    assert found.mismatches() == ("3 verified announced, 2 found", "7 papers announced, 2 referenced")
    assert (found.cut_off, found.abstract_cut_off) == ((2,), True)
    assert [item.text() for item in found.differences] == ["target tasks: abstract 9, introduction 4, table 9"]


def test_a_version_is_no_count() -> None:
    text = MARKDOWN.replace("C holds.", "Frogs v1.1 intermediate tasks.").replace("Done.", "Nine intermediate tasks.")
    assert account(parse(text, "frogs")).differences == ()


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("It is.", False),
        ("It is", True),
        ("It is. ⁴", False),
        ("Is it?", False),
        ("It gains 5.4", True),
        ("It gains …", True),
        ("These:", True),
        ("(It is.)", False),
        ("", False),
    ],
)
def test_cut_off(text: str, cut: bool) -> None:
    assert is_cut_off(text) is cut


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("\t×\t", "\t?\t", "frogs, line 24 (row 2 of the claims): the flag '?' is neither ✓ nor ×."),
        ("0.5\n", "high\n", "frogs, line 24 (row 2 of the claims): the confidence 'high' is not a number from 0 to 1."),
        ("0.5\n", "1.5\n", "frogs, line 24 (row 2 of the claims): the confidence '1.5' is not a number from 0 to 1."),
        ("\t0.5", "", "frogs, line 24 (row 2 of the claims) has 2 cells, not 3: claim, flag, confidence."),
    ],
)
def test_a_broken_row_is_a_line_and_keeps_its_place(old: str, new: str, problem: str) -> None:
    document = parse(TABS.replace(old, new), "frogs")
    assert document.problems == (problem,)
    assert [row.number for row in document.rows] == [1, 3]


def test_documents_without_claims() -> None:
    assert parse("", "none").problems == ("none is empty.",)
    assert "no table of claims" in parse("Title\n\nAbstract\n\nWords.\n", "none").problems[0]
    assert "has no rows" in parse("Title\n\n1 Claims\n\nClaim\tVerified\tConfidence\n", "none").problems[0]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff\xfe\x00")  # half a character of UTF-16
    assert read_document(path).problems == ("a.txt is not UTF-8 text.",)


def test_directories(tmp_path: Path) -> None:
    with pytest.raises(CrossliftError, match="is neither a document nor a directory. Give --documents"):
        read_documents(tmp_path / "none")
    (tmp_path / "a.pdf").write_text("")
    with pytest.raises(CrossliftError, match=r"it holds a.pdf. Documents end in .txt, .md, .csv or .tsv"):
        read_documents(tmp_path)
    (tmp_path / "b.md").write_text(MARKDOWN, encoding="utf-8")
    (tmp_path / "a.txt").write_text(TABS, encoding="utf-8")
    assert [document.name for document in read_documents(tmp_path)] == ["a", "b"]


def test_the_five_documents(shared: Path) -> None:
    found = [account(document) for document in read_documents(shared / "documents")]
    assert [(item.claims_announced, item.claims_listed) for item in found] == [
        (10, 10), (9, 9), (9, 9), (9, 9), (22, 21),
    ]  # fmt: skip
    assert [(item.verified_announced, item.verified_counted) for item in found] == [
        (9, 9), (9, 9), (9, 9), (9, 9), (14, 13),
    ]  # fmt: skip
    assert [(item.papers_announced, item.references_listed) for item in found] == [
        (13, 3), (10, 3), (4, 3), (10, 3), (13, 3),
    ]  # fmt: skip
    assert [len(item.cut_off) for item in found] == [9, 8, 8, 8, 4]
    assert all(item.abstract_cut_off for item in found)
    assert [item.title_cut_off for item in found] == [False, True, False, False, False]
    benchmark = "benchmark: title XTREME-R, abstract XTREME, introduction XTREME-R, table XTREME"
    assert [item.text() for item in found[2].differences] == [benchmark]
    assert [item.text() for item in found[3].differences] == [benchmark]
    assert found[0].differences == found[4].differences == ()
    assert not any(item.problems for item in found)


FORMS = {
    "csv.csv": 'Claim,Verified,Confidence\n"Frogs, green.",✓,0.3\nToads.,×,0.2\n',
    "percent.md": "|#|Claim|Status|\n|---|---|---|\n| 1 | Frogs, green. | ✅ 30% |\n|2|Toads.|❌ 20%|\n",
    "order.md": "| Confidence | Verified | Claim |\n|---|---|---|\n| 30% | ✓ | Frogs, green. |\n|0.2|no|Toads.|\n",
    "list.md": "- Frogs, green. (✅ 30%)\n- Toads. ❌ 0.2\n",
    "first.txt": "1. ✅ 30%: Frogs, green.\n2. ❌ 20%: Toads.\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_any_form_of_a_table_of_claims(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("Frogs\n\n1 Extracted Claims\n\n" + FORMS[name], encoding="utf-8")
    (document,) = read_documents(path)
    assert document.problems == ()
    assert [(row.text, row.verified, row.confidence) for row in document.rows] == [
        ("Frogs, green.", True, 0.3), ("Toads.", False, 0.2),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(MARKDOWN, encoding=encoding)
    assert read_document(path).title == "Frogs" and len(read_document(path).rows) == 2
