"""Numbers as tables and sentences print them."""

from __future__ import annotations

import math

import pytest

from analysis.core.text import number


@pytest.mark.parametrize(
    ("value", "digits", "printed"),
    [
        (12.3456, 2, "12.35"),
        (-0.004, 3, "−0.004"),
        (0.0, 2, "0.00"),
        (-0.0, 2, "0.00"),
        (-0.0017, 2, "−0.002"),  # decimals that would all be zero: more of them, the sign kept
        (0.00012, 2, "0.0001"),
        (-3e-5, 2, "−3.0e-05"),
        (-2.7669e76, 3, "−2.8e+76"),
        (123456789.0, 0, "123456789"),
        (math.nan, 2, "–"),
        (-math.inf, 2, "−∞"),
        (None, 2, "–"),
    ],
)
def test_a_number(value: float | None, digits: int, printed: str) -> None:
    assert number(value, digits) == printed
