"""Grambank and URIEL+ against values that their packages gave, and names of sources, measures and recipes."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from analysis.core.errors import CrossliftError, UnknownNameError
from analysis.languages import distances as typology
from analysis.languages.feature_sources import SOURCES, data_sha256, read_source, settle
from tests.conftest import ROOT, skip_or_fail

# Pins are rounded: the package's own to four decimals, ours of Grambank to six.
ROUNDED = {"uriel+": 5.001e-5, "grambank": 5.001e-7}
FILES = {"uriel+": "urielplus.csv", "grambank": "grambank.csv"}
PINNED = {}
for _name, _file in FILES.items():
    with (ROOT / "validation/typology" / _file).open(encoding="utf-8") as _pins:
        PINNED[_name] = list(csv.DictReader(_pins))


@pytest.mark.parametrize("source", FILES)
def test_the_grid_has_not_shrunk(source: str) -> None:
    rows = PINNED[source]
    assert len({(row["a"], row["b"], row["measure"]) for row in rows if row["distance"]}) >= 300
    assert {row["measure"] for row in rows} == set(SOURCES[source].measures)


@pytest.mark.parametrize("source", FILES)
def test_distances_and_shared_features_equal_the_pins(source: str) -> None:
    for row in PINNED[source]:
        (found,) = typology.distances([row["b"]], row["a"], row["measure"], fewest_shared=1, source_data=source)
        about = f"{row['a']}-{row['b']} {row['measure']}"
        assert found.shared_features == int(row["shared_features"]), about
        if row["distance"]:
            assert found.distance == pytest.approx(float(row["distance"]), abs=ROUNDED[source]), about
        else:
            assert math.isnan(found.distance), about


def test_the_frozen_tables_equal_the_package() -> None:
    if find_spec("urielplus") is None:
        skip_or_fail("urielplus 1.3.2")
    script = ROOT / "data" / "build" / "observed.py"
    done = subprocess.run([sys.executable, str(script), "--check", "--quick"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "grambank.npz: 2467 languages, every array equal to the package's" in done.stdout


@pytest.mark.parametrize("source", FILES)
def test_pairs_equal_distances_from_each_language(source: str) -> None:
    codes = ["eng", "swa", "zho", "jpn", "hin", "tur", "deu"]
    for measure in SOURCES[source].measures:
        pairs = typology.pairwise(codes, measure, source_data=source)
        np.testing.assert_array_equal(pairs, pairs.T)
        for i, home in enumerate(codes):
            if np.isnan(pairs[i, i]):
                continue
            own = [item.distance for item in typology.distances(codes, home, measure, source_data=source)]
            np.testing.assert_allclose(pairs[i], own, atol=1e-7)


def test_too_few_shared_features_give_no_distance_and_say_so() -> None:
    croatian = typology.distance("hr", source_data="uriel+")
    assert (croatian.shared_features, croatian.flag) == (9, "under 30 shared features")
    assert math.isnan(croatian.distance)
    german = typology.distance("de", source_data="grambank")
    assert math.isnan(german.distance)
    assert german.flag == "not in Grambank"


def test_each_language_keeps_what_was_typed() -> None:
    found = typology.distances(["zh-Hans", "Swahili"], source_data="grambank")
    assert [(item.input, item.code, item.source_data) for item in found] == [
        ("zh-Hans", "zho", "grambank"), ("Swahili", "swa", "grambank"),
    ]  # fmt: skip


def test_defaults_and_names() -> None:
    assert settle() == ("uriel", "syntactic", "knn")
    assert settle(source_data="grambank") == ("grambank", "featural", "hamming")
    assert settle("morphological", source_data="uriel+").words == "URIEL+ morphological"
    assert settle().words == "URIEL syntactic (knn)"
    assert settle("genetic").words == "URIEL genetic"
    with pytest.raises(UnknownNameError, match="unknown source of distances 'grambnk'.*Did you mean 'grambank'"):
        settle(source_data="grambnk")
    with pytest.raises(CrossliftError, match="URIEL as in lang2vec 1.1.2 has no measure 'morphological'"):
        settle("morphological")
    with pytest.raises(CrossliftError, match="Grambank 1.0.3 has no recipe 'knn'.*It has: hamming"):
        settle(recipe="knn", source_data="grambank")


def test_a_source_of_features_may_stand_where_the_language_does() -> None:
    assert read_source("grambank") == ("eng", "grambank")
    assert read_source("fin", "uriel+") == ("fin", "uriel+")
    assert read_source("fin") == ("fin", "uriel")
    with pytest.raises(CrossliftError, match="'grambank' and 'uriel\\+' are two sources"):
        read_source("grambank", "uriel+")


def test_each_source_has_its_own_hash() -> None:
    assert len({data_sha256(name) for name in SOURCES}) == len(SOURCES)
