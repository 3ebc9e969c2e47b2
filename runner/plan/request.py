"""What a user asked for: a grid and where the data are, kept in the store so that a sweep can be taken up again."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError
from analysis.store.layout import Folder, finished

if TYPE_CHECKING:
    from ..store.store import Store
    from .build import Plan

#: Flags that replace keys of the grid.
FLAGS = {
    "models": "models: built in, a directory",
    "intermediate": "intermediate tasks, NAME or NAME:EXAMPLES",
    "sizes": "examples of each intermediate task that names none",
    "domains": "keep intermediate tasks of these domains",
    "targets": "target tasks, NAME or NAME:EXAMPLES",
    "languages": "languages to evaluate, or all",
    "seeds": "seeds: 1 2 3, or 1-5",
}


@dataclass(frozen=True)
class Request:
    """The content of a grid and the directory of the data files."""

    content: Mapping[str, Any]
    data_dir: Path | None = None

    def plan(self) -> Plan:
        """The stages that it takes, with the revisions of the data at hand."""
        from ..tasks.load import cards_at_hand
        from .build import build_plan
        from .grid import parse_grid

        cards, notes = cards_at_hand(self.data_dir)
        return build_plan(parse_grid(self.content, cards, notes))

    def keep(self, entry: Path) -> None:
        """Write it beside the entry of its plan in a store."""
        import yaml

        from ..store.atomic import write_whole

        data = None if self.data_dir is None else str(self.data_dir.resolve())
        text = yaml.safe_dump({"grid": dict(self.content), "data_dir": data}, sort_keys=False)
        write_whole(entry.with_suffix(".yaml"), text.encode())


def add_grid_arguments(parser: argparse.ArgumentParser, grid: str = "a YAML file") -> None:
    """The grid, the flags that replace its keys, and the directory of the data."""
    parser.add_argument("grid", nargs="?", help=grid)
    for name, words in FLAGS.items():
        parser.add_argument(f"--{name}", nargs="+", metavar=name.upper(), help=words)
    words = "hyperparameters, such as learning_rate=5e-4 method=lora: each replaces that of the grid"
    parser.add_argument("--training", nargs="+", metavar="KEY=VALUE", help=words)
    parser.add_argument("--control", metavar="CONTROL", help="none, or steps: baselines that train as many steps")
    parser.add_argument(
        "--data-dir", metavar="DIRECTORY", help="where the data files are: their hashes are planned with"
    )


def read_request(options: argparse.Namespace) -> Request:
    """What the arguments ask for.

    Raises
    ------
    CrossliftError
        If they name no grid.
    """
    from analysis.store.grid import read_grid

    content: dict[str, Any] = read_grid(Path(options.grid)) if options.grid else {}
    content |= {name: getattr(options, name) for name in (*FLAGS, "control") if getattr(options, name) is not None}
    if options.training:
        content["training"] = {**(content.get("training") or {}), **_pairs(options.training)}
    if isinstance(content.get("seeds"), list) and len(content["seeds"]) == 1:
        content["seeds"] = content["seeds"][0]
    if not content:
        raise CrossliftError("there is no grid to plan.", "Give a YAML file, or --models and --targets.")
    return Request(content, Path(options.data_dir) if options.data_dir else None)


def _pairs(given: Sequence[str]) -> dict[str, Any]:
    """Keys and values of ``KEY=VALUE``, values read as in a grid."""
    import yaml

    found = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not key or not equals:
            raise CrossliftError(
                f"'{item}' does not set a hyperparameter.", "Write KEY=VALUE, such as learning_rate=5e-4."
            )
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise CrossliftError(f"'{value}' is not a value for '{key}'.", "Write KEY=VALUE.") from error
    return found


def kept_requests(store: Store, only: str = "") -> list[Request]:
    """What was asked for in a store, in the order in which it was; of the plan of this name alone, if one is given.

    Raises
    ------
    CrossliftError
        If nothing is kept, or it cannot be read.
    """
    import yaml

    found = []
    for path in sorted(finished(store.path, Folder.PLANS, ".yaml"), key=lambda item: (item.stat().st_mtime, item.name)):
        if only and path.stem != only:
            continue
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            data = content["data_dir"]
            found.append(Request(content["grid"], None if data is None else Path(data)))
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise CrossliftError(f"'{path}' is damaged ({error}).", "Remove it, and run its grid again.") from error
    if not found:
        raise CrossliftError(f"'{store.path}' has no sweep to take up.", "Give the grid: runner run GRID --store DIR.")
    return found
