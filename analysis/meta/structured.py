"""A meta-analysis in which the effects of one group go together by a structure, such as outcomes of one study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Booleans, Floats
from ..core.errors import CrossliftError, DesignError
from ..core.jsonable import dropped_rows, records, single
from ..mixed.inference.fixed_part import part_of
from ..mixed.model.components import effects
from ..mixed.reference import Reference, t_tests
from .heterogeneity import QTest, q_of
from .likelihood import restricted_constant

if TYPE_CHECKING:
    import pandas as pd

    from ..mixed.inference.factor_means import FactorMeans
    from ..mixed.model.design import Design
    from .summary import StructuredSummary


@dataclass(frozen=True, slots=True, repr=False)
class StructuredMeta:
    """A meta-analysis with a structured covariance of random effects; tidy frames as in the other kinds.

    Attributes
    ----------
    design
        The model's arrays.
    structures, covariances
        Of each random term: the structure's name, and the covariance of its effects ``(q, q)``.
    reference
        Distribution of the test statistics.
    coefficients
        Shape ``(p,)``.
    sampling, total
        Sampling covariance of the effects, and their whole covariance, shape ``(k, k)``.
    kept, dropped
        Which of the rows given are used, and why the others are left out.
    method, test_name
        ``REML`` or ``ML``; ``satterthwaite`` or ``z``.
    random
        The random effects as given.
    log_likelihood
        At the maximum; restricted under REML, without ``log |X'X| / 2``.
    parameters
        Number of estimated parameters: coefficients, variances and correlations.
    """

    design: Design
    structures: tuple[str, ...]
    covariances: tuple[Floats, ...]
    reference: Reference
    coefficients: Floats
    sampling: Floats
    total: Floats
    kept: Booleans
    dropped: tuple[tuple[str, int], ...]
    method: str
    test_name: str
    random: str
    log_likelihood: float
    parameters: int
    converged: bool
    warnings: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The kind of model in words."""
        return f"structured ({', '.join(name for name in self.structures)}), known sampling covariance"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.design.fixed_names

    @property
    def intercept_only(self) -> bool:
        """True if the one coefficient is the pooled effect."""
        return self.names == ("Intercept",)

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.design.n

    @property
    def fixed(self) -> pd.DataFrame:
        """Coefficients: term, estimate, std_error, df, statistic, p_value, 95% conf_low and conf_high."""
        return self.conf_int(0.95)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Coefficients with intervals at ``level``."""
        frame = self.contrast(np.eye(len(self.names)), level)
        frame.insert(0, "term", list(self.names))
        return frame

    def contrast(self, weights: Floats, level: float = 0.95) -> pd.DataFrame:
        """Linear combinations of the coefficients, one a row of ``weights``, shape ``(r, p)``."""
        import pandas as pd

        rows = np.atleast_2d(np.asarray(weights, dtype=float))
        std_error = np.sqrt(np.einsum("ri,ij,rj->r", rows, self.reference.covariance, rows))
        return pd.DataFrame(t_tests(rows @ self.coefficients, std_error, self.reference.degrees(rows), level))

    def test(self, weights: Floats) -> pd.DataFrame:
        """F test that linear combinations of the coefficients are zero: statistic, num_df, den_df, p_value."""
        import pandas as pd

        rows = np.atleast_2d(np.asarray(weights, dtype=float))
        return pd.DataFrame([asdict(self.reference.test(rows, self.coefficients))])

    def moderator_test(self) -> pd.DataFrame:
        """F test that all coefficients but the intercept are zero: statistic, num_df, den_df, p_value."""
        tested = [j for j, name in enumerate(self.names) if name != "Intercept"]
        if not tested:
            raise CrossliftError("the model has no moderator to test.", "Give moderators=.")
        return self.test(np.eye(len(self.names))[tested])

    def anova(self, kind: int | str = 3) -> pd.DataFrame:
        """F tests of the moderators, of type 1, 2 or 3: see :func:`analysis.mixed.inference.anova.anova`."""
        from ..mixed.inference.anova import anova

        return anova(part_of(self.design), self.test, kind)

    def means(
        self,
        factors: str | Sequence[str],
        over: str = "cells",
        at: Mapping[str, float] | None = None,
        level: float = 0.95,
    ) -> FactorMeans:
        """Mean effects at the levels of factors, over equal ``"cells"`` or observed ``"rows"``, and their contrasts.

        See :func:`analysis.mixed.inference.factor_means.factor_means`.
        """
        from ..mixed.inference.factor_means import factor_means

        return factor_means(part_of(self.design), self.contrast, factors, over, at, level)

    @property
    def variance(self) -> pd.DataFrame:
        """Variances of the random effects: group, term, levels, variance, std_dev."""
        import pandas as pd

        levels = {term.group: len(term.levels) for term in self.design.terms}
        components, _ = effects(self.design.terms, self.covariances)
        rows = [(c.group, c.term, levels[c.group], c.variance, c.std_dev) for c in components]
        return pd.DataFrame(rows, columns=["group", "term", "levels", "variance", "std_dev"])

    @property
    def correlations(self) -> pd.DataFrame:
        """Correlations between effects of one group: group, term, other, correlation."""
        import pandas as pd

        _, found = effects(self.design.terms, self.covariances)
        rows = [(c.group, c.term, c.other, c.correlation) for c in found]
        return pd.DataFrame(rows, columns=["group", "term", "other", "correlation"])

    @property
    def aic(self) -> float:
        """Akaike's criterion, of the restricted likelihood under REML (comparable only with equal moderators)."""
        return -2.0 * self.log_likelihood + 2.0 * self.parameters

    @property
    def q(self) -> QTest:
        """Cochran's Q at the inverse sampling covariance: under the null all variation is sampling error."""
        return q_of(self.design.y, self.design.X, self.sampling)

    def predict(self, frame: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
        """Expected effects for rows that have the moderators: estimate, std_error, conf_low, conf_high."""
        found = self.contrast(self.design.evaluator.evaluate(frame), level)
        return found[["estimate", "std_error", "conf_low", "conf_high"]]

    def robust(self, cluster: Iterable[Any], level: float = 0.95) -> pd.DataFrame:
        """CR2 standard errors with Satterthwaite df: see :func:`analysis.meta.robust.cluster_robust`.

        Raises
        ------
        DesignError
            If the model ties effects of different clusters together.
        """
        from .robust import cluster_codes, cluster_robust

        codes = cluster_codes([label for label, use in zip(cluster, self.kept, strict=True) if use])
        if np.abs(self.total[codes[:, None] != codes]).max(initial=0.0) > 0.0:
            raise DesignError(
                "the model ties effects of different clusters together, which robust standard errors take as "
                "independent of each other.",
                "Cluster by the outermost factor.",
            )
        blocks = [self.total[np.ix_(codes == j, codes == j)] for j in range(int(codes.max()) + 1)]
        residuals = self.design.y - self.design.X @ self.coefficients
        return cluster_robust(self.design.X, self.coefficients, residuals, blocks, codes, self.names, level)

    def to_json(self) -> dict[str, Any]:
        """The meta-analysis part of the JSON contract; floats unrounded, what does not exist is ``None``."""
        content: dict[str, Any] = {
            "command": "meta",
            "model": self.design.formula.text,
            "structures": list(self.structures),
            "method": self.method,
            "df_method": self.reference.name,
            "n_obs": self.k,
            "groups": {term.group: len(term.levels) for term in self.design.terms},
            "dropped": dropped_rows(self.dropped),
            "fixed": records(self.fixed),
            "heterogeneity": records(self.variance),
            "correlations": records(self.correlations),
            "q": single(asdict(self.q)),
            "log_likelihood": self.log_likelihood,
            "log_likelihood_constant": restricted_constant(self.method, self.design.X),
            "converged": self.converged,
            "warnings": list(self.warnings),
        }
        if not self.intercept_only:
            content["moderator_test"] = records(self.moderator_test())[0]
        return content

    def summary(self) -> StructuredSummary:
        """The printed form: text with ``str()``, HTML in a notebook, Markdown with ``.markdown()``."""
        from .summary import StructuredSummary

        return StructuredSummary(self)

    def __repr__(self) -> str:
        return f"<StructuredMeta {self.design.formula.text}: {self.k} effects, {self.method}, {self.test_name}>"

    def _repr_html_(self) -> str:
        return self.summary().html()
