"""Results as JSON values."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from analysis.core.jsonable import dropped_rows, plain, records, single
from analysis.core.text import magnitude


def test_what_json_lacks_is_none() -> None:
    row = {"a": np.float64("nan"), "b": float("inf"), "c": np.int64(3), "d": np.bool_(True), "e": {"f": -np.inf}}
    assert single(row) == {"a": None, "b": None, "c": 3, "d": True, "e": {"f": None}}
    assert json.loads(json.dumps(single(row), allow_nan=False)) == single(row)


def test_numbers_and_words_stay_what_they_are() -> None:
    frame = pd.DataFrame({"x": [0.1, np.nan], "n": [1, 2], "word": ["a", None]})
    assert records(frame) == [{"x": 0.1, "n": 1, "word": "a"}, {"x": None, "n": 2, "word": None}]
    assert plain(1e308) == 1e308
    assert dropped_rows([("empty", 2)]) == [{"reason": "empty", "rows": 2}]


def test_sizes_are_printed_in_their_own_unit() -> None:
    printed = {
        278e6: "278M",
        7.07e9: "7.07B",
        13e9: "13B",
        999.4e6: "999M",
        999.6e6: "1B",
        20_000: "20K",
        12.34: "12.3",
    }
    assert {value: magnitude(value) for value in printed} == printed
