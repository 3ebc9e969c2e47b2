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
from analysis.explore.question import Place, Question
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
    text = page.get_data(as_text=True)
    assert "no gain in Chung2021_RemBERT." in unescape(text) and 'id="error"' in text
    wrong = client.get("/?measure=syntactik")
    assert wrong.status_code == 400
    text = unescape(wrong.get_data(as_text=True))
    assert "unknown measure 'syntactik'" in text and "'syntactic'" in text


def test_other_hosts_are_refused(client: Any) -> None:
    assert client.get("/", headers={"Host": "attacker.example"}).status_code == 403
    assert client.get("/", headers={"Host": "localhost:8765"}).status_code == 200


def test_questions_check_their_names() -> None:
    with pytest.raises(UnknownNameError, match="unknown outcome 'gian'"):
        Question.of({"outcome": ["gian"]}, Place(), ["A"])
    with pytest.raises(UnknownNameError, match="unknown study 'B'"):
        Question.of({"study": ["B"]}, Place(), ["A"])
    assert Question.of({"study": ["A"]}, Place(), ["A"]).where is None  # all of them: no filter


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


def own_table(path: Path) -> Path:
    """Scores of one's own, with other names of columns; one study has no intermediate runs."""
    rows = ["lang,accuracy,system,task,study,method,intermediate_task"]
    for i, language in enumerate(["de", "fr", "es", "ru", "tr", "hi", "zh", "ar", "sw", "vi", "th", "ja"]):
        for j, model in enumerate(("mBERT", "XLM-R base")):
            for task in ("xnli", "pawsx"):
                base = 60.0 + 3 * j - i + (i * j) % 3
                rows.append(f"{language},{base},{model},{task},Mine2026,baseline,")
                rows.append(
                    f"{language},{base + 4.0 - 0.3 * i + (i + j) % 2},{model},{task},Mine2026,intermediate,mnli"
                )
        rows.append(f"{language},{50.0 + i},mBERT,xnli,Other2025,baseline,")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


MAPPING = {"lang": "language", "accuracy": "score", "system": "model", "task": "target_task"}


@pytest.fixture(scope="module")
def own(app: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    from analysis.explore.app import create_app

    path = own_table(tmp_path_factory.mktemp("explore") / "my scores.csv")
    return path, create_app([str(path)], MAPPING)


def test_own_columns_are_mapped_here_as_in_the_command(own: tuple[Path, Any], tmp_path: Path) -> None:
    path, app = own
    page = app.test_client().get("/").get_data(as_text=True)
    words = shlex.split(shown(page, "command"))
    assert [word for word in words if word in ("lang=language", "accuracy=score")] and str(path) in words
    assert main([*words[1:], "--json", str(tmp_path / "fit.json")]) == 0
    content = json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))
    assert content["answers"][0]["sentence"] in shown(page, "answer")
    text = unescape(page)
    for caveat in (*content["warnings"], *content["notices"]):
        assert caveat in text
    for row in content["robustness"][0]["rows"]:
        assert row["label"] in text or row["name"].startswith("source:")
    for row in content["other_sources"]["rows"]:
        assert row["words"] in text
    assert content["other_sources"]["survival"] in text


def test_own_data_can_be_named_in_the_page(client: Any, own: tuple[Path, Any]) -> None:
    path, _ = own
    columns = "\r\n".join(f"{column}={field}" for column, field in MAPPING.items())
    page = client.get("/", query_string={"data": shlex.quote(str(path)), "columns": columns}).get_data(as_text=True)
    assert "Mine2026" in page and 'id="answer"' in page
    assert str(path) in shlex.split(shown(page, "command"))
    wrong = client.get("/", query_string={"data": "nowhere.csv"})
    assert 'id="error"' in wrong.get_data(as_text=True) and wrong.status_code == 400
    wrong = client.get("/", query_string={"data": shlex.quote(str(path)), "columns": "lang"})
    assert "does not map a column" in unescape(wrong.get_data(as_text=True))


def test_nothing_is_ticked_that_lacks_the_outcome(own: tuple[Path, Any]) -> None:
    client = own[1].test_client()
    page = client.get("/?outcome=gain").get_data(as_text=True)
    assert re.findall(r'value="(\w+)" checked', page) == ["Mine2026"]
    assert re.search(r"<input type=\"checkbox\" disabled>\s*Other2025 \(no gain\)", page)
    page = client.get("/?outcome=score").get_data(as_text=True)
    assert re.findall(r'value="(\w+)" checked', page) == ["Mine2026", "Other2025"]
    kept = client.get("/?outcome=gain&under=score&study=Mine2026&study=Other2025").get_data(as_text=True)
    assert re.findall(r'value="(\w+)" checked', kept) == ["Mine2026"]
    more = client.get("/?outcome=score&under=gain&study=Mine2026").get_data(as_text=True)  # all that had a gain
    assert re.findall(r'value="(\w+)" checked', more) == ["Mine2026", "Other2025"]


def test_columns_are_written_as_the_command_takes_them() -> None:
    place = Place(("a b.csv",), (("lang", "language"), ("setting", "arm:plain"), ("set:metric", "acc")))
    assert place.arguments() == ["--data", "a b.csv", "--map", "lang=language", "--pair", "setting=plain",
                                 "--set", "metric=acc"]  # fmt: skip
    again = Place.of({"data": [place.data_text], "columns": [place.columns_text]}, Place())
    assert again == place
    with pytest.raises(CrossliftError, match="the data cannot be read"):
        Place.of({"data": ["'a"]}, Place())


def test_pages_of_other_sites_cannot_ask(client: Any) -> None:
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get("/", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def chromium_page(play: Any, width: int = 1200) -> Any:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.set_default_timeout(180_000)  # a fit on a busy machine
    return chromium, page


def test_choosing_in_a_browser_updates_the_page(address: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        chromium, page = chromium_page(play)
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


def test_the_keyboard_walks_through_choices_and_enter_fits(address: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        chromium, page = chromium_page(play)
        page.goto(address)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "To the answer"
        page.focus("#measure")
        page.keyboard.press("g")
        chosen = page.input_value("#measure")
        assert chosen.startswith("g")
        assert "--measure syntactic" in page.inner_text("#command")  # nothing was fitted on the way
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert f"--measure {chosen}" in page.inner_text("#command")
        assert page.evaluate("document.activeElement.id") == "measure"
        chromium.close()


def test_a_narrow_screen_holds_the_page(address: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        chromium, page = chromium_page(play, 420)
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
        image = "document.querySelector('picture img')"
        assert "/figure.svg" in page.evaluate(f"{image}.currentSrc")
        assert 0 < page.evaluate(f"{image}.naturalWidth") < 400
        chromium.close()
