"""The web application: one page, served on this machine only."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..core.errors import CrossliftError
from ..core.text import Table, count
from ..languages.distances import MEASURES
from ..outcomes.build import OUTCOMES
from ..outcomes.covariates import FACTORS
from ..questions.regression.run import FactorFit, fit_factors
from ..records.read import read_inputs
from .question import Question

if TYPE_CHECKING:
    from flask import Flask

#: Host names of this machine: requests for another site that resolves here are refused.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
#: Number of answers kept, so that going back is instant.
KEPT = 64


def create_app(data: Sequence[str] = ()) -> Flask:
    """The page over ``data``, or over the bundled results.

    Raises
    ------
    CrossliftError
        If the extra is not installed, or the data cannot be read.
    """
    try:
        from flask import Flask, abort, render_template, request
    except ImportError as error:
        raise CrossliftError(
            "the page needs Flask, which is not installed.", "pip install 'crosslift[explore]'"
        ) from error

    given = tuple(data)
    studies = _studies(given)
    app = Flask("analysis.explore")

    @app.before_request
    def _own_machine_only() -> None:
        if request.host.rsplit(":", 1)[0] not in LOOPBACK and request.host not in LOOPBACK:
            abort(403)

    @app.get("/")
    def page() -> str | tuple[str, int]:
        fields = {"outcomes": OUTCOMES, "factors": tuple(FACTORS), "measures": MEASURES, "studies": studies}
        try:
            question = Question.of(request.args.to_dict(flat=False), given, studies)
        except CrossliftError as error:
            return render_template("page.html", fields=fields, question=Question(), error=error, found=None), 400
        try:
            found = answer(question)
        except CrossliftError as error:
            return render_template("page.html", fields=fields, question=question, error=error, found=None)
        return render_template("page.html", fields=fields, question=question, error=None, found=found)

    return app


@lru_cache(maxsize=KEPT)
def answer(question: Question) -> dict[str, Any]:
    """Everything the page shows, as text, HTML tables and a figure."""
    found = fit_factors(question.request())
    summary = found.result.summary()
    left = tuple((count(rows), reason) for reason, rows in found.dropped)
    return {
        "sentences": [item.sentence for item in found.answers] + [item.sentence for item in found.naives],
        "formula": found.result.formula,
        "fixed": summary.fixed_table().html(),
        "variance": summary.variance_table().html(),
        "lines": summary.lines(),
        "left_out": Table(("rows", "reason"), left).html(),
        "notes": [*found.warnings, *found.notices],
        "figure": base64.b64encode(_figure(found)).decode("ascii"),
        "data": [(item.name, count(item.rows), item.sha256[:12]) for item in found.sources],
    }


def _figure(found: FactorFit) -> bytes:
    """The marginal effect as SVG."""
    from ..plots.marginal import marginal_effect, plot_marginal
    from ..plots.style import figure

    factor = found.factors[0]
    labels = {
        "typology": f"{found.request.options.measure} distance from English",
        "size": "model size (log2 of billions of parameters)",
        "corpus": "pretraining corpus (log2 of GiB)",
    }
    data = marginal_effect(found.result, factor, found.outcome.frame)
    buffer = io.BytesIO()
    with figure(7.0, 4.6) as (made, ax):
        plot_marginal(data, ax, labels[factor.name], f"{found.result.outcome} (points)",
                      zero=found.result.outcome != "score")  # fmt: skip
        made.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _studies(data: tuple[str, ...]) -> tuple[str, ...]:
    from ..records import bundled as datasets

    records = read_inputs(data or datasets.default_data("score")).records
    return tuple(sorted(records["study"].dropna().unique()))


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
