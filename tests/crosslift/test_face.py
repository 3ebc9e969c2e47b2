"""The public face: every question gives what its command gives, in one form of result."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import crosslift as cl
from analysis.cli.main import main
from tests.conftest import ROOT

QUESTIONS: dict[str, tuple[Callable[[], cl.Result], list[str]]] = {
    "fit": (lambda: cl.fit(factor=["typology", "size"]), ["fit", "--factor", "typology", "--factor", "size"]),
    "sources": (lambda: cl.sources(["chung2021_rembert", "muennighoff2022_xmtf"], outcome="gain"),
                ["sources", "--data", "chung2021_rembert", "muennighoff2022_xmtf", "--outcome", "gain"]),
    "meta": (lambda: cl.meta(outcome="gap", where="target_task == 'xnli'"),
             ["meta", "--outcome", "gap", "--where", "target_task == 'xnli'"]),
    "scale": (lambda: cl.scale("muennighoff2022_xmtf", by=["target_task"], adjust="bh"),
              ["scale", "--data", "muennighoff2022_xmtf", "--by", "target_task", "--adjust", "bh"]),
    "predict": (lambda: cl.predict(languages=["sw"], sizes=["13B"], evaluate=()),
                ["predict", "--language", "sw", "--size", "13B", "--evaluate", "none"]),
    "multiverse": (lambda: cl.multiverse(specifications=12, permute=99),
                   ["multiverse", "--specifications", "12", "--permute", "99", "--jobs", "1"]),
    "power": (lambda: cl.power(languages=12, simulations=99, vary={"tasks": [3, 6]}),
              ["power", "--languages", "12", "--simulations", "99", "--vary", "tasks=3,6"]),
    "verify": (lambda: cl.verify(show="anli-size"), ["verify", "--show", "anli-size"]),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_gives_what_its_command_gives(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ask, command = QUESTIONS[name]
    found = ask()
    assert main([*command, "--json", str(tmp_path / "found.json")]) == 0
    printed = capsys.readouterr().out
    assert json.loads(json.dumps(found.to_json())) == json.loads((tmp_path / "found.json").read_text())
    assert found.summary() == printed.strip("\n") == str(found)
    assert found.command == name
    assert isinstance(found.frame, pd.DataFrame)
    assert all(sentence in printed for sentence in found.answer)
    assert all(column == column.lower().replace(" ", "_") for frame in found.frames.values() for column in frame.columns
               if column not in ("R2", "I2"))  # fmt: skip
    assert repr(found) == repr(ask())  # no object ids
    assert "<table" in found._repr_html_()
    for figure in found.figures:
        assert found.plot(figure, str(tmp_path / f"{figure}.png")).axes
        assert (tmp_path / f"{figure}.png").stat().st_size > 1000


def test_a_frame_is_read_as_its_file_is(tmp_path: Path) -> None:
    table = pd.DataFrame(
        [("m", "xnli", code, method, 50.0 + 3.0 * (method == "intermediate") + i)
         for i, code in enumerate(["de", "fr", "sw", "zh", "hi", "tr", "ru", "th"])
         for method in ("baseline", "intermediate")],
        columns=["model", "target_task", "lang", "method", "acc"],
    )  # fmt: skip
    table.to_csv(tmp_path / "t.csv", index=False)
    names = {"lang": "language", "acc": "score"}
    frame, file = cl.gains(table, columns=names), cl.gains(tmp_path / "t.csv", columns=names)
    pd.testing.assert_frame_equal(frame.frame, file.frame)
    assert frame.dropped == file.dropped
    assert set(frame.frame["gain"]) == {3.0}
    assert (
        cl.read(table, columns=names).sources[0].sha256 == cl.read(tmp_path / "t.csv", columns=names).sources[0].sha256
    )
    several = cl.read([table.iloc[:4], table.iloc[4:]], columns=names)
    assert len(several.frame) == len(table) and len(several.sources) == 2


def test_claims_about_a_table_and_printed_averages(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "model,target_task,metric,language,score\nA,xnli,acc,de,70.2\nA,xnli,acc,fr,80.2\nA,xnli,acc,avg,75.2\n"
    )
    found = cl.verify(path, ["max(score) = 80.2", "min(score) = 70.4"])
    assert list(found.frame["verdict"]) == ["reproduced", "contradicted"]
    assert found.answer == ("2 claims: 1 reproduced, 1 contradicted.",)
    assert found.figures == ()
    assert found.summary().startswith("2 claims: 1 reproduced, 1 contradicted.\n\nt.csv")
    averages = cl.verify(averages=[str(path)])
    assert averages.answer == ("1 printed average: 1 reproduced.",)
    assert list(averages.frame["printed"]) == ["75.2"]
    assert cl.verify(path).answer == averages.answer  # a file of records without a claim
    with pytest.raises(cl.CrossliftError, match="no claim is made about"):
        cl.verify("chung2021_rembert")


def test_what_cannot_be_drawn_is_said() -> None:
    found = cl.predict(languages=["sw"], evaluate=())
    with pytest.raises(cl.CrossliftError, match="does not have a figure"):
        found.plot()
    with pytest.raises(cl.UnknownNameError, match="unknown figure 'efect'. Did you mean 'effect'"):
        cl.fit().plot("efect")


def test_errors_are_one_tree() -> None:
    names = [name for name in cl.__all__ if name.endswith("Error")]
    assert len(names) >= 8
    assert all(issubclass(getattr(cl, name), cl.CrossliftError) for name in names)
    with pytest.raises(cl.RecordError, match="neither a file nor a bundled data set"):
        cl.read("muennighoff")
    with pytest.raises(cl.CrossliftError, match="'vary' names 2 factors"):
        cl.power(vary={"tasks": [1], "models": [2]})


def test_every_name_is_there_and_importing_costs_nothing() -> None:
    for name in cl.__all__:
        assert getattr(cl, name) is not None
    assert set(cl.__all__) <= set(dir(cl))
    code = "import sys, crosslift; print([m for m in ('numpy', 'pandas', 'matplotlib', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_signatures_say_what_the_command_line_offers() -> None:
    """Every option of a command is a keyword of its function, under the names that differ here."""
    import inspect

    from analysis.cli.main import build_parser

    renamed: dict[str, dict[str, Any]] = {
        "fit": {"map": "columns", "ml": "reml"},
        "sources": {"map": "columns"},
        "meta": {"map": "columns", "moderator": "moderators"},
        "scale": {"map": "columns", "language": "languages", "moderator": "moderators"},
        "predict": {"map": "columns", "language": "languages", "target_task": "tasks", "model": "models",
                    "size": "sizes", "moderator": "moderators"},
        "multiverse": {"map": "columns", "fix": "fixed", "moderator": "moderators"},
        "power": {"map": "columns", "component": "components", "no_fit": "fit"},
        "verify": {},
    }  # fmt: skip
    files = {"json", "csv", "plot", "rows", "funnel", "predictions", "errors", "folds", "help", "claimed",
             "list_choices", "verbose", "style", "columns", "claims", "html", "markdown", "strict",
             "template", "annotate", "sarif", "next", "offer", "cost", "steps", "budget", "plan"}  # fmt: skip
    subparsers = next(a for a in build_parser()._actions if hasattr(a, "choices") and isinstance(a.choices, dict))
    for name, names in renamed.items():
        offered = {action.dest for action in subparsers.choices[name]._actions} - files  # type: ignore[union-attr,index]
        taken = set(inspect.signature(getattr(cl, name)).parameters)
        assert {names.get(option, option) for option in offered} == taken, name
