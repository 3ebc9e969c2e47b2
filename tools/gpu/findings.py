"""What a block found: facts, and checks that hold, do not hold, or were not run; written at once, atomically."""

from __future__ import annotations

import json
import math
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.store.atomic import write_whole

#: Why something is missing that only a GPU can show.
ON_A_CPU = "not measured on a CPU"


@dataclass
class Findings:
    """The findings of one block, in a file that is rewritten with every one of them.

    A block that is killed or cut off keeps its findings up to then; ``finished`` tells the two apart.

    Parameters
    ----------
    block
        Name of the block.
    path
        The file.
    about
        Conditions of every number: device, limit, stand-ins.
    begun
        When the block began, by :func:`time.monotonic`.
    """

    block: str
    path: Path
    about: Mapping[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False
    begun: float = field(default_factory=time.monotonic)

    def fact(self, **values: Any) -> None:
        """Record what was measured."""
        self.facts |= values
        self.save()

    def check(self, name: str, holds: bool, **values: Any) -> bool:
        """Record whether something holds, with the numbers that say so; returns ``holds``."""
        self.checks.append({"check": name, "holds": bool(holds), **values})
        self.save()
        return bool(holds)

    def not_run(self, name: str, reason: str) -> None:
        """Record that a check was not made, and why."""
        self.checks.append({"check": name, "holds": None, "reason": reason})
        self.save()

    def failed(self, name: str, reason: str) -> None:
        """Record that something failed to finish."""
        self.checks.append({"check": name, "holds": False, "reason": reason})
        self.save()

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Record an exception raised within as a finding, and continue after it."""
        try:
            yield
        except Exception as error:  # any: unforeseen errors are what is looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            self.failed(name, f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"[:600])
            self.fact(tracebacks=[*self.facts.get("tracebacks", []), traceback.format_exc(limit=-8)])

    def finish(self) -> None:
        """Record that the block came to its end."""
        self.finished = True
        self.save()

    def to_json(self) -> dict[str, Any]:
        """The content of the file."""
        holds, reasons = verdict(self.checks)
        return {
            "block": self.block,
            "holds": holds,
            "reasons": reasons,
            "finished": self.finished,
            "seconds": round(time.monotonic() - self.begun, 2),
            **self.about,
            "checks": self.checks,
            "facts": self.facts,
        }

    def save(self) -> None:
        """Write the file."""
        text = json.dumps(finite(self.to_json()), indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(self.path, text.encode())


def verdict(checks: list[dict[str, Any]]) -> tuple[bool | str, list[str]]:
    """Whether a block holds (``True``, ``False``, ``"not-run"``) and the reasons where it does not.

    One check that fails is enough for ``False``; without one, a check that was not made leaves the block ``not-run``.
    """
    broken = [item for item in checks if item["holds"] is False]
    missing = [item for item in checks if item["holds"] is None]
    reasons = [_words(item) for item in broken or missing]
    if broken:
        return False, reasons
    if missing or not checks:
        return "not-run", reasons or ["no check was made"]
    return True, []


def _words(item: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in item.items() if key not in ("check", "holds", "reason")}
    told = str(item.get("reason", "")) or ", ".join(f"{key} {value}" for key, value in rest.items())
    return f"{item['check']}: {told}" if told else str(item["check"])


def finite(value: Any) -> Any:
    """The value with non-finite numbers as text, so that a loss of NaN is visible and the file stays valid JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
