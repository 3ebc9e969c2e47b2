"""The functions that formulas and conditions may name: what each takes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..core.errors import FormulaError, did_you_mean
from .nodes import Call, Node, children

#: Default of a parameter that must be given.
REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a function.

    Attributes
    ----------
    name
        Its name, as written before ``=``.
    kind
        ``column`` (any expression), or a constant: ``number``, ``whole``, ``flag``, ``numbers`` (several), ``breaks``
        (one or several), ``level``, ``levels``, ``text``. Text is given by name only.
    default
        Value used where it is left out.
    """

    name: str
    kind: str = "column"
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True)
class Function:
    """A function of columns.

    Attributes
    ----------
    name
        Its name in formulas.
    parameters
        In the order of arguments without a name.
    learn
        Takes the arguments on the rows of the fit and returns the function that gives the values of any rows, from the
        column parameters alone.
    takes
        Required kind of the columns: ``numbers`` or ``any``.
    variadic
        Whether any number of columns may be given.
    learns
        Whether it uses whole columns of the fit rather than each row by itself.
    """

    name: str
    parameters: tuple[Parameter, ...]
    learn: Callable[..., Callable[..., Any]]
    takes: str = "numbers"
    variadic: bool = False
    learns: bool = True


#: What users of other packages may write, and what it is called here.
_ELSEWHERE: Mapping[str, str] = {
    "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "ceil": "ceiling",
    "minimum": "pmin", "maximum": "pmax", "where": "ifelse", "isnull": "isna", "notnull": "notna",
    "is.na": "isna", "cr": "ns", "cs": "ns", "cc": "ns", "tp": "ns", "std": "sd", "expit": "logistic",
    "plogis": "logistic", "qlogis": "logit", "standardise": "scale", "qcut": "cut", "power": "x^2", "square": "x^2",
    "isin": "x in ['a', 'b']", "interaction": "g:h", "between": "0 < x < 1", "relevel": "factor(x, ref='a')",
    "binary": "x == 'a'", "B": "x == 'a'", "proportion": "a/b in I(…)", "prop": "a/b in I(…)", "diag": "(x||g)",
    "str.startswith": "startswith", "str.endswith": "endswith", "str.contains": "contains",
}  # fmt: skip


@lru_cache(maxsize=1)
def functions() -> Mapping[str, Function]:
    """All functions by name."""
    from . import elementwise, factors, splines
    from .text import contains, ends_with, starts_with

    def each(name: str, apply: Callable[..., Any], *more: Parameter, takes: str = "numbers", **how: bool) -> Function:
        """A function applied row by row."""

        def learn(*_: Any, **options: Any) -> Callable[..., Any]:
            return lambda *columns: apply(*columns, **options)

        return Function(name, (x, *more), learn, takes, learns=False, **how)

    def summary(name: str, apply: Callable[..., float]) -> Function:
        def learn(column: Any) -> Callable[..., Any]:
            found = apply(column)
            return lambda _: found

        return Function(name, (x,), learn)

    x, text = Parameter("x"), Parameter("text", "text")
    coded = (Parameter("levels", "levels", None), Parameter("ref", "level", None))
    count = (Parameter("df", "whole", None), Parameter("knots", "numbers", None))
    intercept = Parameter("intercept", "flag", False)
    found = [
        *(each(name, apply) for name, apply in elementwise.PLAIN.items()),
        *(summary(name, apply) for name, apply in elementwise.SUMMARIES.items()),
        each("I", lambda value: value, takes="any"),
        each("as.numeric", lambda value: value),
        each("log", elementwise.logarithm, Parameter("base", "number", None)),
        each("round", elementwise.rounded, Parameter("digits", "whole", 0)),
        each("pmin", elementwise.smallest, variadic=True),
        each("pmax", elementwise.largest, variadic=True),
        each("ifelse", _choose, Parameter("yes"), Parameter("no"), takes="any"),
        each("isna", factors.is_missing, takes="any"),
        each("notna", lambda value: ~factors.is_missing(value), takes="any"),
        each("startswith", starts_with, text, takes="any"),
        each("endswith", ends_with, text, takes="any"),
        each("contains", contains, text, takes="any"),
        Function("center", (x,), _center),
        Function("scale", (x, Parameter("center", "flag", True), Parameter("scale", "flag", True)), _scale),
        Function("standardize", (x,), _scale),
        Function("poly", (x, Parameter("degree", "whole", 1), Parameter("raw", "flag", False)), splines.polynomial),
        Function("bs", (x, *count, Parameter("degree", "whole", 3), intercept), splines.b_spline),
        Function("ns", (x, *count, intercept), splines.natural_spline),
        Function("cut", (x, Parameter("breaks", "breaks"), Parameter("right", "flag", True)), factors.cut),
        *(Function(name, (x, *coded), factors.factor, "any") for name in ("factor", "as.factor", "C")),
        Function("T", (x, Parameter("ref", "level", None)), factors.factor, "any"),
        Function("S", (x, *coded), lambda value, **options: factors.factor(value, coding="sum", **options), "any"),
    ]
    return {function.name: function for function in found}


def find_function(name: str, whole: str) -> Function:
    """The function of a name.

    Raises
    ------
    FormulaError
        If there is none; the hint gives the nearest function.
    """
    known = functions()
    if name in known:
        return known[name]
    short = name.rpartition("::")[2] if "::" in name else name.partition(".")[2] if "." in name else ""
    last = name.rpartition(".")[2]
    if "::" in name and short in known:
        hint = f"Write {short}(…)."
    elif name in _ELSEWHERE:
        hint = _call(_ELSEWHERE[name])
    elif short and (short in known or short in _ELSEWHERE):
        hint = _call(_ELSEWHERE.get(short, short))
    elif last != name and (last in known or last in _ELSEWHERE):
        hint = _call(_ELSEWHERE.get(last, last))
    else:
        hint = did_you_mean(name, known) or f"Functions: {', '.join(sorted(known, key=str.casefold))}."
    raise FormulaError(f"'{name}' in '{whole}' is not a function that formulas know.", hint)


def check_calls(node: Node, whole: str) -> None:
    """Refuse an expression that calls an unknown function, before anything is evaluated."""
    if isinstance(node, Call):
        find_function(node.function, whole)
    for child in children(node):
        check_calls(child, whole)


def _call(name: str) -> str:
    return f"Write {name}(…)." if name in functions() else f"Write it like {name}."


def _choose(test: Any, yes: Any, no: Any) -> Any:
    import numpy as np

    from .values import numbers, truth

    return np.where(truth(test, "the test of ifelse"), numbers(yes, "yes"), numbers(no, "no"))


def _center(x: Any) -> Callable[[Any], Any]:
    mean = x.mean()
    return lambda new: new - mean


def _scale(x: Any, center: bool = True, scale: bool = True) -> Callable[[Any], Any]:
    import numpy as np

    mean = float(np.mean(x)) if center else 0.0
    # As in R, a column that is not centred is divided by its root mean square about zero.
    size = float(np.sqrt(((x - mean) ** 2).sum() / (len(x) - 1))) if scale and len(x) > 1 else 1.0
    if size == 0.0:
        raise FormulaError("scale needs at least two different values.")
    return lambda new: (new - mean) / size
