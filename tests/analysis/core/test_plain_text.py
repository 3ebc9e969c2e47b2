"""Text on outputs that do not have every character."""

from __future__ import annotations

import io
import json

import pytest

from analysis.core.plain import PLAIN, degrade_output, plain


def test_what_an_encoding_has_is_kept() -> None:
    assert plain("Ñandú −3.35 · τ²", "utf-8") == "Ñandú −3.35 · τ²"
    assert plain("Ñandú −3.35 · τ² ✓ 语", "cp1252") == "Ñandú -3.35 · tau² yes ?"
    assert plain("Ñandú −3.35 · τ² ½", "ascii") == "Nandu -3.35 | tau2 1/2"


@pytest.mark.parametrize("mark", PLAIN)
def test_every_replacement_is_ascii(mark: str) -> None:
    assert plain(mark, "ascii").isascii() and plain(mark, "ascii") != "?"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_an_output_degrades_instead_of_failing(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    degrade_output(stream)
    stream.write("slope −1.23 ─ ✓ 语\n")
    stream.flush()
    assert raw.getvalue() == b"slope -1.23 - yes ?\n"


def test_json_loses_nothing_where_the_output_cannot_show_it() -> None:
    from analysis.present.screen import Screen
    from analysis.present.terminal import write_json

    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")
    write_json("-", {"task": "语 −"}, Screen(stream))
    stream.flush()
    assert json.loads(raw.getvalue().decode("cp1252")) == {"task": "语 −"}
