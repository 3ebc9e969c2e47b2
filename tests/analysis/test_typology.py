"""Distances against pinned values, their properties, and what is missing rather than invented."""

from __future__ import annotations

import csv
import math
from collections import Counter

import numpy as np
import pytest

from analysis.core.errors import CrossliftError, UnknownNameError
from analysis.languages import distances as typology
from analysis.languages.codes import known_languages
from analysis.languages.uriel import load_uriel
from tests.conftest import ROOT

# Pinned to four decimals.
FOUR_DECIMALS = 5.001e-5

with (ROOT / "validation/typology/distances.csv").open(encoding="utf-8") as _file:
    PINNED = list(csv.DictReader(_file))
with (ROOT / "validation/typology/lang2vec_published.csv").open(encoding="utf-8") as _file:
    PUBLISHED = list(csv.DictReader(_file))


def test_the_grid_has_not_shrunk() -> None:
    assert len(PINNED) == 300
    assert len(PUBLISHED) == 26
    assert Counter(row["measure"] for row in PINNED)["syntactic"] == 60


@pytest.mark.slow
@pytest.mark.parametrize("row", PINNED, ids=lambda row: f"{row['code']}-{row['measure']}-{row['recipe']}")
def test_pinned_distances_from_english(row) -> None:
    recipe = None if row["recipe"] == "angular" else row["recipe"]
    found = typology.distances([row["code"]], "eng", row["measure"], recipe, fewest_shared=0)[0]
    if row["distance_from_eng"]:
        assert found.distance == pytest.approx(float(row["distance_from_eng"]), abs=FOUR_DECIMALS)
    else:
        assert math.isnan(found.distance)
    if row["n_shared_features"]:
        assert found.shared_features == int(row["n_shared_features"])


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row["other"])
def test_published_recipe_equals_lang2vec(row) -> None:
    table = load_uriel()
    home, other = table.row(row["code"]), table.row(row["other"])
    values, _, _ = table.featural(np.array([other]), home, "syntactic", "published", 0)
    assert values[0] == pytest.approx(float(row["distance"]), abs=FOUR_DECIMALS)


@pytest.mark.parametrize(
    ("measure", "constant"),
    [("syntactic", 0.5654), ("featural", 0.5839), ("inventory", 0.5983), ("phonological", 0.5687)],
)
def test_a_language_without_features_gets_lang2vecs_constant_and_a_flag(measure: str, constant: float) -> None:
    """Slovak has no observed syntax, phonology or inventory."""
    found = typology.distance("sk", "eng", measure, "published")
    assert found.distance == pytest.approx(constant, abs=FOUR_DECIMALS)
    assert found.flag == "nothing observed"


@pytest.mark.parametrize("measure", typology.MEASURES)
@pytest.mark.parametrize("recipe", typology.RECIPES)
def test_distances_are_symmetric_zero_at_home_and_between_zero_and_one(measure: str, recipe: str) -> None:
    codes = ["eng", "deu", "swa", "zho", "jpn", "hin", "tur", "fin"]
    table = {(a, item.code): item.distance for a in codes for item in typology.distances(codes, a, measure, recipe)}
    for (a, b), value in table.items():
        if not math.isnan(value):
            assert 0.0 <= value <= 1.0
            assert table[b, a] == pytest.approx(value, abs=1e-12)
            assert a != b or value == pytest.approx(0.0, abs=1e-7)


def test_few_shared_features_give_no_distance() -> None:
    javanese = typology.distance("jv", recipe="shared")
    assert javanese.shared_features == 17
    assert math.isnan(javanese.distance)
    assert javanese.flag == "under 30 shared features"
    assert not math.isnan(typology.distance("jv", recipe="knn").distance)


def test_imputed_languages_are_flagged() -> None:
    flags = {item.code: item.flag for item in typology.distances(["sk", "sd", "jv", "de"])}
    assert flags == {"slk": "wholly imputed", "snd": "wholly imputed", "jav": "under half observed", "deu": ""}


def test_no_family_and_no_features_are_missing() -> None:
    assert math.isnan(typology.distance("eu", measure="genetic").distance)
    klingon = typology.distance("tlh")
    assert math.isnan(klingon.distance)
    assert klingon.flag == "not in URIEL"


def test_from_another_source() -> None:
    near, far = typology.distance("fin", source="est"), typology.distance("fin", source="zho")
    assert near.distance < far.distance


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="unknown measure 'syntax'.*Did you mean 'syntactic'"):
        typology.distance("de", measure="syntax")
    with pytest.raises(UnknownNameError, match="unknown recipe 'kn'.*Did you mean 'knn'"):
        typology.distance("de", recipe="kn")
    with pytest.raises(CrossliftError, match="needs a recipe"):
        typology.distance("de", recipe="angular")
    with pytest.raises(CrossliftError, match="no features for the source language 'tlh'"):
        typology.distance("de", source="tlh")


def test_every_language_of_the_table_can_be_asked() -> None:
    codes = list(known_languages())
    for measure in typology.MEASURES:
        found = typology.distances(codes, measure=measure)
        assert len(found) == len(codes)
        assert all(math.isnan(item.distance) or 0 <= item.distance <= 1 for item in found)
        assert all(item.flag for item in found if math.isnan(item.distance))


def test_frame_has_the_columns_of_the_contract() -> None:
    frame = typology.frame(["de", "sw"])
    assert set(frame.columns) >= {
        "code", "language", "measure", "recipe", "distance", "shared_features", "observed_share",
    }  # fmt: skip
