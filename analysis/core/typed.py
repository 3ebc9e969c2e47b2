"""Mappings that a user wrote, read into dataclasses: what does not fit is an error that names the key and the value."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from .errors import CrossliftError, UnknownNameError, did_you_mean, unknown_name

T = TypeVar("T")

#: What a value of a plain type is called in a message; an annotation with a description of its own says it better.
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def read_typed(cls: type[T], content: Mapping[Any, Any], place: str, base: T | None = None, **fixed: Any) -> T:
    """Read a mapping into the dataclass ``cls``, whose annotations say what each key takes.

    Parameters
    ----------
    cls
        A dataclass. ``Annotated[int, msgspec.Meta(ge=1, description="a whole number of at least 1")]`` gives bounds
        and the words for them; a ``Literal`` lists names.
    content
        What was written. Numbers with an exponent may be text, as YAML reads ``5e-5``.
    place
        Where that is, as messages say it after the key, such as ``in 'training'``.
    base
        Has the values of keys that are left out, in place of the defaults.
    fixed
        Fields that are set otherwise: they are not keys.

    Raises
    ------
    CrossliftError
        For an unknown key or a value that the key does not take.
    """
    names = [item.name for item in fields(cls) if item.name not in fixed]  # type: ignore[arg-type]
    check_keys(content, names, place)
    hints = _hints(cast("Hashable", cls))
    given = {} if base is None else {name: getattr(base, name) for name in names}
    return cls(**{**given, **fixed, **{key: _value(key, value, hints[key], place) for key, value in content.items()}})


def check_keys(content: Mapping[Any, Any], keys: list[str] | tuple[str, ...], place: str) -> None:
    """Refuse a key that is not among ``keys``.

    Raises
    ------
    UnknownNameError
        With the nearest keys, or all of them.
    """
    for key in content:
        if key not in keys:
            hint = did_you_mean(str(key), keys) or f"Keys: {', '.join(keys)}."
            raise UnknownNameError(f"unknown key '{key}' {place}.", hint)


@lru_cache(maxsize=16)
def _hints(cls: Hashable) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _value(key: str, value: Any, hint: Any, place: str) -> Any:
    if get_origin(hint) is Mapping:
        if not isinstance(value, Mapping):
            raise CrossliftError(f"{key} {place} is {value!r}.", "It is a mapping of names to values.")
        return {own: _value(f"{key} of '{own}'", item, get_args(hint)[1], place) for own, item in value.items()}
    import msgspec

    try:
        return msgspec.convert(value, hint, strict=not (isinstance(value, str) and float in _parts(hint)))
    except msgspec.ValidationError as error:
        names = [name for part in _parts(hint) if get_origin(part) is Literal for name in get_args(part)]
        if names:
            known = unknown_name(key, str(value), names)
            raise UnknownNameError(f"unknown {key} '{value}' {place}.", known.hint) from error
        raise CrossliftError(f"{key} {place} is {value!r}.", f"It is {_describe(hint)}.") from error


def _parts(hint: Any) -> list[Any]:
    """The types that a value may have, without what is said about them."""
    if hasattr(hint, "__metadata__"):
        return _parts(hint.__origin__)
    if get_origin(hint) in (None, Literal, list, tuple, dict):
        return [hint]
    return [part for own in get_args(hint) for part in _parts(own)]


def _describe(hint: Any) -> str:
    """What a key takes, as the end of a sentence."""
    for item in getattr(hint, "__metadata__", ()):
        if getattr(item, "description", None):
            return str(item.description)
    named = [_describe(part) for part in get_args(hint) if hasattr(part, "__metadata__")]
    return named[0] if named else " or ".join(_WORDS.get(part, "a list") for part in _parts(hint))
