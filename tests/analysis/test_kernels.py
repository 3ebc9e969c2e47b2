"""Language kernels: what they are made of, that they are covariances, and what is missing rather than invented."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.core.errors import CrossliftError, DesignError, UnknownLanguageError, UnknownNameError
from analysis.languages import distances as typology
from analysis.languages.codes import known_languages
from analysis.languages.kernels import KERNELS, Part, language_kernel, parse_kernel
from analysis.mixed import LevelCovariance, fit_mixed

CODES = ["eng", "deu", "nld", "swa", "zho", "jpn", "hin", "tur", "fin", "hrv", "srp"]
# Eigenvalues of a few hundred languages sum to that number; double precision leaves this much below zero.
ROUNDING = 1e-9


@pytest.mark.parametrize("measure", typology.MEASURES)
@pytest.mark.parametrize("recipe", typology.RECIPES)
def test_pairs_equal_distances_from_each_language(measure: str, recipe: str) -> None:
    pairs = typology.pairwise(CODES, measure, recipe)
    for i, source in enumerate(CODES):
        expected = np.array([item.distance for item in typology.distances(CODES, source, measure, recipe)])
        others = np.arange(len(CODES)) != i
        np.testing.assert_allclose(pairs[i, others], expected[others], atol=1e-12)
    # Phonology is so little observed that three languages share too few features with themselves.
    assert np.isnan(np.diag(pairs)).sum() == (3 if (measure, recipe) == ("phonological", "shared") else 0)
    assert np.nanmax(np.diag(pairs)) == 0.0


def test_a_pair_without_a_distance_is_missing() -> None:
    pairs = typology.pairwise(["deu", "eus", "tlh", "swa"], "genetic")
    assert np.isnan(pairs[1:3]).all() and np.isnan(pairs[:, 1:3]).all()
    assert np.isfinite(pairs[np.ix_([0, 3], [0, 3])]).all()
    shared = typology.pairwise(["deu", "jav"], "syntactic", "shared")
    assert np.isnan(shared[0, 1])


@pytest.mark.parametrize("scale", [0.02, 0.3, 1.0, 20.0])
@pytest.mark.parametrize("name", [name for name, kind in KERNELS.items() if kind.source_data == "uriel"])
def test_kernels_are_covariances_for_every_scale(name: str, scale: float) -> None:
    codes = list(known_languages())[::20]
    kernel = language_kernel(codes, name if name == "genealogy" else f"{name}:{scale}", missing="independent")
    values = kernel.matrix.to_numpy()
    assert len(kernel.missing) < 0.2 * len(codes)
    np.testing.assert_array_equal(np.diag(values), 1.0)
    np.testing.assert_allclose(values, values.T, atol=1e-15)
    assert values.min() >= 0.0
    assert np.linalg.eigvalsh(values)[0] > -ROUNDING


# Languages of the bundled gains. Bulgarian, German, Spanish and Urdu are not in Grambank.
GAINS = [
    "arb", "ben", "bul", "deu", "ell", "spa", "est", "eus", "fra", "hat", "hin", "ind", "ita", "jpn", "mya", "por",
    "que", "rus", "swa", "tam", "tel", "tha", "tur", "urd", "vie", "zho",
]  # fmt: skip


@pytest.mark.parametrize("name", [name for name, kind in KERNELS.items() if kind.source_data != "uriel"])
def test_kernels_of_observed_features_are_covariances(name: str) -> None:
    kernel = language_kernel(GAINS, name, missing="independent")
    values, lacking = kernel.matrix.to_numpy(), [GAINS.index(code) for code in kernel.missing]
    assert np.linalg.eigvalsh(values)[0] > 0.05
    np.testing.assert_array_equal(values[lacking], np.eye(len(GAINS))[lacking])
    assert ("deu" in kernel.missing) == (name in ("grambank", "urielplus-morphological"))
    with pytest.raises(DesignError, match=f"{KERNELS[name].source.short.replace('+', '.')} has not what the kernel"):
        language_kernel([*GAINS, "tlh"], name)


def test_a_language_that_shares_too_little_with_others_is_left_out() -> None:
    pairs = typology.pairwise(GAINS, "syntactic", source_data="uriel+")
    assert np.isfinite(np.diag(pairs)).all() and np.isnan(pairs).any()
    kernel = language_kernel(GAINS, "urielplus", missing="independent")
    kept = [i for i, code in enumerate(GAINS) if code not in kernel.missing]
    assert np.isfinite(pairs[np.ix_(kept, kept)]).all()
    assert len(kernel.missing) <= 3


def test_genealogy_is_the_share_of_common_branches() -> None:
    matrix = language_kernel(["eng", "deu", "swa"], "genealogy").matrix
    angle = typology.distance("deu", "eng", "genetic").distance * np.pi / 2
    assert matrix.loc["eng", "deu"] == pytest.approx(np.cos(angle))
    assert matrix.loc["eng", "swa"] == pytest.approx(0.0, abs=1e-15)


def test_default_scale_is_the_median_distance() -> None:
    distances = typology.pairwise(CODES, "geographic")
    apart = distances[np.triu_indices(len(CODES), 1)]
    median = np.median(apart[apart > 0])
    kernel = language_kernel(CODES, "geography")
    assert kernel.parts == (Part("geography", pytest.approx(median)),)
    assert kernel.words == f"geography (scale {median:.3f})"
    np.testing.assert_allclose(kernel.matrix, np.exp(-distances / median), atol=1e-12)


def test_a_sum_is_the_mean() -> None:
    both = language_kernel(CODES, "genealogy+syntactic:0.4").matrix
    alone = [language_kernel(CODES, name).matrix for name in ("genealogy", "syntactic:0.4")]
    np.testing.assert_allclose(both, (alone[0] + alone[1]) / 2)


def test_spread_is_one_for_independent_languages_and_ignores_what_all_share() -> None:
    far = language_kernel(CODES[:5], "syntactic:0.001")
    assert far.spread == pytest.approx(1.0)
    near = language_kernel(CODES[:5], "syntactic:1000")
    assert near.spread < 0.001


def test_labels_are_those_given_and_twins_are_allowed() -> None:
    matrix = language_kernel(["de", "Croatian", "sr", "de"], "syntactic").matrix
    assert list(matrix.index) == ["de", "Croatian", "sr"]
    assert matrix.loc["Croatian", "sr"] == 1.0  # URIEL keeps one set of features for both


def test_languages_without_features_are_named() -> None:
    with pytest.raises(DesignError, match=r"'genetic' needs of 2 of 3 languages: eu, tlh\. Leave them out"):
        language_kernel(["de", "eu", "tlh"], "genetic")
    with pytest.raises(UnknownLanguageError):
        language_kernel(["de", "no such language"], "genetic")
    kernel = language_kernel(["de", "eu", "tlh", "nl", "no such language"], "genetic", missing="independent")
    assert kernel.missing == ("eu", "no such language", "tlh")
    alone = kernel.matrix.loc[list(kernel.missing)].to_numpy()
    assert alone.sum() == 3.0 and alone.max() == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("geneology", "unknown kernel 'geneology'. Did you mean 'genealogy'"),
        ("genealogy+geografy", "unknown kernel 'geografy'. Did you mean 'geography'"),
        ("genetic:far", "the scale 'far' of the kernel 'genetic' is not a positive number. .*genetic:0.3"),
        ("genetic:0", "the scale '0' of"),
        ("genetic:", "the scale '' of"),
        ("genetic:inf", "the scale 'inf' of"),
        ("genealogy:0.3", "is a cosine and has no scale.*genetic:0.3"),
        ("", "unknown kernel ''"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, message: str) -> None:
    with pytest.raises(CrossliftError, match=message):
        parse_kernel(text)


def test_nothing_to_scale_by_and_unknown_ways() -> None:
    with pytest.raises(DesignError, match="finds no two languages apart among 2.*Give a scale"):
        language_kernel(["hr", "sr"], "syntactic")
    with pytest.raises(UnknownNameError, match="unknown way with missing languages 'drop'"):
        language_kernel(["de"], missing="drop")


def related_rows(seed: int, on_kernel: float, beside: float):
    """Rows whose languages lift alike by descent, with a language-level slope of −10."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    codes = [code for code in known_languages() if np.isfinite(typology.distance(code, measure="genetic").distance)]
    codes = [str(code) for code in rng.choice(codes[:400], 60, replace=False)]
    kernel = language_kernel(codes, "genealogy").matrix
    root = np.linalg.cholesky(kernel.to_numpy() + 1e-9 * np.eye(len(codes)))
    effect = np.sqrt(on_kernel) * root @ rng.normal(size=60) + np.sqrt(beside) * rng.normal(size=60)
    distance = {item.code: item.distance for item in typology.distances(codes)}
    rows = pd.DataFrame({"language": np.repeat(codes, 6)})
    rows["typology"] = [distance[code] for code in rows["language"]]
    rows["gain"] = 5 - 10 * rows["typology"] + np.repeat(effect, 6) + rng.normal(size=len(rows))
    return rows.dropna()


def test_fits_find_variance_that_follows_the_kernel() -> None:
    # One simulated set: the estimate of a variance over 60 related languages has a standard error of about a third.
    rows = related_rows(3, on_kernel=4.0, beside=0.5)
    kernel = language_kernel(rows["language"].unique(), "genealogy").matrix
    fit = fit_mixed("gain ~ typology + (1|language)", rows, covariance={"language": LevelCovariance(kernel)})
    variances = fit.variance.set_index("term")["variance"]
    assert 2.0 < variances["Intercept (kernel)"] < 8.0
    assert variances["Intercept"] < 1.5
