"""What is refused, what is left out and counted, and what is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.core.errors import CrossliftError, DesignError, UnknownNameError
from analysis.meta import meta_analyze
from tests.analysis.meta.reference import data

BCG = data("bcg")


@pytest.mark.parametrize(
    ("arguments", "more", "error", "message"),
    [
        (("yi", "vi"), {}, CrossliftError, "effects 'yi' names a column, but no frame was given"),
        (("yj", "vi"), {"frame": BCG}, UnknownNameError, "unknown column 'yj'. Known: ablat, alloc"),
        (([1.0, 2.0], [1.0]), {}, CrossliftError, "2 effects and 1 sampling variances"),
        (([1.0, 2.0], [1.0, 0.0]), {}, CrossliftError, "variance of row 1 is 0, not a positive.*not standard errors"),
        (([1.0, np.inf], [1.0, 1.0]), {}, DesignError, "infinite"),
        ((["a", "b"], [1.0, 1.0]), {}, CrossliftError, "effects are not numbers"),
        (([np.nan], [1.0]), {}, DesignError, r"none of 1 effects can be used: no effect \(1\)"),
        (([1.0], [1.0]), {}, DesignError, "1 effect cannot estimate both the variance"),
        (([1.0], [1.0]), {"method": "FE", "test": "t"}, DesignError, "leave no degrees of freedom"),
        (([1.0, 1.0], [1.0, 2.0]), {}, DesignError, "are all equal"),
        (("yi", "vi"), {"frame": BCG, "method": "REM"}, UnknownNameError, "unknown method 'REM'. Did you mean 'REML'"),
        (("yi", "vi"), {"frame": BCG, "test": "hk"}, UnknownNameError, "unknown test 'hk'"),
        (("yi", "vi", "ablat + I(2*ablat)"), {"frame": BCG}, DesignError, "is a combination of the others"),
        (("yi", "vi", "ablatt"), {"frame": BCG}, UnknownNameError, "unknown column 'ablatt'. Did you mean 'ablat'"),
        (("yi", "vi", "(1|trial)"), {"frame": BCG}, CrossliftError, "random effects as random="),
        (("yi", np.eye(13)), {"frame": BCG}, CrossliftError, "a sampling covariance makes effects dependent"),
        (("yi", "vi"), {"frame": BCG, "random": "(1|trail)"}, UnknownNameError, "unknown column 'trail'. Did you mean"),
        (("yi", "vi"), {"frame": BCG, "random": "trial"}, CrossliftError, r"not a random effect.*\(1\|language\)"),
        (("yi", "vi"), {"frame": BCG, "random": "(1+ablat|alloc)"}, CrossliftError, "is not a random intercept"),
        (
            ("yi", "vi"),
            {"frame": BCG, "random": "(1|alloc)", "method": "DL"},
            CrossliftError,
            "for independent effects",
        ),
        (("yi", "vi"), {"frame": BCG, "random": "(1|alloc)", "test": "t"}, UnknownNameError, "unknown test of a multi"),
        (("yi", "vi"), {"random": "(1|alloc)"}, CrossliftError, "no frame was given"),
        (("yi", "vi"), {"frame": BCG, "labels": ["a"]}, CrossliftError, "1 labels were given for 13 effects"),
    ],
)
def test_bad_input(arguments, more, error, message) -> None:
    with pytest.raises(error, match=message):
        meta_analyze(*arguments, **more)


def test_what_an_ordinary_fit_cannot_answer() -> None:
    plain = meta_analyze("yi", "vi", frame=BCG)
    with_moderator = meta_analyze("yi", "vi", "ablat", frame=BCG)
    with pytest.raises(CrossliftError, match="the model has no moderator to test"):
        plain.moderator_test()
    with pytest.raises(CrossliftError, match="the effect depends on ablat"):
        with_moderator.predict()
    for method in ("egger", "trim_and_fill"):
        with pytest.raises(CrossliftError, match="without moderators"):
            getattr(with_moderator, method)()
    with pytest.raises(UnknownNameError, match="unknown estimator 'L1'"):
        plain.trim_and_fill("L1")
    with pytest.raises(UnknownNameError, match="unknown side 'up'"):
        plain.trim_and_fill("L0", "up")
    with pytest.raises(UnknownNameError, match="unknown kind of Egger's test"):
        plain.egger("begg")
    with pytest.raises(DesignError, match="none of 13 effects has a one-sided p-value of at most 0.025"):
        plain.selection("greater")
    with pytest.raises(UnknownNameError, match="unknown alternative 'more'"):
        plain.selection("more")
    with pytest.raises(CrossliftError, match="between 0 and 1, not 2"):
        plain.selection("less", 2.0)
    with pytest.raises(DesignError, match="1 cluster cannot support"):
        plain.robust(["a"] * 13)
    with pytest.raises(DesignError, match="1 effect is in no cluster"):
        plain.robust([None, *"abcdefghijkl"])
    with pytest.raises(CrossliftError, match="3 labels were given for 13 effects"):
        plain.robust(["a", "b", "c"])
    with pytest.raises(DesignError, match="2 effects are too few to leave one out"):
        meta_analyze([1.0, 3.0], [2.0, 1.0]).influence()
    with pytest.raises(CrossliftError, match="belong to one group"):
        plain.leave_one_out(["a"] * 13)
    with pytest.raises(DesignError, match="same standard error"):
        meta_analyze([1.0, 2.0, 4.0], [1.0, 1.0, 1.0]).egger()


def test_rows_left_out_are_counted_once() -> None:
    frame = BCG.assign(yi=BCG["yi"].where(BCG.index > 0), vi=BCG["vi"].where(BCG.index > 2),
                       ablat=BCG["ablat"].where(BCG.index != 5))  # fmt: skip
    for random in (None, "(1|trial)"):
        result = meta_analyze("yi", "vi", "ablat", frame=frame, random=random)
        counts = result.to_json()["dropped"]
        assert counts == [
            {"reason": "no effect", "rows": 1},
            {"reason": "no sampling variance", "rows": 2},
            {"reason": "no value for 'ablat'", "rows": 1},
        ]
        assert result.to_json()["n_obs"] == 9
        clusters = [f"c{i // 2}" for i in range(13)]
        assert len(result.robust(clusters)) == 2


def test_a_moderator_table_equals_the_formula() -> None:
    one = meta_analyze(BCG["yi"], BCG["vi"], BCG[["ablat"]])
    two = meta_analyze("yi", "vi", "ablat", frame=BCG)
    pd.testing.assert_frame_equal(one.fixed, two.fixed)


def test_leaving_out_groups() -> None:
    plain = meta_analyze("yi", "vi", frame=BCG)
    found = plain.leave_one_out(BCG["alloc"])
    assert found["rows"].sum() == 13
    for row in found.to_dict("records"):
        rest = BCG[BCG["alloc"] != row["left_out"]]
        assert row["estimate"] == pytest.approx(meta_analyze("yi", "vi", frame=rest).coefficients[0], abs=1e-10)
    schools = data("konstantopoulos")
    nested = meta_analyze("yi", "vi", random="(1|district/school)", frame=schools)
    table = nested.leave_one_out(schools["district"])
    own = meta_analyze("yi", "vi", random="(1|district/school)", frame=schools[schools["district"] != 11])
    assert table.set_index("left_out").loc["11", "estimate"] == pytest.approx(own.coefficients[0], abs=1e-8)


def test_crossed_factors_have_no_robust_errors() -> None:
    rows = data("synth")
    crossed = meta_analyze("yi", "vi", random="(1|language) + (1|target_task)", frame=rows)
    with pytest.raises(DesignError, match="'target_task' spans several clusters"):
        crossed.robust(rows["language"])


@pytest.mark.parametrize("random", [None, "(1|alloc) + (1|trial)"])
def test_json_is_json_and_the_summary_has_three_forms(random) -> None:
    for moderators in (None, "ablat"):
        result = meta_analyze("yi", "vi", moderators, frame=BCG, random=random)
        content = json.loads(json.dumps(result.to_json(), allow_nan=False))
        assert content["command"] == "meta"
        assert content["fixed"][0]["estimate"] == result.coefficients[0]
        assert ("moderator_test" in content) == (moderators is not None)
        summary = result.summary()
        for text in (str(summary), summary.markdown(), summary.html()):
            assert "13 effects" in text
            assert "I²" in text


def test_advice() -> None:
    assert "say little about how much" in " ".join(meta_analyze([1.0, 2.0, 4.0], [1.0, 1.0, 1.0]).warnings)
    assert "for these effects only" in " ".join(meta_analyze("yi", "vi", method="FE", frame=BCG).warnings)
    calm = meta_analyze(1.0 + 0.01 * np.arange(20), np.full(20, 4.0))
    assert "Knapp and Hartung's factor is 0.00" in " ".join(calm.warnings)
    assert "(the interval of tau² is empty)" in " ".join(calm.warnings)
    assert calm.heterogeneity()["conf_high"].iloc[0] == 0.0


def test_it_is_a_public_name() -> None:
    assert analysis.meta_analyze is meta_analyze
