"""One table as CSV, Parquet, JSON Lines, Arrow file and frame of four libraries: the same answer from every command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import narwhals
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crosslift as cl
from analysis.cli.main import main
from analysis.records.read import read_inputs

CODES = ("ar", "bg", "de", "el", "es", "fi", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")


def table(seed: int = 1) -> pd.DataFrame:
    """Gains of fifteen languages that fall by three points per unit of a column of the user's own."""
    rng = np.random.default_rng(seed)
    own = dict(zip(CODES, np.round(rng.uniform(1, 3, len(CODES)), 2), strict=True))
    rows = []
    for model, size in (("m1", 100), ("m2", 400), ("m3", 1600)):
        for task in ("xnli", "pawsx"):
            for code in CODES:
                base = round(float(rng.uniform(40, 70)), 1)
                gain = round(float(8 - 3 * own[code] + rng.normal(0, 0.4)), 1)
                for method, score in (("baseline", base), ("intermediate", round(base + gain, 1))):
                    rows.append({
                        "model": model, "params_m": size, "target_task": task, "language": code, "method": method,
                        "intermediate_task": "mnli" if method == "intermediate" else None, "score": score,
                        "metric": "acc", "n_items": 1000, "fertility": own[code], "seen": int(code < "g"),
                        "my_group": "ab"[len(code + task) % 2],
                    })  # fmt: skip
    return pd.DataFrame(rows)


def files(frame: pd.DataFrame, folder: Path) -> dict[str, str]:
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_csv(folder / "t.tsv", index=False, sep="\t")
    frame.to_parquet(folder / "t.parquet")
    frame.to_feather(folder / "t.feather")
    frame.to_json(folder / "t.jsonl", orient="records", lines=True)
    return {path.suffix: str(path) for path in sorted(folder.glob("t.*"))}


def frames(frame: pd.DataFrame) -> dict[str, Any]:
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    return {"pandas": frame, "arrow": arrow, "polars": polars.from_arrow(arrow),
            "narwhals": narwhals.from_native(arrow), "text": frame.astype("str").replace("nan", None)}  # fmt: skip


@settings(max_examples=10, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    columns=st.lists(
        st.one_of(
            st.lists(st.integers(-3, 99), min_size=4, max_size=4),
            st.lists(st.one_of(st.none(), st.floats(-9, 9).map(lambda x: round(x, 3))), min_size=4, max_size=4),
            st.lists(st.booleans(), min_size=4, max_size=4),
            st.lists(st.sampled_from(["a", "b 1", "007"]), min_size=4, max_size=4),
        ),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_own_columns_are_the_same_in_every_format(tmp_path: Path, columns: list[list[Any]]) -> None:
    frame = pd.DataFrame({"language": ["de", "fr", "sw", "zh"], "score": [50.5, 60.0, 70.25, 54.8]})
    frame = frame.assign(**{f"own{i}": column for i, column in enumerate(columns)})
    expected = read_inputs([frame]).records
    for kind, source in {**files(frame, tmp_path), **frames(frame)}.items():
        if kind == "text" and any(None in column for column in columns):
            continue
        found = read_inputs([source]).records
        pd.testing.assert_frame_equal(found, expected, check_dtype=kind != "text", obj=kind)


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "--formula", "gain ~ fertility + seen + (1|language) + (1|target_task)"],
        ["fit", "--factor", "typology", "--where", "fertility < 2.5"],
        ["meta", "--moderator", "fertility"],
        ["scale"],
        ["predict", "--language", "ja", "--target-task", "xnli", "--size", "100M"],
    ],
)
def test_every_command_gives_the_same_answer(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {}
    written = files(table(), tmp_path)
    for kind in (".csv", ".parquet", ".jsonl") if arguments[0] in ("fit", "meta") else (".csv", ".parquet"):
        path = written[kind]
        assert main([*arguments, "--data", path, "--json", "-"]) == 0, capsys.readouterr().err
        content = json.loads(capsys.readouterr().out)
        content.pop("data", None)
        content.pop("notices", None)
        answers[kind] = json.dumps(content, sort_keys=True).replace(Path(path).name, "")
    assert len(set(answers.values())) == 1


def test_every_frame_gives_the_slope_of_the_users_own_column(tmp_path: Path) -> None:
    formula = "gain ~ fertility + (1|language)"
    sources = {**files(table(), tmp_path), **frames(table())}
    slopes = {}
    for kind, source in sources.items():
        fixed = cl.fit(source, (), formula=formula).frame.set_index("term")
        slopes[kind] = float(fixed.loc["fertility", "estimate"])
    assert slopes["pandas"] == pytest.approx(-3.0, abs=0.2)
    assert max(slopes.values()) - min(slopes.values()) < 1e-9
    rows = cl.gains(table()).frame
    direct = cl.fit_mixed(formula, polars.from_pandas(rows[["gain", "fertility", "language"]])).fixed.set_index("term")
    assert float(direct.loc["fertility", "estimate"]) == pytest.approx(slopes["pandas"])


def test_the_committed_pair_of_files(shared: Path) -> None:
    formula = "gain ~ fertility + (1|language)"
    for name in ("fertility.csv", "fertility.jsonl"):
        fixed = cl.fit(shared / "cases/tables" / name, (), formula=formula).frame.set_index("term")
        assert round(float(fixed.loc["fertility", "estimate"]), 2) == -3.07


@pytest.mark.parametrize("kind", ["csv", "parquet", "latex", "markdown", "html"])
def test_tables_go_out_in_every_form(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = files(table(), tmp_path)[".csv"], tmp_path / "my table_1.out"
    assert main(["fit", "--factor", "typology", "--data", data, f"--{kind}", str(out)]) == 0
    assert main(["typology", "de", "sw", f"--{kind}", str(tmp_path / "d.out")]) == 0
    capsys.readouterr()
    if kind == "parquet":
        assert pd.read_parquet(out)["term"].tolist() == ["Intercept", "typology", "target_task[xnli]"]
        return
    text = out.read_text(encoding="utf-8")
    assert "typology" in text
    begins = {"csv": "term,",
              "latex": "\\begin{table}\n\\centering\n\\caption{The fixed effects}\n\\label{tab:my-table-1}",
              "markdown": "**The fixed effects**\n\n| term", "html": "<table><caption>The fixed effects"}  # fmt: skip
    assert text.startswith(begins[kind])
    if kind == "latex":
        assert "\\toprule" in text and "std\\_error" in text and text.endswith("\\end{table}\n")
    assert main(["fit", "--factor", "typology", "--data", data, f"--{kind}", str(tmp_path / "no" / "x")]) == 2
