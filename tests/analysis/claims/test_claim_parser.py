"""The claim language: what is read, and where errors point."""

from __future__ import annotations

from fractions import Fraction

import pytest

from analysis.claims.language.nodes import Aggregate, Arithmetic, Column, Comparison, Junction, Naming, Number, Relation
from analysis.claims.language.parser import parse
from analysis.claims.language.tokens import ClaimError, tokenize


def test_tokens() -> None:
    found = [(token.kind, token.value) for token in tokenize("mean(`a b`) ≥ 5.40 and x != 'it''s' BY .5 − 1")]
    assert found == [
        ("name", "mean"), ("operator", "("), ("name", "a b"), ("operator", ")"), ("operator", ">="), ("number", "5.40"),
        ("keyword", "and"), ("name", "x"), ("operator", "!="), ("text", "it's"), ("keyword", "by"), ("number", ".5"),
        ("operator", "-"), ("number", "1"), ("end", ""),
    ]  # fmt: skip


def test_a_claimed_figure_keeps_its_decimals() -> None:
    (relation,) = parse("mean(gain) = -5.40").relations
    assert isinstance(relation, Relation)
    assert isinstance(relation.left, Aggregate)
    assert relation.left.operand == Column("gain", 5)
    assert relation.right == Number(Fraction("-5.4"), 2, 13)


def test_precedence() -> None:
    (relation,) = parse("1 + 2 * 3 - 4 = x").relations
    assert isinstance(relation, Relation)
    outer = relation.left
    assert isinstance(outer, Arithmetic) and outer.operator == "-"
    inner = outer.left
    assert isinstance(inner, Arithmetic) and inner.operator == "+"
    assert isinstance(inner.right, Arithmetic) and inner.right.operator == "*"


def test_clauses() -> None:
    (relation,) = parse("mean(a weights n where b = 'x' or not c > 1 and d in ('y', 'z')) > 1").relations
    assert isinstance(relation, Relation)
    function = relation.left
    assert isinstance(function, Aggregate) and function.weights == Column("n", 15)
    where = function.where
    assert isinstance(where, Junction) and where.operator == "or" and isinstance(where.parts[0], Comparison)
    both = where.parts[1]
    assert isinstance(both, Junction) and both.operator == "and"
    negated, member = both.parts
    assert isinstance(negated, Junction) and negated.operator == "not"
    assert isinstance(member, Comparison) and member.values == ("y", "z")


def test_chains_and_joined_claims() -> None:
    claim = parse("mean(a) > mean(b) > 3 and order(a by t) = 'x' > 'y' >= 'z'")
    assert [type(item).__name__ for item in claim.relations] == ["Relation", "Relation", "Naming"]
    naming = claim.relations[-1]
    assert isinstance(naming, Naming) and (naming.names, naming.operators) == (("x", "y", "z"), (">", ">="))


@pytest.mark.parametrize(
    ("claim", "at", "message", "hint"),
    [
        ("mean(a) # 1", 9, "'#' is not understood", ""),
        ("mean(a) = 'x", 11, "''' is not understood", "never closed"),
        ("meen(a) = 1", 1, "unknown function 'meen'", "Did you mean 'mean' or 'median'?"),
        ("foo(a) = 1", 1, "unknown function 'foo'", "Functions: mean, median"),
        ("mean(a = 1", 8, "only 'count' takes a comparison", ""),
        ("mean(a", 7, "')' is expected, not the end of the claim", "character 5 is open"),
        ("mean(a) 1", 9, "a claim compares", ""),
        ("mean(a) = 1 2", 13, "nothing may follow here, but '2' does", ""),
        ("mean() = 1", 6, "'mean' needs a column", ""),
        ("mean(a) = ", 11, "a column, a number or a function is expected", ""),
        ("max(a weights n) = 1", 7, "'max' takes no weights", ""),
        ("mean(a where b = 'x' where c = 'y') = 1", 22, "'where' stands twice", ""),
        ("mean(a where b) = 1", 15, "a condition compares a column", ""),
        ("mean(a where b > 'x') = 1", 16, "text is equal or not", ""),
        ("mean(a where b in 'x') = 1", 19, "'in' is followed by values in parentheses", ""),
        ("mean(a where b = c) = 1", 18, "text in quotes or a number is expected, not 'c'", ""),
        ("mean(a by 1) = 1", 11, "a column is expected, not '1'", ""),
        ("mean(a weights n by t) = 1", 1, "weights and groups cannot be joined", ""),
        ("argmax(a) = 'x'", 1, "'argmax' compares groups: add by COLUMN", ""),
        ("argmax(a by t) > 'x'", 16, "'argmax(…)' is followed by = and a name in quotes", ""),
        ("argmax(a by t) = x", 18, "a group is named in quotes, not by 'x'", ""),
        ("order(a by t) = 'x'", 20, "an order has two names at least", ""),
        ("1 = argmax(a by t)", 5, "'argmax' names groups: it stands on the left", ""),
    ],
)
def test_errors_point_at_the_place(claim: str, at: int, message: str, hint: str) -> None:
    with pytest.raises(ClaimError) as caught:
        parse(claim)
    assert caught.value.message.startswith(f"claim, character {at}: ")
    assert message in caught.value.message
    text, mark = caught.value.hint.splitlines()[:2]
    assert (text, mark) == (claim, "  " + " " * (at - 1) + "^")
    assert hint in caught.value.hint
