"""A stage of training or evaluation, and its identity: the hash of everything that determines its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

#: Revision of the code of each stage. Raised when a change makes a stage come out differently, so that it runs again;
#: a change of comments or speed leaves it alone, and finished work with it.
CODE_REVISIONS: Mapping[str, int] = {"load": 1, "intermediate": 1, "target": 1, "evaluate": 1}


@dataclass(frozen=True)
class Stage:
    """One stage of a plan.

    Attributes
    ----------
    kind
        One of ``analysis.store.layout.STAGES``.
    inputs
        What determines the outcome beside the code and the parent: model or data revision, hyperparameters, seed.
    parent
        The stage whose model this one starts from; ``None`` for *load*.
    label
        What the stage is called in messages. No part of the identity.
    record
        For *evaluate*: fields of the record that are known before the score is. No part of the identity, so that a
        label may be corrected without running anything again.
    work
        Optimiser steps, or items evaluated: what its time is in proportion to. No part of the identity.
    """

    kind: str
    inputs: Mapping[str, Any]
    parent: Stage | None = None
    label: str = field(default="", compare=False)
    record: Mapping[str, Any] = field(default_factory=dict, compare=False)
    work: int = field(default=1, compare=False)

    @cached_property
    def id(self) -> str:
        """The identity, 32 hexadecimal digits."""
        content = {
            "kind": self.kind,
            "code": CODE_REVISIONS[self.kind],
            "inputs": dict(self.inputs),
            "parent": self.parent.id if self.parent else None,
        }
        return hashlib.sha256(canonical(content).encode()).hexdigest()[:32]

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stage) and self.id == other.id

    @property
    def model(self) -> str:
        """Name of the pretrained model at the root."""
        return self.parent.model if self.parent else str(self.inputs["model"])

    @property
    def task(self) -> str:
        """Name of the task trained on or evaluated; empty for *load*."""
        return str(self.inputs.get("task", ""))

    @property
    def revisions(self) -> dict[str, str]:
        """What the outcome rests on, by what it is a revision of: code of each stage, model, data of each task."""
        own = {f"code of stage '{self.kind}'": str(CODE_REVISIONS[self.kind])}
        if self.kind == "load":
            own[f"model '{self.inputs['model']}'"] = str(self.inputs["revision"])
        else:
            own[f"data of '{self.inputs['task']}'"] = str(self.inputs["data"])
        return {**(self.parent.revisions if self.parent else {}), **own}


def canonical(content: Any) -> str:
    """JSON in the one form that is hashed: sorted keys, no blanks, no NaN."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
