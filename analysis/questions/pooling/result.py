"""A pooled effect, and everything that is printed around it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ...core.jsonable import dropped_rows, records, single
from ...meta.bias import Bias
from ...meta.multilevel import MultilevelMeta
from ...meta.result import MetaResult
from ...outcomes.build import Outcome
from ...records.read import Source
from .request import Request

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Moderated:
    """The fit with moderators: its coefficients with adjusted p-values, and the share of variance they explain."""

    result: MetaResult | MultilevelMeta
    table: pd.DataFrame
    explained: float
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Robust:
    """Cluster-robust tests of the coefficients, and their working model.

    ``crossed`` is true if other factors of the model cross the clusters, which the tests do not account for.
    """

    cluster: str
    clusters: int
    table: pd.DataFrame
    working: str
    crossed: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pooled:
    """The pooled effect and everything that is printed around it.

    ``rows`` are the effects that have a sampling variance, with their columns; ``sources_of_variance`` counts the
    effects by its origin, including those without one; ``by`` are the columns of ``groups``.
    """

    request: Request
    sources: tuple[Source, ...]
    outcome: Outcome
    rows: pd.DataFrame
    dropped: tuple[tuple[str, int], ...]
    sources_of_variance: tuple[tuple[str, int], ...]
    result: MetaResult | MultilevelMeta
    by: tuple[str, ...]
    groups: pd.DataFrame | None
    difference: pd.DataFrame | None
    difference_reason: str
    moderated: Moderated | None
    robust: Robust | None
    bias: Bias | None
    left_out: pd.DataFrame | None
    influence: pd.DataFrame | None
    notices: tuple[str, ...]
    warnings: tuple[str, ...]
    sentences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON contract of ``meta``."""
        content = self.result.to_json()
        content |= {
            "outcome": self.request.options.outcome,
            "rows_read": self.outcome.read,
            "dropped": dropped_rows(self.dropped),
            "variance_sources": [{"source": source, "rows": rows} for source, rows in self.sources_of_variance],
            "answers": list(self.sentences),
            "warnings": list(self.warnings),
            "notices": list(self.notices),
            "adjust": self.request.adjust,
            "data": [asdict(source) for source in self.sources],
        }
        if self.groups is not None:
            content["by"] = list(self.by)
            content["groups_pooled"] = records(self.groups)
            content["difference"] = None if self.difference is None else records(self.difference)[0]
            content["difference_reason"] = self.difference_reason
        if self.moderated:
            content["moderated"] = {
                **self.moderated.result.to_json(),
                "fixed": records(self.moderated.table),
                **single({"explained": self.moderated.explained}),
                "answers": list(self.moderated.sentences),
            }
        if self.robust:
            content["robust"] = {"cluster": self.robust.cluster, "clusters": self.robust.clusters,
                                 "working": self.robust.working, "answers": list(self.robust.sentences),
                                 "fixed": records(self.robust.table)}  # fmt: skip
        if self.bias:
            content["bias"] = self.bias.to_json()
        if self.left_out is not None:
            content["left_out"] = records(self.left_out)
        if self.influence is not None:
            content["influence"] = records(self.influence)
        return content
