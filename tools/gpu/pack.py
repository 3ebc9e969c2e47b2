"""Minute 11.5 to 12: everything to bring back, in few files of limited size."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import shutil
import tarfile
from pathlib import Path

from runner.store.atomic import write_whole
from tools.gpu.findings import Findings
from tools.gpu.prepared import LIST
from tools.gpu.setting import Setting
from tools.gpu.whole import keep_whole

#: Limits on what comes back: number of files, MiB of each.
FILES, MIB = 8, 16
STORE, SCORES, LOG, PLAN = "store.tar.xz", "scores.parquet", "sweep.log.gz", "plan.json.xz"


def run(setting: Setting, found: Findings) -> None:
    """Fill the findings."""
    _keep_what_was_cut_off(setting)
    pack_store(setting, found)
    sizes = {path.name: path.stat().st_size for path in sorted(setting.out.iterdir()) if path.is_file()}
    found.fact(files=sizes)
    there = STORE in sizes and SCORES in sizes
    if there:
        found.check("results, manifests and profile are packed", "blocks.json" in sizes, files=list(sizes))
    else:
        found.not_run("results, manifests and profile are packed", "no seed is complete")
    large = [name for name, size in sizes.items() if size > MIB * 2**20]
    found.check(f"at most {FILES} files of {MIB} MiB", len(sizes) <= FILES and not large, files=len(sizes), large=large)


def _keep_what_was_cut_off(setting: Setting) -> None:
    """Pack the complete seeds of a sweep that was ended before it could pack them itself."""
    told, plan = setting.state / "blocks" / "sweep.json", setting.state / "plan.json"
    store = setting.state / "sweep"
    if not told.is_file() or not plan.is_file() or not (store / "store.json").is_file():
        return
    if not json.loads(told.read_text(encoding="utf-8"))["finished"]:
        keep_whole(store, setting.state / "kept", json.loads(plan.read_text(encoding="utf-8"))["cells"])


def pack_store(setting: Setting, found: Findings) -> None:
    """Write what the sweep has so far: the cells of complete seeds, their scores, the plan, the log.

    Files are written atomically, so that an interruption while packing leaves what was packed before.
    """
    kept = setting.state / "kept"
    if any((kept / "cells").glob("*.json")):
        write_whole(setting.out / STORE, packed_store(setting.state))
        _scores(kept, setting.out / SCORES)
    log = setting.state / "sweep.log"
    if log.is_file():
        write_whole(setting.out / LOG, gzip.compress(log.read_bytes(), mtime=0))
    plan = setting.state / "plan.json"
    if plan.is_file():
        write_whole(setting.out / PLAN, lzma.compress(plan.read_bytes(), preset=1))


def packed_store(state: Path) -> bytes:
    """The kept cells with their grid and the kit's list, in one archive; the same files give the same bytes."""
    out = io.BytesIO()
    kept = state / "kept"
    members = [(path, f"store/{path.relative_to(kept).as_posix()}") for path in sorted(kept.rglob("*"))]
    members += [(state / "grid.yaml", "grid.yaml"), (state / "kit" / "part1" / LIST, LIST)]
    with tarfile.open(fileobj=out, mode="w:xz", preset=2) as archive:
        for path, name in members:
            if path.is_file():
                entry = tarfile.TarInfo(name)
                entry.size = path.stat().st_size
                with path.open("rb") as file:
                    archive.addfile(entry, file)
    return out.getvalue()


def _scores(kept: Path, goal: Path) -> None:
    """``runner results`` of the kept cells; damaged cells are reported by the block that kept them."""
    from runner.cli.main import main

    own = kept.parent / SCORES
    status = main(["results", str(kept), "--out", str(own)])
    if status:
        raise RuntimeError(f"runner results ended with status {status}")
    partial = goal.with_name(f".partial-{goal.name}")
    shutil.copyfile(own, partial)
    partial.replace(goal)
