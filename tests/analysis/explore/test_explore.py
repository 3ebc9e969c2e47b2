"""The local page: it shows what the command line prints, and only to this machine."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from analysis.cli.main import main
from analysis.core.errors import CrossliftError, UnknownNameError
from analysis.core.text import number
from analysis.explore.question import Question
from tests.conftest import skip_or_fail

DATA = "chung2021_rembert", "muennighoff2022_xmtf", "polyglot_prompt_explainaboard"


@pytest.fixture(scope="module")
def app() -> Any:
    try:
        import flask  # noqa: F401
    except ImportError:
        skip_or_fail("flask is not installed")
    from analysis.explore.app import create_app

    return create_app(DATA)


@pytest.fixture
def client(app: Any) -> Any:
    return app.test_client()


def shown(page: str, part: str) -> str:
    found = re.search(rf'id="{part}"[^>]*>(.*?)</(?:pre|div)>', page, re.DOTALL)
    assert found is not None, page
    return unescape(found[1])


def test_the_command_gives_what_the_page_shows(client: Any, tmp_path: Path) -> None:
    page = client.get("/?outcome=gain&factor=typology&measure=featural&study=Muennighoff2022_xmtf").get_data(
        as_text=True
    )
    words = shlex.split(shown(page, "command"))
    assert words[0] == "analyze"
    assert main([*words[1:], "--json", str(tmp_path / "fit.json")]) == 0
    content = json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))
    assert shown(page, "formula") == content["formula"]
    assert content["answers"][0]["sentence"] in shown(page, "answer")
    for row in content["fixed"]:
        assert number(row["estimate"], 3) in shown(page, "fixed")
    assert "study in" in " ".join(words) and "--measure featural" in " ".join(words)


def test_the_page_loads_nothing(client: Any) -> None:
    page = client.get("/").get_data(as_text=True)
    assert re.findall(r'src="(data:image/svg)', page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_what_cannot_be_fitted_is_said(client: Any) -> None:
    page = client.get("/?outcome=gain&factor=corpus&study=Chung2021_RemBERT")
    assert page.status_code == 200
    assert "no row" in page.get_data(as_text=True) or 'id="error"' in page.get_data(as_text=True)
    wrong = client.get("/?measure=syntactik")
    assert wrong.status_code == 400
    text = unescape(wrong.get_data(as_text=True))
    assert "unknown measure 'syntactik'" in text and "'syntactic'" in text


def test_other_hosts_are_refused(client: Any) -> None:
    assert client.get("/", headers={"Host": "attacker.example"}).status_code == 403
    assert client.get("/", headers={"Host": "localhost:8765"}).status_code == 200


def test_questions_check_their_names() -> None:
    with pytest.raises(UnknownNameError, match="unknown outcome 'gian'"):
        Question.of({"outcome": ["gian"]}, (), ["A"])
    with pytest.raises(UnknownNameError, match="unknown study 'B'"):
        Question.of({"study": ["B"]}, (), ["A"])
    assert Question.of({"study": ["A"]}, (), ["A"]).where is None  # all of them: no filter


def test_server_is_bound_to_loopback(app: Any) -> None:
    from analysis.explore.app import serve

    server = serve(app, 0)
    try:
        assert server.server_address[0] == "127.0.0.1"
        with pytest.raises(CrossliftError, match=rf"port {server.server_port} cannot be used"):
            serve(app, server.server_port)
    finally:
        server.server_close()


def test_bad_ports_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "--port", "70000"]) == 2
    assert "--port 70000 is not a valid port." in capsys.readouterr().err


@pytest.fixture
def address(app: Any) -> Iterator[str]:
    from analysis.explore.app import serve

    server = serve(app, 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_choosing_in_a_browser_updates_the_page(address: str) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto(address)
        before = page.inner_text("#answer")
        with page.expect_navigation():
            page.select_option("#measure", "geographic")
        assert "--measure geographic" in page.inner_text("#command")
        assert page.inner_text("#answer") != before
        with page.expect_navigation():
            page.select_option("#factor", "size")
        assert "log_params" in page.inner_text("#formula")
        assert page.evaluate("document.querySelector('img').naturalWidth") > 0
        chromium.close()
