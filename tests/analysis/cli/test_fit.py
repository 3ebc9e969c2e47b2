"""``analyze fit`` from the command line to the printed answer and the files it writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import main
from tests.analysis.test_outcomes import grid


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A user's table with gains of seven languages."""
    rng = np.random.default_rng(0)
    frame = grid()
    frame["score"] += rng.normal(size=len(frame)).round(2)
    path = tmp_path / "scores.csv"
    frame.drop(columns=["gain", "flags"]).to_csv(path, index=False)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["fit", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_bundled_data_by_default(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(
        capsys, "--factor", "typology", "--json", str(tmp_path / "a.json"), "--csv", str(tmp_path / "a.csv"),
        "--rows", str(tmp_path / "rows.csv"), "--verbose",
    )  # fmt: skip
    assert status == 0
    for words in ("muennighoff2022_xmtf", "left out", "variance inflation with log corpus size", "fixed effect",
                  "varies by", "degrees of freedom: Satterthwaite", "per 0.1 of typological distance",
                  "by pooled least squares", "with corpus size in the model", "tried by likelihood ratio"):  # fmt: skip
        assert words in out
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["command"] == "fit"
    assert content["df_method"] == "satterthwaite"
    assert content["groups"]["language"] == 25
    assert content["converged"] is True
    assert {item["name"] for item in content["data"]} >= {"muennighoff2022_xmtf"}
    assert all(len(item["sha256"]) == 64 for item in content["data"])
    slope = next(item for item in content["fixed"] if item["term"] == "typology")
    assert content["answers"][0]["estimate"] == pytest.approx(0.1 * slope["estimate"])
    # A language-level factor is tested with at most as many df as languages carry; slopes by few models lower them.
    assert 4 < slope["df"] <= 23
    assert content["naive"][0]["std_error"] < 0.6 * content["answers"][0]["std_error"]
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert len(rows) == content["n_obs"]
    assert content["rows_read"] - sum(item["rows"] for item in content["dropped"]) == content["n_obs"]
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "a.csv"), pd.DataFrame(content["fixed"]), check_exact=False, rtol=1e-9
    )


def test_the_same_command_gives_the_same_bytes(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{i}.json" for i in range(2)]
    printed = [run(capsys, "--factor", "typology", "--data", str(table), "--json", str(file))[1] for file in files]
    assert printed[0] == printed[1]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_users_file(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    status, out, _ = run(capsys, "--factor", "typology", "--data", str(table))
    assert status == 0
    assert "scores.csv" in out
    assert "Over 7 languages the gain changes by" in out
    assert "too few languages for a verdict, which takes 15." in out


def test_mapped_columns(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.tsv"
    pd.read_csv(table).rename(columns={"language": "lang", "score": "accuracy"}).to_csv(renamed, sep="\t", index=False)
    status, out, _ = run(
        capsys, "--factor", "typology", "--data", str(renamed), "--map", "lang=language", "--map", "accuracy=score"
    )
    assert status == 0
    assert "63 gains in the model" in out


@pytest.mark.parametrize(
    ("factor", "words"),
    [("size", "per doubling of model size"), ("corpus", "per doubling of the language's pretraining corpus")],
)
def test_other_factors(capsys: pytest.CaptureFixture[str], table: Path, factor: str, words: str) -> None:
    status, out, _ = run(capsys, "--factor", factor, "--data", str(table))
    assert status == 0
    assert words in out


def test_several_factors_and_outcomes(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    for outcome in ("gap", "score"):
        status, out, _ = run(
            capsys, "--factor", "typology", "--factor", "size", "--outcome", outcome, "--data", str(table)
        )
        assert status == 0
        assert f"{outcome} ~ typology + log_params" in out


def test_formula_measure_recipe_and_ml(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    status, out, _ = run(
        capsys, "--factor", "typology", "--data", str(table), "--measure", "featural", "--recipe", "shared", "--ml",
        "--df", "normal", "--verbose", "--formula", "gain ~ typology*log_params + (1|language) + (1|model:target_task)",
        "--json", str(tmp_path / "f.json"),
    )  # fmt: skip
    assert status == 0
    assert "featural distance from English, recipe shared" in out
    assert "where log_params is zero" in out
    content = json.loads((tmp_path / "f.json").read_text())
    assert (content["engine"], content["reml"], content["df_method"]) == ("ml", False, "normal")
    assert content["fixed"][0]["df"] is None


def test_statsmodels_engine_agrees(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    formula = "gain ~ typology + (1|language) + (1|model)"
    fits = {}
    for engine in ("crosslift", "statsmodels"):
        file = tmp_path / f"{engine}.json"
        status, _, _ = run(
            capsys,
            "--factor",
            "typology",
            "--data",
            str(table),
            "--formula",
            formula,
            "--engine",
            engine,
            "--json",
            str(file),
        )
        assert status == 0
        fits[engine] = json.loads(file.read_text())
    assert fits["statsmodels"]["engine"] == "statsmodels"
    assert fits["statsmodels"]["criterion"] == pytest.approx(fits["crosslift"]["criterion"], abs=1e-3)


def test_related_languages(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    plain = run(capsys, "--factor", "typology", "--data", str(table))[1]
    status, out, _ = run(
        capsys, "--factor", "typology", "--data", str(table), "--kernel", "genetic:0.4+geography",
        "--json", str(tmp_path / "k.json"),
    )  # fmt: skip
    assert status == 0
    assert "Related languages\n  covariance genetic (scale 0.400) + geography (scale 0." in out
    assert "With related languages: " in out
    # It stands beside what is printed without it, but for the row with related languages, which has its kernel.
    assert all("with related languages" in line for line in set(plain.splitlines()) - set(out.splitlines()))
    assert json.loads((tmp_path / "k.json").read_text())["kernel"]["name"] == "genetic:0.4+geography"


def test_within_and_between(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    plain = run(capsys, "--factor", "typology", "--factor", "size", "--data", str(table))[1]
    status, out, _ = run(
        capsys, "--factor", "typology", "--factor", "size", "--data", str(table), "--within", "target_task",
        "--json", str(tmp_path / "w.json"),
    )  # fmt: skip
    assert status == 0
    assert "Within and between: target task" in out
    assert "size has the same mean in all target tasks: its slope above is wholly within them." in out
    assert set(plain.splitlines()) <= set(out.splitlines())
    assert [item["factor"] for item in json.loads((tmp_path / "w.json").read_text())["within"]["factors"]] == [
        "typology", "size",
    ]  # fmt: skip


def test_json_to_standard_output_is_nothing_else(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    status, out, _ = run(capsys, "--factor", "typology", "--data", str(table), "--json", "-")
    assert status == 0
    assert json.loads(out)["command"] == "fit"


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_plot_is_written_and_reproducible(
    capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path, ending: str
) -> None:
    files = [tmp_path / f"{i}.{ending}" for i in range(2)]
    for file in files:
        status, out, _ = run(capsys, "--factor", "typology", "--data", str(table), "--plot", str(file))
        assert status == 0
        assert f"figure: {file}" in out
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].stat().st_size > 5000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "what should the outcome be regressed on"),
        (["--factor", "typolgy"], "unknown factor 'typolgy'. Did you mean 'typology'"),
        (["--factor", "typology", "--measure", "syntax"], "unknown measure 'syntax'. Did you mean 'syntactic'"),
        (["--factor", "typology", "--recipe", "nn"], "unknown recipe 'nn'"),
        (["--factor", "typology", "--outcome", "lift"], "unknown outcome 'lift'"),
        (["--factor", "typology", "--engine", "lme4"], "unknown engine 'lme4'"),
        (["--factor", "typology", "--within", "modell"], "unknown group 'modell'. Did you mean 'model'"),
        (["--factor", "typology", "--kernel", "geneology"], "unknown kernel 'geneology'. Did you mean 'genealogy'"),
        (["--factor", "typology", "--df", "kr"], "unknown degrees-of-freedom method 'kr'"),
        (["--factor", "corpus", "--corpus", "c4"], "unknown corpus 'c4'. Did you mean 'mc4'"),
        (["--factor", "typology", "--source", "englsh"], "'englsh' is no language code or name"),
        (["--factor", "typology", "--plot", "figure.gif"], "cannot be saved as 'figure.gif'"),
        (["--formula", "gain ~ typology + (1|language)", "--plot", "a.png"], "--plot draws the effect of a factor"),
        (["--factor", "typology", "--map", "lang"], "--map 'lang' is not COLUMN=FIELD"),
        (["--factor", "typology", "--data", "nowhere.csv"], "there is no file 'nowhere.csv'"),
        (["--factor", "typology", "--formula", "gain ~ log_params + (1|language)"], "has no term 'typology'"),
        (["--factor", "typology", "--formula", "gain ~ typolgy + (1|language)"], "Did you mean 'typology'"),
        (["--factor", "typology", "--keep", "averages"], "unknown flag 'averages'. Did you mean 'average'"),
    ],
)
def test_bad_input_is_said_with_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert message in " ".join(err.split())
    assert err.startswith("analyze fit: ")
    assert "Traceback" not in out + err


def test_a_broken_file_names_row_column_and_value(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    lines = table.read_text().splitlines()
    header = lines[0].split(",")
    cells = lines[4].split(",")
    cells[header.index("score")] = "8O.1"
    table.write_text("\n".join([*lines[:4], ",".join(cells), *lines[5:]]) + "\n")
    status, _, err = run(capsys, "--factor", "typology", "--data", str(table))
    assert status == 2
    assert "scores.csv, line 5, column 'score': '8O.1' is not a number from 0 to 100" in err


def test_a_directory_that_cannot_be_written(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    status, _, err = run(capsys, "--factor", "typology", "--data", str(table), "--json", "/nowhere/a.json")
    assert status == 2
    assert "'/nowhere/a.json' cannot be written" in err
