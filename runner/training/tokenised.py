"""Word pieces kept on the disk under the name of what they were made of, and read from there without a copy.

A set of texts is tokenised once for all seeds, stages and processes of a store. Its directory has an array in each
file, which is mapped into memory, so that processes share it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.core.errors import StoreError

from ..kinds.examples import Examples
from ..kinds.features import Features
from ..store.atomic import partial_name, publish_directory
from ..store.stage import CODE_REVISIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..kinds.base import Kind
    from ..models.backbone import Backbone

#: Sets of fewer pieces are tokenised in less time than files take.
LEAST = 2**17
#: Raised when what is written changes.
FORMAT = 1
FACTS = "facts.json"
#: Parts of features that are kept; ``ids`` and ``owner`` are always there.
PARTS = ("ids", "owner", "targets", "weight", "types", "notes")


def encoded(
    place: Path | None, kind: Kind, backbone: Backbone, revision: str, examples: Examples, length: int, train: bool
) -> Features:
    """As ``kind.encode``, from the disk where that is there, and kept there where it is much.

    Parameters
    ----------
    place
        The folder of all sets; each is a directory whose name begins with ``place``'s. ``None`` keeps nothing.
    revision
        Of the model, and with it of its tokenizer.
    """
    name = None if place is None else _name(kind, backbone, revision, examples, length, train)
    if place is None or name is None:
        return kind.encode(backbone, examples, length, train)
    own = place.with_name(f"{place.name}{name}")
    found = _read(own)
    if found is None:
        found = kind.encode(backbone, examples, length, train)
        if int(found.lengths.sum()) >= LEAST:
            _write(own, found)
    return found


@dataclass(frozen=True)
class Ragged(Sequence[Any]):
    """Arrays that stand one behind the other in a single one."""

    flat: NDArray[Any]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        at = int(at) % len(self)
        return self.flat[self.starts[at] : self.starts[at + 1]]


def _name(
    kind: Kind, backbone: Backbone, revision: str, examples: Examples, length: int, train: bool
) -> str | None:  # fmt: skip
    """A hash of all that the pieces depend on; ``None`` where examples hold something that has no canonical form."""
    total = hashlib.sha256()
    releases = [version(name) for name in ("tokenizers", "transformers")]
    head = [FORMAT, type(kind).__module__, *releases, revision, backbone.prefix, backbone.positions, length, train,
            sorted(CODE_REVISIONS.items()), examples.language]  # fmt: skip
    total.update(repr(head).encode())
    try:
        for part in _bytes([dict(examples.fields), examples.labels if train else None]):
            total.update(part)
    except TypeError:
        return None
    return total.hexdigest()[:32]


def _bytes(value: Any) -> Iterator[bytes]:
    """A value as bytes that no other value has."""
    if isinstance(value, str):
        content = value.encode("utf-8", "surrogatepass")
        yield b"s%d:" % len(content) + content
    elif value is None or isinstance(value, (bool, int, float, np.number, np.bool_)):
        yield f"n{type(value).__name__}{value!r};".encode()
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield f"a{value.dtype}{value.shape}".encode() + value.tobytes()
    elif isinstance(value, Mapping):
        yield b"m%d:" % len(value)
        for key in sorted(value):
            yield from _bytes(key)
            yield from _bytes(value[key])
    elif isinstance(value, (Sequence, np.ndarray)):
        yield b"l%d:" % len(value)
        for item in value:
            yield from _bytes(item)
    else:
        raise TypeError(type(value).__name__)


def _write(place: Path, features: Features) -> None:
    """Write features; a full disk or another process that was first stops nothing."""
    arrays: dict[str, NDArray[Any]] = {}
    forms: dict[str, str] = {}
    for name in PARTS:
        found = _arrays(getattr(features, name))
        if found is None:
            return
        forms[name] = found[0]
        arrays |= {f"{name}.{part}": value for part, value in found[1].items()}
    partial = partial_name(place)
    try:
        partial.mkdir()
        for name, value in arrays.items():
            np.save(partial / f"{name}.npy", value)
        (partial / FACTS).write_text(json.dumps({"forms": forms, "unknown": features.unknown}), encoding="utf-8")
        publish_directory(partial, place)
    except (OSError, StoreError):
        shutil.rmtree(partial, ignore_errors=True)


def _arrays(value: Any) -> tuple[str, dict[str, NDArray[Any]]] | None:
    """The form of a part and its arrays; ``None`` for one that cannot be kept."""
    if value is None:
        return "none", {}
    if isinstance(value, np.ndarray):
        return "array", {"flat": value}
    if not len(value):
        return "empty", {}
    first = value[0]
    if isinstance(first, np.ndarray):
        same = all(item.dtype == first.dtype and item.shape[1:] == first.shape[1:] for item in value)
        lengths = [len(item) for item in value]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return ("ragged", {"flat": np.concatenate(list(value)), "starts": starts}) if same else None
    if isinstance(first, tuple):
        return "tuples", {"flat": np.asarray(value, dtype=np.int64)}
    if isinstance(first, (int, np.integer)):
        return "numbers", {"flat": np.asarray(value, dtype=np.int64)}
    return None


def _read(place: Path) -> Features | None:
    """Features that were kept; ``None`` where there are none that can be read."""
    try:
        facts = json.loads((place / FACTS).read_text(encoding="utf-8"))
        parts = {name: _part(place, name, form) for name, form in facts["forms"].items()}
        return Features(**parts, unknown=float(facts["unknown"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _part(place: Path, name: str, form: str) -> Any:
    def array(part: str) -> NDArray[Any]:
        found: NDArray[Any] = np.load(place / f"{name}.{part}.npy", mmap_mode="r", allow_pickle=False)
        return np.asarray(found)

    if form in ("none", "empty"):
        return None if form == "none" else ()
    if form == "ragged":
        return Ragged(array("flat"), array("starts"))
    found = array("flat")
    if form == "tuples":
        return [tuple(row) for row in found.tolist()]
    return found.tolist() if form == "numbers" else found
