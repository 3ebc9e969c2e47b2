"""Build ``runner/tasks/catalog.toml``: what a plan needs to know about each task, counted in the data sets themselves.

Usage: ``python data/build/tasks.py MINI [OUT]``. Contains counts, codes and hashes, no text of the data sets.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from runner.tasks.catalog import TaskCard  # noqa: E402
from runner.tasks.cldr.task import count  # noqa: E402
from runner.tasks.load import CLDR, load_task  # noqa: E402
from runner.tasks.spec import bundled_specs  # noqa: E402

HEAD = """\
# Made by data/build/tasks.py. Test items by language; `revision` is the SHA-256 of the data file, the commits
# of the data sets on the hub, or the versions of CLDR and of the builder with a hash of the items.

"""


def main(source: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    cards = [load_task(name, source).card for name in bundled_specs()]
    cards += [count(name) for name in CLDR]
    blocks = [block(card) for card in sorted(cards, key=lambda card: card.name)]
    (out / "catalog.toml").write_text(HEAD + "\n".join(blocks), encoding="utf-8")


def block(card: TaskCard) -> str:
    lines = [
        f"[{card.name}]", f'file = "{card.file}"', f'revision = "{card.revision}"', f'kind = "{card.kind}"',
        f"metrics = [{', '.join(quoted(metric) for metric in card.metrics)}]", f'domain = "{card.domain}"',
        f'train_language = "{card.train_language}"', f"train_examples = {card.train_examples}",
        f'split = "{card.split}"', *([f'rule = "{card.rule}"'] if card.rule else []),
        *([f'trains_as = "{card.trains_as}"'] if card.trains_as else []),
        *([f'validation = "{card.validation}"'] if card.validation else []), f"[{card.name}.languages]",
        *(f"{code} = {count}" for code, count in card.languages.items()), "",
    ]  # fmt: skip
    return "\n".join(lines)


def quoted(text: str) -> str:
    return f'"{text}"'


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent.parent / "runner" / "tasks")
