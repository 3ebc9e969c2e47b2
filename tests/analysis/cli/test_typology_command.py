"""``analyze typology``: sources of distance, what was typed, and the comparison with lang2vec."""

from __future__ import annotations

import json
from importlib.util import find_spec

import numpy as np
import pytest

from analysis.cli.main import main
from analysis.core.errors import CrossliftError
from analysis.languages import distances as typology
from analysis.languages import lang2vec_check
from tests.conftest import skip_or_fail


def test_json_rows_echo_what_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["typology", "zh-Hans", "Swahili", "--source", "grambank", "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [row["input"] for row in content["rows"]] == ["zh-Hans", "Swahili"]
    assert [row["code"] for row in content["rows"]] == ["zho", "swa"]
    assert {row["source_data"] for row in content["rows"]} == {"grambank"}
    assert [(item["name"], item["sha256"] == content["sha256"]) for item in content["data"]] == [("grambank", True)]
    assert content["source"] == "eng"


def test_a_source_beside_another_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["typology", "fin", "de", "--source", "hun", "--source-data", "grambank"]) == 0
    out = capsys.readouterr().out
    assert "Distance from Hungarian (hun), 0 to 1 · Grambank 1.0.3" in out
    assert "not in Grambank" in out


def test_all_sources_in_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["typology", "sw", "--source-data", "all", "--measure", "morphological"]) == 0
    out = capsys.readouterr().out
    assert "uriel+" in out
    assert "hamming" in out
    assert "URIEL as in lang2vec 1.1.2; URIEL+ 1.3.2; Grambank 1.0.3" in out


def test_the_installed_package_gives_the_same_distances(capsys: pytest.CaptureFixture[str]) -> None:
    if find_spec("lang2vec") is None:
        skip_or_fail("lang2vec 1.1.2")
    arguments = ["typology", "de", "sw", "jv", "sk", "--recipe", "published", "--measure", "all", "--check-lang2vec"]
    assert main(arguments) == 0
    assert "lang2vec 1.1.2, as installed, gives the same 16 distances." in capsys.readouterr().out


def test_a_distance_that_differs_from_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    monkeypatch.setattr(lang2vec_check, "_package", lambda: (["eng", "deu"], ["S_A", "S_B", "S_XVO"], values))
    (row,) = typology.distances(["deu"], recipe="published")
    compared, odd = lang2vec_check.differing([row], "eng")
    assert compared == 1
    assert odd == ["deu syntactic: 0.4204, not 0.5000"]
    assert lang2vec_check.differing([row._replace(distance=0.5)], "eng") == (1, [])


def test_the_comparison_needs_the_recipe_and_the_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["typology", "de", "--check-lang2vec"]) != 0
    assert "Add --recipe published" in capsys.readouterr().err
    lang2vec_check._package.cache_clear()
    monkeypatch.setattr(lang2vec_check, "version", lambda name: "1.1.6")
    with pytest.raises(CrossliftError, match="needs lang2vec 1.1.2, and 1.1.6 is installed"):
        lang2vec_check.differing(typology.distances(["deu"], recipe="published"), "eng")


def test_names_that_a_source_does_not_have_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["typology", "de", "--source", "grambank", "--measure", "genetic"]) != 0
    assert "Grambank 1.0.3 has no measure 'genetic'" in capsys.readouterr().err
