"""The question of a page, as a request of ``fit`` and as the equivalent command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import CrossliftError, unknown_name
from ..languages.distances import MEASURES
from ..outcomes.build import OUTCOMES, Options
from ..outcomes.covariates import FACTORS
from ..questions.regression.run import Request
from ..records.roles import ARM, SET

#: Pairs of what a column of the data is called and what it holds.
Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Which data a page is about: bundled sets or files (none: the bundled results), and what their columns hold."""

    data: tuple[str, ...] = ()
    columns: Columns = ()

    @classmethod
    def of(cls, chosen: Mapping[str, Sequence[str]], given: Place) -> Place:
        """Read the data and columns of a form; ``given`` are those that the page was started with.

        Raises
        ------
        CrossliftError
            If the columns are not written as pairs, or quotes are not closed.
        """
        if "data" not in chosen:
            return given
        try:
            data = tuple(shlex.split(" ".join(chosen["data"])))
        except ValueError as error:
            raise CrossliftError(f"the data cannot be read: {error}.", "Close the quotes around a name.") from error
        lines = "\n".join(chosen.get("columns", ())).replace("\r", "").split("\n")
        pairs = []
        for line in filter(None, map(str.strip, lines)):
            column, sign, field = line.partition("=")
            if not (column and sign and field):
                raise CrossliftError(f"'{line}' does not map a column.", "Write COLUMN=FIELD, such as lang=language.")
            pairs.append((column.strip(), field.strip()))
        return cls(data, tuple(pairs))

    @property
    def data_text(self) -> str:
        """The data as the form shows them."""
        return shlex.join(self.data)

    @property
    def columns_text(self) -> str:
        """The columns as the form shows them, one per line."""
        return "\n".join(f"{column}={field}" for column, field in self.columns)

    def arguments(self) -> list[str]:
        """The same on a command line."""
        words = ["--data", *self.data] if self.data else []
        for column, field in self.columns:
            if column.startswith(SET):
                words += ["--set", f"{column.removeprefix(SET)}={field}"]
            elif field.startswith(f"{ARM}:"):
                words += ["--pair", f"{column}={field.removeprefix(f'{ARM}:')}"]
            else:
                words += ["--map", f"{column}={field}"]
        return words


@dataclass(frozen=True, slots=True)
class Question:
    """The choices of the page. ``studies`` is empty for all of them."""

    outcome: str = "gain"
    factor: str = "typology"
    measure: str = "syntactic"
    studies: tuple[str, ...] = ()
    place: Place = Place()

    @classmethod
    def of(cls, chosen: Mapping[str, Sequence[str]], place: Place, known: Sequence[str]) -> Question:
        """Read the choices of a form.

        Parameters
        ----------
        chosen
            Values by field.
        place
            The data.
        known
            Names of studies that have the outcome.

        Raises
        ------
        UnknownNameError
            For a value that a field does not offer; the hint gives the nearest.
        """
        default = cls()
        studies = tuple(dict.fromkeys(chosen.get("study", ())))
        for name in studies:
            if name not in known:
                raise unknown_name("study", name, known)
        return cls(
            one_of(chosen, "outcome", OUTCOMES, default.outcome),
            one_of(chosen, "factor", list(FACTORS), default.factor),
            one_of(chosen, "measure", MEASURES, default.measure),
            () if set(studies) == set(known) else studies,
            place,
        )

    @property
    def where(self) -> str | None:
        """The expression that keeps the studies."""
        return f"study in {list(self.studies)!r}" if self.studies else None

    def request(self) -> Request:
        """The request that ``analyze fit`` makes of :meth:`command`."""
        options = Options(outcome=self.outcome, measure=self.measure, where=self.where)
        return Request(
            factors=(self.factor,), data=self.place.data, mapping=dict(self.place.columns), options=options
        )  # fmt: skip

    def command(self) -> str:
        """The equivalent command line."""
        words = ["analyze", "fit", "--factor", self.factor, "--outcome", self.outcome, "--measure", self.measure]
        if self.where:
            words += ["--where", self.where]
        return shlex.join([*words, *self.place.arguments()])


def one_of(chosen: Mapping[str, Sequence[str]], field: str, names: Sequence[str], fallback: str) -> str:
    """The first value of a field.

    Raises
    ------
    UnknownNameError
        If the field does not offer it.
    """
    value = (list(chosen.get(field, ())) or [fallback])[0]
    if value not in names:
        raise unknown_name(field, value, names)
    return value
