"""``analyze verify``: what it prints, writes and exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.claims import verify as checks
from analysis.claims.verdicts import FAILS, VERDICTS, Check, Reading
from analysis.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["verify", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--verbose")
    assert status == 0
    assert "28 claims in 58 rows of 5 documents: 8 reproduced (12 rows), 5 consistent (16 rows)" in out
    assert "RemBERT paper: 7 tasks, mean of F1 and EM, mean of tasks" in out
    assert "evidence: chung2021_rembert, lines 2–11, 38–47" in out
    assert "mnli-size: flagged × (0.09) in 004 row 18, reproduced by the data" in out
    assert "1,104,934 examples" in out


def test_json_contract(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, _, _ = run(capsys, "--json", str(tmp_path / "v.json"))
    assert status == 0
    content = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    assert content["command"] == "verify"
    assert content["documents"] == []
    for claim in content["claims"]:
        assert set(claim) >= {
            "id", "statement", "kind", "claimed", "recomputed", "verdict", "reason", "evidence", "documents",
        }  # fmt: skip
        assert claim["verdict"] in VERDICTS
        assert set(claim["claimed"]) >= {"value", "unit", "decimals"}
        assert all(set(row) == {"document", "row", "flag", "confidence"} for row in claim["documents"])
    assert sum(len(claim["documents"]) for claim in content["claims"]) == 58
    gain = content["claims"][0]
    assert gain["claimed"] == {"value": 5.4, "unit": "points", "decimals": 1, "low": 5.35, "high": 5.45}
    assert gain["evidence"][0]["data"] == "chung2021_rembert" and len(gain["evidence"][0]["sha256"]) == 64
    assert content["claims"][1]["claimed"]["values"] == [8.2, 7.5, 7.0]


def test_json_to_standard_output_is_json_only(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--json", "-")
    assert json.loads(out)["command"] == "verify"


def test_markdown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "--markdown", str(tmp_path / "v.md"))
    text = (tmp_path / "v.md").read_text(encoding="utf-8")
    assert text.startswith("## Verdicts\n\n**Claims**\n\n| verdict | claim |")
    _, out, _ = run(capsys, "--markdown", "-")
    assert out == text


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--show", "anli-size")
    assert "785 training pairs without a label" in out
    assert "RemBERT paper" not in out
    _, out, _ = run(capsys, "--show", "all")
    assert out.count("stated in: ") == 28
    status, _, err = run(capsys, "--show", "anli")
    assert status == 2
    assert "unknown claim 'anli'. " in " ".join(err.split())


def test_documents(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "T\n\n1 Results\n\n3 claims extracted.\n\n2 Claims\n\nClaim\tVerified\tConfidence\nA.\t✓\t0.5\nB\t?\t0.5\n"
    (tmp_path / "frogs.txt").write_text(text, encoding="utf-8")
    (tmp_path / "toads.txt").write_bytes(b"\xff\xff")
    status, out, _ = run(capsys, "--documents", str(tmp_path), "--json", str(tmp_path / "v.json"))
    assert status == 0
    assert "frogs: 3 claims announced, 1 found" in out
    assert "frogs, line 11 (row 2 of the claims): the flag '?' is neither ✓ nor ×." in out
    assert "toads.txt is not UTF-8 text." in out
    assert "frogs, row 1: not-checkable, no figure, and no claim is about it" in out
    assert "0 claims in 0 rows of 0 documents" in out
    content = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    assert [item["document"] for item in content["documents"]] == ["frogs", "toads"]
    assert content["documents"][0]["claims_announced"] == 3
    status, _, err = run(capsys, "--documents", str(tmp_path / "none"))
    assert status == 2
    assert "is neither a document nor a directory" in err


def test_the_five_documents(capsys: pytest.CaptureFixture[str], shared: Path) -> None:
    _, out, _ = run(capsys, "--documents", str(shared / "documents"))
    assert "004_865dc755a7981d66: 22 claims announced, 21 found" in out
    assert "004_865dc755a7981d66: 14 verified announced, 13 found" in out
    assert "registry" not in out
    assert "28 claims" not in out or "58 rows of 5 documents" in out


def test_a_changed_figure_in_a_document_contradicts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Under any name, in any order; the same text with the right figure does not."""
    row = "Evaluating the best model for each target task on XTREME yields an average improvement of {} points."
    for figure, status in (("5.4", 0), ("25.4", 1)):
        path = tmp_path / f"copy-{figure}.md"
        path.write_text(f"T\n\n## 1 Claims\n\n- {row.format(figure)} ✅ 30%\n", encoding="utf-8")
        found, out, _ = run(capsys, "--documents", str(path), "--strict")
        assert found == status
    assert "row 1: contradicted by the registry (average-gain), 25.4 in place of 5.4" in out


def test_strict(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(capsys, "--strict")[0] == 0
    real = checks.check_of
    planted = Check((Reading("planted", FAILS),), "planted")
    monkeypatch.setattr(checks, "check_of", lambda name: (lambda _: planted) if name == "mnli-size" else real(name))
    assert run(capsys)[0] == 0
    status, out, _ = run(capsys, "--strict")
    assert status == 1
    assert "contradicted" in out
