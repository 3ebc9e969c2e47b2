"""The field ``condition``: what else sets an evaluation apart, as parts of one text.

Parts are joined by ``"; "``. A part is ``NAME=VALUE`` where what it says has a name (``script=Hant``,
``control=steps:500``, ``learning_rate=5e-05``), else words (``0-shot``). Conditions with one text are the same one.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Names of parts: the script or the code that the language was printed with, a configuration of training data, a filter
#: of a harness and its limit on items, the baseline that trained for as many steps as an intermediate stage, the rule
#: of a benchmark by which an answer or a neighbour is right, the layer that vectors are taken from, and the precision
#: of the evaluation.
SCRIPT, CODE, CONFIG, FILTER, LIMIT = "script", "code", "config", "filter", "limit"
CONTROL, RULE, LAYER, EVALUATION = "control", "rule", "layer", "evaluation"
_BETWEEN, _STEPS = "; ", "steps:"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition, read from its text; ``str`` gives the text back."""

    parts: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: object) -> Condition:
        """The condition of a cell of a table; one that is empty or missing has no parts."""
        return cls(tuple(text.split(_BETWEEN)) if isinstance(text, str) and text else ())

    @classmethod
    def of(cls, *words: str, **named: object) -> Condition:
        """A condition of words, then of parts with names."""
        return cls((*words, *(f"{name}={value}" for name, value in named.items())))

    def __str__(self) -> str:
        return _BETWEEN.join(self.parts)

    def __add__(self, other: Condition) -> Condition:
        return Condition((*self.parts, *other.parts))

    def value(self, name: str) -> str | None:
        """What the first part of a name says, ``None`` where there is none."""
        return next((value for own, value in self._named() if own == name), None)

    def without(self, *names: str) -> Condition:
        """Without the parts of these names."""
        return Condition(
            tuple(part for part, (own, _) in zip(self.parts, self._named(), strict=True) if own not in names)
        )

    @property
    def in_any_script(self) -> Condition:
        """Without what it says of how the language tested is written: nothing of that belongs to the model."""
        return self.without(SCRIPT, CODE)

    def with_steps(self, steps: int) -> Condition:
        """Of a baseline that trained for so many steps, or a run that is paired with it: said last, and once."""
        return self.without(CONTROL) + Condition.of(**{CONTROL: f"{_STEPS}{steps}"})

    def _named(self) -> list[tuple[str | None, str]]:
        pairs = (part.partition("=") for part in self.parts)
        return [(name if equals else None, value) for name, equals, value in pairs]
