"""JSON with a checksum of its own: what was changed or cut off since it was written is noticed when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

#: Key of the checksum: SHA-256 over everything else, in one form.
CHECKSUM = "sha256"


def seal(content: Mapping[str, Any], indent: int | None = 1) -> bytes:
    """The JSON of a mapping with its checksum, which may not be a key of it."""
    whole = {**content, CHECKSUM: _digest(content)}
    return json.dumps(whole, indent=indent, ensure_ascii=False, allow_nan=False).encode()


def unseal(text: bytes | str) -> dict[str, Any]:
    """The mapping without its checksum. One without a checksum, as earlier versions wrote them, is taken as it is.

    Raises
    ------
    ValueError
        If it is not JSON, or does not have the checksum that it says.
    TypeError
        If it is not a mapping.
    """
    content = json.loads(text)
    if not isinstance(content, dict):
        raise TypeError(f"a mapping is wanted, and this is {type(content).__name__}")
    said = content.pop(CHECKSUM, None)
    if said is not None and said != _digest(content):
        raise ValueError("its checksum is that of another content: it was changed after it was written")
    return content


def _digest(content: Mapping[str, Any]) -> str:
    # Through JSON once, so that tuples and keys that are no text are what reading gives.
    plain = json.loads(json.dumps(content, allow_nan=False))
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
