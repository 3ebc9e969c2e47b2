"""Granularity of accuracies: against counting by hand and by brute force."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from analysis.claims.audit.granularity import check_granularity
from analysis.claims.audit.printed_tables import Block
from analysis.claims.numbers.grim import Grain, counts, mean_possible, narrowed, nearest
from analysis.claims.numbers.intervals import rounded


def test_by_hand() -> None:
    assert list(counts(rounded("80.0", 1), 500)) == [400]
    assert list(counts(rounded("80.1", 1), 500)) == []  # a multiple of 0.2 is needed
    assert list(counts(rounded("33.3", 1), 3)) == [1]
    assert list(counts(rounded("100", 0), 3)) == [3]
    assert narrowed(rounded("80.1", 1), 500) is None
    assert nearest(rounded("80.1", 1), 500) == (Fraction(80), Fraction("80.2"))


def test_a_tie_may_be_printed_either_way() -> None:
    """1 of 8 is 12.5, which is printed 12 or 13."""
    assert list(counts(rounded("12", 0), 8)) == list(counts(rounded("13", 0), 8)) == [1]


@given(st.integers(1, 300), st.integers(0, 10_000), st.integers(0, 2))
def test_counts_against_brute_force(items: int, hundredths: int, decimals: int) -> None:
    printed = rounded(f"{hundredths / 100:.{decimals}f}", decimals)
    expected = [k for k in range(items + 1) if printed.low <= Fraction(100 * k, items) <= printed.high]
    assert list(counts(printed, items)) == expected


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0, 1)), min_size=1, max_size=4), st.integers(0, 3))
def test_a_mean_that_exists_is_possible(cells: list[tuple[int, float]], decimals: int) -> None:
    right = [round(share * items) for items, share in cells]
    mean = sum(Fraction(100 * k, n) for k, (n, _) in zip(right, cells, strict=True)) / len(cells)
    printed = rounded(f"{float(mean):.{decimals}f}", decimals)
    assert mean_possible(printed, [items for items, _ in cells])


def test_means_of_equal_sets() -> None:
    """Three sets of 10 items: the mean is a multiple of 1/30."""
    assert mean_possible(rounded("76.67", 2), [10, 10, 10])
    assert not mean_possible(rounded("75.00", 2), [10, 10, 10])


def test_bundled_accuracies(blocks: tuple[Block, ...]) -> None:
    """3,686 accuracies are printed finely enough; MAD-X on XCOPA has odd tenths, which 500 items do not give."""
    found = {item.data: item for item in check_granularity(blocks)}
    assert sum(item.telling for item in found.values()) == 3686
    assert {name: len(item.impossible) for name, item in found.items() if item.impossible} == {
        "mteb_retrieval_by_language": 2, "ponti2020_xcopa_leaderboard": 7,
    }  # fmt: skip
    assert found["muennighoff2022_xmtf"].telling == 3082
    assert {grain.items for grain in found["ponti2020_xcopa_leaderboard"].impossible} == {500}
    assert found["conneau2020_xlm_r_paper"].telling == 0  # 5,010 items are finer than a decimal


def test_what_no_share_of_items_gives_a_mean_over_runs_may() -> None:
    """61.3 of 500 items is none; of two runs it is 613 of 1,000. 31.2 of 7 items is none of up to ten runs."""
    printed = rounded("61.3", 1)
    text = Grain("t", 2, "score", "61.3", 500, *nearest(printed, 500)).text()
    assert text.endswith("the nearest give 61.200 and 61.400; a mean over 2 runs can be")
    small = Grain("t", 2, "score", "0.72", 7, *nearest(rounded("0.72", 2), 7)).text()
    assert "a mean over" not in small
