"""The registry: every row has one claim, and what is wrong with a registry is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.claims.computations import COMPUTATIONS
from analysis.claims.documents.calibration import against_registry
from analysis.claims.documents.parse import read_directory
from analysis.claims.registry import RegistryError, read_registry, registry, registry_path

GOOD = """
[[document]]
name = "frogs"
rows = 2

[[claim]]
id = "green"
statement = "Frogs gain 5.4."
kind = "average gain"
value = 5.4
unit = "points"
decimals = 1
computation = "missing-table"
settled_by = "a pond"
stated = [["frogs", 1, true, 0.5]]

[[claim]]
id = "whole"
statement = "Frogs gain and sing."
kind = "ordering"
parts = ["green"]
stated = [["frogs", 2, false, 0.1]]
"""


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "claims.toml"
    path.write_text(text, encoding="utf-8")
    return read_registry(path, COMPUTATIONS)


def test_all_58_rows_have_one_claim() -> None:
    known = registry()
    rows = [(item.document, item.row) for claim in known.claims.values() for item in claim.stated]
    assert len(rows) == len(set(rows)) == sum(known.documents.values()) == 58


def test_rows_flags_and_confidences_are_those_of_the_documents(shared: Path) -> None:
    documents = read_directory(shared / "documents")
    assert {document.name: len(document.rows) for document in documents} == dict(registry().documents)
    for document in documents:
        assert against_registry(document, registry()) == ()
        for row in document.rows:
            assert registry().claim_of(document.name, row.number) is not None


def test_claimed_numbers_stand_in_the_rows_that_claim_them(shared: Path) -> None:
    words = {9: ("9", "nine"), 40: ("40",)}
    rows = {(d.name, row.number): row.text.lower() for d in read_directory(shared / "documents") for row in d.rows}
    for claim in registry().claims.values():
        values = [claim.value, *(registry().claims[part].value for part in claim.parts)]
        for value in [value for value in values if value is not None]:
            spelled = words.get(int(value), (f"{value:,.{claim.decimals}f}",))
            for item in claim.stated:
                assert any(word in rows[item.document, item.row] for word in spelled), (claim.id, item)


def test_no_wording_of_a_document_is_kept(shared: Path) -> None:
    """No run of seven words of a document's prose or claims stands in the registry."""
    import re

    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[a-z0-9.,+-]+", text.lower())
        return {tuple(words[i : i + 7]) for i in range(len(words) - 6)}

    ours = runs(registry_path().read_text(encoding="utf-8"))
    for path in (shared / "documents").glob("*.txt"):
        assert not ours & runs(path.read_text(encoding="utf-8"))


def test_every_claim_is_computed() -> None:
    for claim in registry().claims.values():
        assert bool(claim.computation) != bool(claim.parts), claim.id


def test_a_good_registry(tmp_path: Path) -> None:
    known = read(tmp_path, GOOD)
    assert list(known.claims) == ["green", "whole"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "average gain"', 'kind = "avrage gain"', "unknown kind 'avrage gain'. Did you mean 'average gain'"),
        ('unit = "points"', 'unit = "point"', "unknown unit 'point'. Did you mean 'points'"),
        ('"missing-table"', '"missing-tabel"', "unknown computation 'missing-tabel'. Did you mean 'missing-table'"),
        ('settled_by = "a pond"', "", "claim 'green' has no 'settled_by'"),
        ("value = 5.4", "value = 5.44", "claim 'green': 5.44 has more than 1 decimals"),
        ("decimals = 1", "decimals = -1", "decimals are '-1'"),
        ('id = "whole"', 'id = "green"', "claim 'green' stands twice"),
        ('parts = ["green"]', 'parts = ["gren"]', "its part 'gren' has to be a claim that is not joined itself. "
         "Did you mean 'green'"),
        ('["frogs", 2, false', '["frogs", 1, false', "row 1 of document 'frogs' belongs to 'green' and to 'whole'"),
        ('["frogs", 2, false', '["frogs", 3, false', "there is no row 3 of document 'frogs'"),
        ("rows = 2", "rows = 3", "row 3 of document 'frogs' belongs to no claim"),
        ("0.5]]", "5]]", "the confidence 5 is not between 0 and 1"),
        ('["frogs", 2, false, 0.1]', '["frogs", 2]', "is not document, row, flag, confidence"),
        ("value = 5.4", "valeu = 5.4", "unknown field 'valeu'. Did you mean 'value'"),
        ('statement = "Frogs gain 5.4."', "", "claim 'green' has no 'statement'"),
        ('parts = ["green"]', 'parts = ["green"]\ncomputation = "unstated"\nsettled_by = "x"',
         "claim 'whole' has parts and a computation"),
        ("[[document]]", "[[document]", "claims.toml is not TOML"),
    ],
)  # fmt: skip
def test_a_bad_registry(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(RegistryError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert message in str(caught.value)


def test_unknown_claim() -> None:
    with pytest.raises(RegistryError, match="unknown claim 'averge-gain'. Did you mean 'average-gain'"):
        registry().find("averge-gain")
    with pytest.raises(ValueError, match="claim 'three-phases' has no number"):
        _ = registry().claims["three-phases"].interval
