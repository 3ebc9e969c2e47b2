"""How benchmarks retrieve sentences: which side asks, and the layer that a sentence's vector is taken from.

XTREME (Hu et al. 2020, section 3.2 and its scripts) asks in English and takes the hidden state of index 7 of 12 and 13
of 24 (0 are the embeddings). jiant (Phang et al. 2020) asks in the other language and takes index 14 of 24.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.core.errors import CrossliftError

#: Which side of a pair asks for the other one.
FROM_ENGLISH, TO_ENGLISH = "from-english", "to-english"
#: Name of the last layer.
LAST = "last"


@dataclass(frozen=True, slots=True)
class Convention:
    """The rule of ``acc``; layers by depth of the model, and for other depths the share of the depth, rounded."""

    rule: str
    layers: Mapping[int, int] = field(default_factory=dict)
    share: float = 1.0


CONVENTIONS: Mapping[str, Convention] = {
    "xtreme": Convention(FROM_ENGLISH, {12: 7, 24: 13}, 7 / 12),
    "jiant": Convention(TO_ENGLISH, {24: 14}, 14 / 24),
}


def find_layer(setting: str | int, depth: int) -> int:
    """The layer that a setting means in a model of ``depth`` layers: 0 are the embeddings, ``depth`` is the last one.

    Parameters
    ----------
    setting
        A number, ``last``, or the name of a convention.
    depth
        Layers of the model.

    Raises
    ------
    CrossliftError
        If the model has no such layer.
    """
    if setting == LAST:
        return depth
    if isinstance(setting, str):
        found = CONVENTIONS[setting]
        return found.layers.get(depth, max(1, round(depth * found.share)))
    if not 0 <= setting <= depth:
        raise CrossliftError(f"layer {setting} is asked for; the model has {depth}.", f"Give 0 to {depth}, or last.")
    return setting
