"""``analyze meta`` from the command line to the printed answer and the files it writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import main
from tests.analysis.test_outcomes import grid
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's table with gains of seven languages, on test sets of 500 items; two rows do not say how many."""
    rng = np.random.default_rng(0)
    frame = grid()
    frame["score"] += rng.normal(size=len(frame)).round(2)
    frame["n_items"] = 500.0
    frame.loc[frame.index[(frame["method"] == "intermediate") & (frame["language"] == "deu")][:2], "n_items"] = np.nan
    frame["metric"] = "acc"
    path = tmp_path_factory.mktemp("meta") / "scores.csv"
    frame.drop(columns=["gain", "flags"]).to_csv(path, index=False)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["meta", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.slow
def test_bundled_data_by_default(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = ["--json", str(tmp_path / "a.json"), "--csv", str(tmp_path / "a.csv"), "--plot", str(tmp_path / "a.png")]
    status, out, _ = run(capsys, *files, "--verbose")
    assert status == 0
    for words in ("muennighoff2022_xmtf", "gain without a known sampling variance",
                  "787 gains with a sampling variance", "varies by", "I² = ", "95% prediction interval",
                  "By target task and language", "difference between groups of target_task: F",
                  "The pooled gain is ", "In a new language",
                  "with a new language, task and model would lie between"):  # fmt: skip
        assert words in out
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["command"] == "meta"
    assert content["outcome"] == "gain"
    assert content["rows_read"] - sum(item["rows"] for item in content["dropped"]) == content["n_obs"]
    assert sum(item["rows"] for item in content["variance_sources"]) == 889
    assert {item["source"] for item in content["variance_sources"]} == {"binomial", "unknown"}
    assert all(len(item["sha256"]) == 64 for item in content["data"])
    assert len(content["answers"]) == 4
    # What docs/meta.md says of it.
    pooled, new = content["fixed"][0], next(line for line in content["new_levels"] if line["group"] == "language")
    said = " ".join((ROOT / "docs/meta.md").read_text(encoding="utf-8").split()).replace("−", "-")
    assert f"{content['n_obs']} gains pool to {pooled['estimate']:.1f} points" in said
    assert f"(95% interval {pooled['conf_low']:.1f} to {pooled['conf_high']:.1f})" in said
    assert f"would lie between {new['pred_low']:.1f} and {new['pred_high']:.1f}" in said
    assert f"{content['heterogeneity'][-1]['I2']:.0f}% of the variance" in said
    # Between-task heterogeneity is counted by tasks, not by rows.
    assert content["fixed"][0]["df"] < 10
    groups = pd.DataFrame(content["groups_pooled"])
    tasks, inner = groups[groups["subgroup"] == ""], groups[groups["subgroup"] != ""]
    assert tasks["weight"].sum() == pytest.approx(100.0)
    assert inner["weight"].sum() == pytest.approx(100.0)
    assert tasks["k"].sum() == inner["k"].sum() == content["n_obs"]
    assert (groups["p_adjusted"] >= groups["p_value"] - 1e-12).all()
    assert len(pd.read_csv(tmp_path / "a.csv")) == len(groups)
    assert (tmp_path / "a.png").stat().st_size > 20000


def test_shared_baselines_widen_the_interval(table: Path) -> None:
    """The covariance is used: without it gains over one baseline count as independent evidence."""
    from analysis.questions.pooling import Request, pool

    found = pool(Request(data=(str(table),), by=()))
    together = found.result.sampling  # type: ignore[union-attr]
    apart = together - np.diag(np.diag(together))
    rows = found.rows
    pairs = sum(n * (n - 1) for n in rows["baseline"].value_counts())
    assert np.count_nonzero(apart) == pairs
    i, j = np.argwhere(apart)[0] if pairs else (0, 0)
    if pairs:
        assert rows["baseline"][i] == rows["baseline"][j]
        assert apart[i, j] == pytest.approx(rows["baseline_variance"][i])


def test_a_users_file_with_everything(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    status, out, _ = run(
        capsys, "--data", str(table), "--moderator", "typology", "--robust", "language", "--bias", "--leave-out",
        "language", "--verbose", "--by", "language_family", "--adjust", "bh", "--influence",
        "--json", str(tmp_path / "b.json"),
        "--funnel", str(tmp_path / "f.png"), "--plot", str(tmp_path / "p.svg"),
    )  # fmt: skip
    assert status == 0
    for words in ("2  gain without a known sampling variance", "Moderators", "Robust to dependence within language",
                  "CR2 over 7 clusters", "Small-study effects", "Egger, multilevel", "trim-and-fill L0",
                  "Without each language", "Benjamini and Hochberg", "Effects of one study are not a sample",
                  "computed from scores and test-set sizes", "per 0.1 of typological distance",
                  "Robust to dependence within a language", "but not within a task or model"):  # fmt: skip
        assert words in out, words
    content = json.loads((tmp_path / "b.json").read_text())
    assert len(content["left_out"]) == 7
    assert content["robust"]["clusters"] == 7
    assert content["bias"]["corrected"][0]["method"].startswith("Egger, multilevel")
    assert content["moderated"]["fixed"][1]["term"] == "typology"
    assert content["by"] == ["language_family"]
    assert len(content["influence"]) == content["n_obs"]
    marked = sum(item["influential"] for item in content["influence"])
    assert f"{marked} of {content['n_obs']} effects are influential" in out
    for name in ("f.png", "p.svg"):
        assert (tmp_path / name).stat().st_size > 5000


def test_independent_effects_say_what_they_ignore(
    capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path
) -> None:
    for method in ("DL", "PM", "EB", "FE"):
        file = tmp_path / f"{method}.json"
        status, out, _ = run(capsys, "--data", str(table), "--method", method, "--by", "none", "--json", str(file))
        assert status == 0
        assert f"method {method} treats the" in out
        content = json.loads(file.read_text())
        assert content["model"] == "independent effects"
        assert content["df_method"] == ("z" if method == "FE" else "knha")
        assert "groups_pooled" not in content


def test_nested_terms_carry_robust_errors_themselves(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    status, out, _ = run(
        capsys, "--data", str(table), "--random", "(1|language/target_task)", "--robust", "language", "--by", "none"
    )
    assert status == 0
    assert "starts from the model above" in out


def test_rows_in_no_group_are_counted(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(table)
    frame["intermediate_domain"] = np.where(frame["language"] == "deu", None, "news")
    some = tmp_path / "some.csv"
    frame.to_csv(some, index=False)
    status, out, _ = run(capsys, "--data", str(some), "--by", "intermediate_domain")
    assert status == 0
    assert "7 of 61 gains have no 'intermediate_domain': they are in the pooled gain, but not in any group" in out


def test_gaps(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--outcome", "gap", "--data", "devlin2019_mbert", "polyglot_prompt_explainaboard",
                         "lample2019_xlm", "--by", "none", "--verbose")  # fmt: skip
    assert status == 0
    assert "The pooled gap to English is" in out
    assert "gap without a known sampling variance" in out
    assert "(1|run)" in out


def test_the_same_command_gives_the_same_bytes(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    files = [[tmp_path / f"{i}.{ending}" for ending in ("json", "png")] for i in range(2)]
    printed = []
    for json_file, figure in files:
        arguments = ("--data", str(table), "--by", "target_task", "--json", str(json_file), "--plot", str(figure))
        printed.append(run(capsys, *arguments)[1].replace(str(figure), ""))
    assert printed[0] == printed[1]
    for one, two in zip(*files, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_json_to_standard_output_is_nothing_else(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    status, out, _ = run(capsys, "--data", str(table), "--by", "none", "--json", "-")
    assert status == 0
    assert json.loads(out)["command"] == "meta"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "GENQ"], "unknown method 'GENQ'"),
        (["--test", "knha"], "treats effects as independent"),
        (["--test", "kr"], "unknown test 'kr'"),
        (["--random", "none", "--test", "satterthwaite"], "is for crossed models"),
        (["--random", "(1|langage)"], "unknown column 'langage'. Did you mean 'language'"),
        (["--random", "(1|language)", "--method", "DL"], "method DL is for independent effects"),
        (["--by", "tsk"], "unknown column of --by 'tsk'"),
        (["--by", "language,target_task,model"], "--by takes one column of groups and one of subgroups, not 3 columns"),
        (["--robust", "langage"], "unknown column of --robust 'langage'. Did you mean 'language'"),
        (["--leave-out", "study"], "'study' has 1 level"),
        (["--moderator", "typolgy"], "Did you mean 'typology'"),
        (["--adjust", "hulm"], "unknown adjustment 'hulm'. Did you mean 'holm'"),
        (["--outcome", "score"], "scores are not pooled"),
        (["--outcome", "gains"], "unknown outcome 'gains'. Did you mean 'gain'"),
        (["--plot", "a.gif"], "cannot be saved as 'a.gif'"),
        (["--funnel", "a.gif"], "cannot be saved as 'a.gif'"),
    ],
)
def test_bad_input_is_said_with_status_2(
    capsys: pytest.CaptureFixture[str], table: Path, arguments: list[str], message: str
) -> None:
    status, out, err = run(capsys, "--data", str(table), *arguments)
    assert status == 2
    assert message in " ".join(err.split())
    assert err.startswith("analyze meta: ")
    assert "Traceback" not in out + err


def test_scores_without_an_error_are_not_pooled(
    capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.csv"
    pd.read_csv(table).drop(columns="n_items").to_csv(bare, index=False)
    status, _, err = run(capsys, "--data", str(bare))
    assert status == 2
    assert "none of 63 gains has a known sampling variance" in err
    assert "'analyze fit' needs none" in err
