"""Requirements checked before the first block begins; each missing one is named with how to get it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError
from tools.gpu.blocks import Block
from tools.gpu.isolate import ANEW, FORKED, PROCESSES, run_isolated
from tools.gpu.meters import identity
from tools.gpu.prepared import LIST, Kit, missing, read_kit, take_over, unpack_wheels

#: Packages that the runner and the kit import, and the least versions that pyproject.toml asks for, or that these have
#: among their own requirements; pandas is an exception, because the runner does not need version 3 (tried: 2.3).
NEEDED = {
    "torch": "2.11", "transformers": "5.0", "accelerate": "1.10", "peft": "0.17", "safetensors": "0.4",
    "tokenizers": "0.20", "numpy": "2.0", "pandas": "2.2", "pyarrow": "17", "scikit-learn": "1.5", "pyyaml": "6.0",
    "rich": "13.7",
}  # fmt: skip
#: For a GPU's power and energy: without it only these are not measured.
METERS = "nvidia-ml-py"
#: Largest disk use of the blocks in GiB, in a real run and in a rehearsal.
DISK_GIB, TINY_DISK_GIB = 12.0, 0.5
#: Seconds for the first process to import torch and see the device.
PROBE_S = 60.0


def installed(names: Sequence[str]) -> dict[str, str | None]:
    """Versions of packages; ``None`` for one that is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def too_old(found: str, least: str) -> bool:
    """Whether a version is below another, by its leading numbers."""
    own, wanted = ([int(part) for part in re.findall(r"\d+", text.split("+")[0])[:3]] for text in (found, least))
    return own < wanted


def lacking_packages(found: dict[str, str | None]) -> list[str]:
    """What is wrong with the packages, in words."""
    words = []
    for name, least in NEEDED.items():
        own = found[name]
        if own is None:
            words.append(f"the package {name} is missing: put its wheel into the kit (tools/gpu/prepare.sh)")
        elif too_old(own, least):
            words.append(f"the package {name} is {own}, but at least {least} is needed: put a wheel into the kit")
    return words


def lacking_disk(place: Path, tiny: bool) -> list[str]:
    """Whether the disk has room for what the blocks write."""
    free, wanted = shutil.disk_usage(place).free / 2**30, TINY_DISK_GIB if tiny else DISK_GIB
    if free >= wanted:
        return []
    return [f"'{place}' has {free:.1f} GiB free, but {wanted:g} are needed: give --state on another disk"]


def lacking_device(device: dict[str, Any], blocks: Sequence[Block]) -> list[str]:
    """Whether there is a GPU with the memory that the blocks need."""
    if not device.get("cuda"):
        why = device.get("error") or f"torch {device.get('torch', '?')} does not see one"
        return [f"a GPU is missing ({why}): check the driver, or rehearse on the CPU with --tiny"]
    free = float(device["free_gib"])
    short = [block for block in blocks if block.memory_gib > free]
    if not short:
        return []
    most = max(block.memory_gib for block in short)
    names = " ".join(block.name for block in blocks if block not in short)
    return [
        f"the GPU has {free:.0f} GiB free, but {', '.join(block.name for block in short)} need up to {most:g}: "
        f"end other programs on it, or give --blocks {names}"
    ]


def probe(path: str, tiny: bool) -> None:
    """Write what torch sees of the device; the first step of a process of the kit."""
    found: dict[str, Any] = {}
    try:
        import torch

        found |= {"torch": torch.__version__, "cuda": bool(torch.cuda.is_available())}
        if found["cuda"] and not tiny:
            free, _ = torch.cuda.mem_get_info(0)
            found |= {**identity("cuda:0"), "free_gib": free / 2**30}
    except (ImportError, RuntimeError) as error:
        found |= {"cuda": False, "error": f"{type(error).__name__}: {error}"}
    Path(path).write_text(json.dumps(found), encoding="utf-8")


def look(kit_folder: Path, state: Path, blocks: Sequence[Block], tiny: bool) -> tuple[Kit | None, dict[str, Any]]:
    """Check all requirements, and start the first process.

    Returns
    -------
    Kit, dict
        The list of the prepared folder (``None`` where no block needs one and none is there), and what was seen:
        versions, device, kit.

    Raises
    ------
    CrossliftError
        If something is missing; each requirement on a line, with how to get it.
    """
    take_over(kit_folder, state)
    root = state / "kit"
    words: list[str] = []
    kit = None
    try:
        kit = read_kit(root / "part1" / LIST)
        words += missing(kit, root, any(block.needs_model for block in blocks))
    except CrossliftError as error:
        words += [f"{error.message} {error.hint}"] if any(block.needs_model for block in blocks) else []
    absent = [name for name, own in installed([*NEEDED, METERS]).items() if own is None]
    unpacked = unpack_wheels(root, state / "site", lambda name: bool(installed([name])[name])) if absent else []
    versions = installed([*NEEDED, METERS, "scipy", "statsmodels"])
    words += lacking_packages(versions) + lacking_disk(state, tiny)
    device = {} if words else _ask_device(state, tiny)
    if not words and not tiny:
        words += lacking_device(device, blocks)
    if words:
        raise CrossliftError("\n  ".join(["the kit cannot start:", *words]))
    seen = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "versions": versions,
        "unpacked_wheels": unpacked,
        "device": device,
        "cores": os.cpu_count(),
        "kit": None if kit is None else _about(kit),
    }
    return kit, seen


def _ask_device(state: Path, tiny: bool) -> dict[str, Any]:
    """What a process of the kit sees of the device.

    If a forked process does not see it but a fresh one does, an import has touched the GPU before the fork, and forked
    children cannot use it: all processes are then started fresh, and pay for their imports.
    """
    answer = state / "probe.json"

    def ask() -> dict[str, Any]:
        answer.unlink(missing_ok=True)
        reason = run_isolated(probe, (str(answer), tiny), PROBE_S)
        found = json.loads(answer.read_text(encoding="utf-8")) if answer.is_file() else {"error": reason}
        return {**found, "processes": PROCESSES.method}

    first = ask()
    if tiny or first.get("cuda"):
        return first
    PROCESSES.method = ANEW
    second = ask()
    if second.get("cuda"):
        return second
    PROCESSES.method = FORKED
    return first


def _about(kit: Kit) -> dict[str, Any]:
    shares = {code: item["share"] for code, item in kit.unknown.items() if item["unknown"]}
    return {
        "git": kit.git, "model": dict(kit.model), "stand_in": kit.stand_in, "languages": len(kit.unknown),
        "unknown_pieces": dict(sorted(shares.items(), key=lambda item: -item[1])),
    }  # fmt: skip
