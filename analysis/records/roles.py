"""What a column of a table holds, as ``--map COLUMN=ROLE`` and a mapping file write it.

======================================  =====================================================================
``score``                               the field of the record
``score:language=deu,metric=acc``       scores that are these in every row: one row is made of each such cell
``arm:baseline``                        tells runs apart: rows with this value are without the intermediate stage
``-``                                   left out
======================================  =====================================================================

A mapping is a plain mapping from column to role. Keys that begin with ``set:`` are fields that are the same in all
rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import RecordError

SET = "set:"
ARM = "arm"
LEFT_OUT = "-"


@dataclass(frozen=True, slots=True)
class Role:
    """What one column holds: a field with what is the same of its rows, or what tells arms apart."""

    field: str
    where: tuple[tuple[str, str], ...] = ()
    baseline: str = ""

    @property
    def text(self) -> str:
        """As it is written."""
        if self.field == ARM:
            return f"{ARM}:{self.baseline}"
        return self.field + (":" + ",".join(f"{name}={value}" for name, value in self.where) if self.where else "")


def parse_role(text: str) -> Role:
    """Read a role.

    Raises
    ------
    RecordError
        If what follows the colon is not FIELD=VALUE, several of them separated by commas.
    """
    head, colon, rest = text.partition(":")
    if head == ARM:
        return Role(ARM, baseline=rest)
    if not colon:
        return Role(head)
    where = []
    for pair in rest.split(","):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise RecordError(f"'{text}' is no role of a column.", "For example score, score:language=deu or arm:none.")
        where.append((name, value))
    return Role(head, tuple(where))


def split_mapping(mapping: Mapping[str, str]) -> tuple[dict[str, Role], dict[str, str]]:
    """Roles of columns, and fields that are the same in all rows."""
    roles = {column: parse_role(role) for column, role in mapping.items() if not column.startswith(SET)}
    return roles, {key[len(SET) :]: value for key, value in mapping.items() if key.startswith(SET)}


def read_mapping(path: str) -> dict[str, str]:
    """A mapping file: ``[columns]`` with a role a column, ``[set]`` with fields that are the same in all rows.

    Raises
    ------
    RecordError
        If the file is missing, no TOML, or holds something else.
    """
    import tomllib

    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"'{path}' cannot be read: {error.strerror}.", "Write one: --write-mapping FILE.") from error
    except ValueError as error:
        raise RecordError(f"'{path}' is no mapping: {error}.") from error
    other = [key for key in content if key not in ("columns", "set")]
    if other or not all(isinstance(part, dict) for part in content.values()):
        raise RecordError(f"'{path}' has '{(other or ['columns'])[0]}'; a mapping has the tables [columns] and [set].")
    columns = {str(column): str(role) for column, role in content.get("columns", {}).items()}
    return columns | {SET + str(name): str(value) for name, value in content.get("set", {}).items()}


def mapping_text(mapping: Mapping[str, str], name: str) -> str:
    """The text of a mapping file."""
    import json

    columns = {key: role for key, role in mapping.items() if not key.startswith(SET)}
    constants = {key[len(SET) :]: value for key, value in mapping.items() if key.startswith(SET)}
    lines = [f"# what the columns of {name} hold; use it with --mapping", "[columns]"]
    lines += [f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(role, ensure_ascii=False)}"
              for key, role in columns.items()]  # fmt: skip
    if constants:
        lines += ["", "[set]"]
        lines += [f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}" for key, value in constants.items()]
    return "\n".join(lines) + "\n"
