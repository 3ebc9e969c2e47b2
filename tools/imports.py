"""Draw the imports of the packages: rooms by floor, arrows between them, and every circle.

Usage: ``python tools/imports.py [--svg FILE]``. Prints each floor with its rooms and what they import, then circles of
modules; ``--svg`` draws the same. Imports for typing alone are left out. The exit status is 1 if an arrow goes up or
there is a circle.

The floors are those of the contract ``rooms`` in ``pyproject.toml``.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("analysis", "crosslift", "runner")


def main(arguments: Sequence[str]) -> int:
    """Print, and draw if requested."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--svg", metavar="FILE")
    options = parser.parse_args(arguments)
    modules, floors = read_imports(ROOT), rooms()
    arrows = between_rooms(modules, floors)
    wrong, circles = upward(arrows, floors), find_circles(modules)
    print("\n".join(describe(arrows, floors, wrong, circles)))
    if options.svg:
        draw(arrows, floors, Path(options.svg))
    return 1 if wrong or circles else 0


def rooms() -> list[list[str]]:
    """Rooms by floor, the highest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {contract["id"]: contract for contract in project["tool"]["importlinter"]["contracts"]}
    return [[room.strip() for room in layer.split("|")] for layer in contracts["rooms"]["layers"]]


def read_imports(root: Path, packages: Sequence[str] = PACKAGES) -> dict[str, set[str]]:
    """For each module the modules that it imports at run time, at the top or inside a function."""
    files = {name_of(path, root): path for package in packages for path in sorted((root / package).rglob("*.py"))}
    found: dict[str, set[str]] = {}
    for name, path in files.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        found[name] = {target for target in _targets(tree, package, files) if target != name}
    return found


def name_of(path: Path, root: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _targets(tree: ast.Module, package: str, files: Mapping[str, Path]) -> Iterator[str]:
    typing = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.If) and _is_typing(node.test)
              for inner in ast.walk(node)}  # fmt: skip
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *(node.module.split(".") if node.module else [])])
            for alias in node.names:
                yield from (
                    name
                    for name in (f"{base}.{alias.name}", base)
                    if name in files and not _is_self(name, base, alias, files)
                )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)


def _is_self(name: str, base: str, alias: ast.alias, files: Mapping[str, Path]) -> bool:
    """Importing a module from its package does not count as importing the package."""
    return name == base and f"{base}.{alias.name}" in files


def _is_typing(test: ast.expr) -> bool:
    return (test.id if isinstance(test, ast.Name) else getattr(test, "attr", "")) == "TYPE_CHECKING"


def room_of(module: str, floors: Sequence[Sequence[str]]) -> str:
    """The room of a module; empty if there is none, such as for a package's own ``__init__``."""
    fitting = [room for floor in floors for room in floor if module == room or module.startswith(f"{room}.")]
    return max(fitting, key=len, default="")


def between_rooms(modules: Mapping[str, set[str]], floors: Sequence[Sequence[str]]) -> Counter[tuple[str, str]]:
    """How many imports go from one room to another."""
    found: Counter[tuple[str, str]] = Counter()
    for module, targets in modules.items():
        for target in targets:
            ends = room_of(module, floors), room_of(target, floors)
            if all(ends) and ends[0] != ends[1]:
                found[ends] += 1
    return found


def upward(arrows: Mapping[tuple[str, str], int], floors: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Arrows to the same floor or a higher one."""
    level = {room: i for i, floor in enumerate(floors) for room in floor}
    return sorted((a, b) for a, b in arrows if level[b] <= level[a])


def find_circles(modules: Mapping[str, set[str]]) -> list[list[str]]:
    """Sets of modules each of which reaches every other (Tarjan 1972, SIAM Journal on Computing 1)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for target in sorted(modules.get(module, ())):
            if target not in number:
                visit(target)
                lowest[module] = min(lowest[module], lowest[target])
            elif target in stack:
                lowest[module] = min(lowest[module], number[target])
        if lowest[module] == number[module]:
            at = stack.index(module)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 10 * len(modules) + 1000))
    for module in sorted(modules):
        if module not in number:
            visit(module)
    return found


def describe(
    arrows: Mapping[tuple[str, str], int],
    floors: Sequence[Sequence[str]],
    wrong: Sequence[tuple[str, str]],
    circles: Sequence[Sequence[str]],
) -> list[str]:
    """The drawing in words."""
    targets: dict[str, list[str]] = defaultdict(list)
    for (a, b), number in sorted(arrows.items()):
        targets[a].append(f"{b} ({number})")
    lines = [f"{len(floors)} floors, {sum(map(len, floors))} rooms, {len(arrows)} arrows"]
    for i, floor in enumerate(floors):
        lines += [f"{len(floors) - i:>3}  {room} → {', '.join(targets[room]) or 'nothing'}" for room in floor]
    lines += [f"UP: {a} → {b}" for a, b in wrong]
    lines += [f"CIRCLE: {', '.join(circle)}" for circle in circles]
    return lines + ([] if wrong or circles else ["no arrow goes up; no circle"])


def draw(arrows: Mapping[tuple[str, str], int], floors: Sequence[Sequence[str]], path: Path) -> None:
    """Boxes by floor; the width of an arrow grows with its imports."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(9.0, 0.9 * len(floors)))
    ax = made.add_axes((0.0, 0.0, 1.0, 1.0))
    place = {room: (1.5 + 6.0 * (j + 1) / (len(floor) + 1) + 0.9 * ((i % 3) - 1), len(floors) - i)
             for i, floor in enumerate(floors) for j, room in enumerate(floor)}  # fmt: skip
    for (a, b), number in arrows.items():
        ax.annotate("", place[b], place[a], arrowprops={
            "arrowstyle": "->", "color": "#0072B2", "alpha": 0.35, "linewidth": 0.5 + number**0.5 / 4,
            "connectionstyle": "arc3,rad=0.15", "shrinkA": 14, "shrinkB": 14})  # fmt: skip
    for room, (x, y) in place.items():
        ax.text(x, y, room.removeprefix("analysis."), ha="center", va="center", fontsize=9,
                bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": "#222222"})  # fmt: skip
    ax.set_xlim(0.0, 9.0)
    ax.set_ylim(0.3, len(floors) + 0.7)
    ax.axis("off")
    made.savefig(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
