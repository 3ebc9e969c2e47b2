"""The question of a page, as a request of ``fit`` and as the equivalent command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import unknown_name
from ..languages.distances import MEASURES
from ..outcomes.build import OUTCOMES, Options
from ..outcomes.covariates import FACTORS
from ..questions.regression.run import Request


@dataclass(frozen=True, slots=True)
class Question:
    """The choices of the page. ``studies`` is empty for all of them."""

    outcome: str = "gain"
    factor: str = "typology"
    measure: str = "syntactic"
    studies: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    @classmethod
    def of(cls, chosen: Mapping[str, Sequence[str]], data: tuple[str, ...], known: Sequence[str]) -> Question:
        """Read the choices of a form.

        Parameters
        ----------
        chosen
            Values by field.
        data
            The data that the page was started with.
        known
            Names of studies.

        Raises
        ------
        UnknownNameError
            For a value that a field does not offer; the hint gives the nearest.
        """
        default = cls()

        def one(field: str, names: Sequence[str], fallback: str) -> str:
            value = (list(chosen.get(field, ())) or [fallback])[0]
            if value not in names:
                raise unknown_name(field, value, names)
            return value

        studies = tuple(dict.fromkeys(chosen.get("study", ())))
        for name in studies:
            if name not in known:
                raise unknown_name("study", name, known)
        return cls(
            one("outcome", OUTCOMES, default.outcome),
            one("factor", list(FACTORS), default.factor),
            one("measure", MEASURES, default.measure),
            () if set(studies) == set(known) else studies,
            data,
        )

    @property
    def where(self) -> str | None:
        """The expression that keeps the studies."""
        return f"study in {list(self.studies)!r}" if self.studies else None

    def request(self) -> Request:
        """The request that ``analyze fit`` makes of :meth:`command`."""
        options = Options(outcome=self.outcome, measure=self.measure, where=self.where)
        return Request(factors=(self.factor,), data=self.data, options=options)

    def command(self) -> str:
        """The equivalent command line."""
        words = ["analyze", "fit", "--factor", self.factor, "--outcome", self.outcome, "--measure", self.measure]
        if self.where:
            words += ["--where", self.where]
        if self.data:
            words += ["--data", *self.data]
        return shlex.join(words)
