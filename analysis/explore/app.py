"""The web application: one page, served on this machine only."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError
from ..core.text import Table, count
from ..languages.distances import MEASURES
from ..outcomes.build import OUTCOMES, Options, read_outcome
from ..outcomes.covariates import FACTORS
from ..present.regression import draw, sources_lines, sources_table, strip_lines, strip_table
from ..questions.regression.run import FactorFit, fit_factors
from .question import Place, Question, one_of

if TYPE_CHECKING:
    from flask import Flask

#: Host names of this machine: requests for another site that resolves here are refused.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
#: Number of answers kept, so that going back is instant.
KEPT = 64


def create_app(data: Sequence[str] = (), mapping: Mapping[str, str] | None = None) -> Flask:
    """The page over ``data``, or over the bundled results; ``mapping`` says what columns hold.

    Raises
    ------
    CrossliftError
        If the extra is not installed, or the data cannot be read.
    """
    try:
        from flask import Flask, Response, abort, render_template, request
    except ImportError as error:
        raise CrossliftError(
            "the page needs Flask, which is not installed.", "pip install 'crosslift[explore]'"
        ) from error

    given = Place(tuple(data), tuple((mapping or {}).items()))
    first = _first_outcome(given)
    app = Flask("analysis.explore")

    @app.before_request
    def _own_page_only() -> None:
        if request.host.rsplit(":", 1)[0] not in LOOPBACK and request.host not in LOOPBACK:
            abort(403)
        # A page of another site may not make this one read files; browsers say where a request comes from.
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            abort(403)

    def shown(code: int = 200, **parts: Any) -> tuple[str, int]:
        fields = {"outcomes": OUTCOMES, "factors": tuple(FACTORS), "measures": MEASURES}
        empty = {"question": Question(place=given), "studies": (), "without": (), "error": None, "found": None}
        return render_template("page.html", fields=fields, **{**empty, **parts}), code

    def asked(place: Place, chosen: Mapping[str, Sequence[str]]) -> Question:
        outcome = one_of(chosen, "outcome", OUTCOMES, first if place == given else _first_outcome(place))
        studies, _ = _studies(place, outcome)
        kept = {**chosen, "outcome": [outcome], "study": _ticked(chosen, place, outcome)}
        return Question.of(kept, place, studies)

    @app.get("/")
    def page() -> tuple[str, int]:
        chosen = request.args.to_dict(flat=False)
        place = given
        try:
            place = Place.of(chosen, given)
            question = asked(place, chosen)
        except CrossliftError as error:
            return shown(400, question=Question(place=place), error=error)
        studies, without = _studies(place, question.outcome)
        parts: dict[str, Any] = {"question": question, "studies": studies, "without": without}
        try:
            return shown(**parts, found=answer(question))
        except CrossliftError as error:
            return shown(**parts, error=error)

    @app.get("/figure.svg")
    def figure() -> Response:
        chosen = request.args.to_dict(flat=False)
        try:
            return Response(narrow_figure(asked(Place.of(chosen, given), chosen)), mimetype="image/svg+xml")
        except CrossliftError:
            abort(404)

    return app


def _ticked(chosen: Mapping[str, Sequence[str]], place: Place, outcome: str) -> list[str]:
    """Ticked studies that have the outcome; none, for all of them, where all were ticked under another outcome.

    Raises
    ------
    CrossliftError
        If none of the ticked studies has the outcome.
    """
    ticked, before = list(chosen.get("study", ())), list(chosen.get("under", ()))
    if before and before[0] in OUTCOMES and before[0] != outcome and set(ticked) == set(_studies(place, before[0])[0]):
        return []
    having, without = _studies(place, outcome)
    kept = [name for name in ticked if name not in without]
    if ticked and not kept:
        raise CrossliftError(f"no {outcome} in {', '.join(ticked)}.", f"Studies with one: {', '.join(having)}.")
    return kept


@lru_cache(maxsize=KEPT)
def answer(question: Question) -> dict[str, Any]:
    """Everything the page shows, as text, HTML tables and a figure."""
    found = _fitted(question)
    summary = found.result.summary()
    left = tuple((count(rows), reason) for reason, rows in found.dropped)
    strip = found.robustness[0] if found.robustness else None
    sources = found.other_sources
    caveats = [*(found.coverage.lines() if found.coverage else ()),
               *(line for coupling in found.couplings for line in coupling.lines())]  # fmt: skip
    return {
        "sentences": [item.sentence for item in found.answers],
        "naive": [item.sentence for item in found.naives],
        "strip": strip_table(found, strip).html() if strip else "",
        "strip_lines": strip_lines(found, strip) if strip else [],
        "sources": sources_table(sources).html() if sources and not sources.reason else "",
        "sources_lines": [*sources_lines(sources), found.survival] if sources and not sources.reason else [],
        "formula": found.result.formula,
        "fixed": summary.fixed_table().html(),
        "variance": summary.variance_table().html(),
        "lines": summary.lines(),
        "left_out": Table(("rows", "reason"), left).html(),
        "notes": [*found.warnings, *found.notices, *caveats],
        "figure": base64.b64encode(_figure(found, columns=2)).decode("ascii"),
        "data": [(item.name, count(item.rows), item.sha256[:12]) for item in found.sources],
    }


@lru_cache(maxsize=KEPT)
def narrow_figure(question: Question) -> bytes:
    """The figure for a narrow screen, as SVG: drawn only where one asks for it."""
    return _figure(_fitted(question), columns=1)


@lru_cache(maxsize=4)
def _fitted(question: Question) -> FactorFit:
    return fit_factors(question.request())


def _figure(found: FactorFit, columns: int) -> bytes:
    """What ``analyze fit --plot`` draws, as SVG."""
    from ..plots.look import find_look, looking
    from ..plots.style import as_svg

    with looking(find_look("paper", columns)):
        return as_svg(draw(found))


@lru_cache(maxsize=KEPT)
def _studies(place: Place, outcome: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Studies of the data that have ``outcome``, and those that do not.

    Raises
    ------
    CrossliftError
        If the data cannot be read, or none has it.
    """
    read, built = read_outcome(place.data, dict(place.columns), Options(outcome=outcome), lambda _: None)
    having = set(built.frame["study"].dropna().astype("str"))
    rest = set(read.records["study"].dropna().astype("str")) - having
    return tuple(sorted(having)), tuple(sorted(rest))


def _first_outcome(place: Place) -> str:
    """The first outcome that the data have.

    Raises
    ------
    CrossliftError
        If the data cannot be read, or have none.
    """
    for outcome in OUTCOMES[:-1]:
        try:
            _studies(place, outcome)
        except CrossliftError:
            continue
        return outcome
    _studies(place, OUTCOMES[-1])
    return OUTCOMES[-1]


def serve(app: Flask, port: int) -> Any:
    """A server of ``app`` on the loopback address; its ``serve_forever`` runs it, and ``port`` 0 takes a free one.

    Raises
    ------
    CrossliftError
        If the port is taken.
    """
    from werkzeug.serving import make_server

    try:
        return make_server("127.0.0.1", port, app, threaded=True)
    except (OSError, SystemExit) as error:
        raise CrossliftError(
            f"port {port} cannot be used.", "Give another one with --port, or 0 for a free one."
        ) from error
