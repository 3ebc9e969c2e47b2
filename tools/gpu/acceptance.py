"""Test the runner on a GPU: blocks that each have their own time limit and write their findings at once.

Usage: ``python -m tools.gpu.acceptance [--blocks NAME …] [--limit NAME=SECONDS …] [--tiny]``, in the checkout.
README.md in this folder says how; commands.md has the commands for a machine that is available for minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
if str(ROOT) not in sys.path:  # run as a script, not as a module
    sys.path.insert(0, str(ROOT))

from analysis.core.errors import CrossliftError  # noqa: E402
from runner.store.atomic import write_whole  # noqa: E402
from tools.gpu.blocks import NAMES, Block, about, find_blocks  # noqa: E402
from tools.gpu.findings import Findings, finite  # noqa: E402
from tools.gpu.isolate import guarded, run_isolated  # noqa: E402
from tools.gpu.prepared import Kit, join  # noqa: E402
from tools.gpu.setting import Setting  # noqa: E402
from tools.gpu.start import look  # noqa: E402

#: Seconds within which the first block should begin.
START_S = 20.0
#: Exit status where a block does not hold, and where the kit cannot start.
FAILED, CANNOT = 1, 2
#: Words for a block's ``holds``.
WORDS: dict[bool | str, str] = {True: "holds", False: "does not hold", "not-run": "not run"}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description="Test the runner on a GPU.", epilog=f"blocks: {', '.join(NAMES)}")
    made.add_argument("--blocks", nargs="+", metavar="NAME", help="only these (default: all)")
    made.add_argument("--limit", nargs="+", default=[], metavar="NAME=SECONDS", help="other limits of blocks")
    made.add_argument("--tiny", action="store_true", help="rehearse on the CPU: few steps, tiny models")
    made.add_argument("--kit", type=Path, metavar="DIRECTORY", help="the prepared folder (default: .gpu)")
    made.add_argument("--out", type=Path, metavar="DIRECTORY", help="results to bring back (default: $OUT, gpu-out)")
    made.add_argument("--state", type=Path, metavar="DIRECTORY", help="kept between two commands (default: in /tmp)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; exit status 1 if a block does not hold, 2 if the kit cannot start."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that a block ends with this
    options = parser().parse_args(arguments)
    spare = tempfile.mkdtemp(prefix="crosslift-gpu-") if options.tiny and options.state is None else ""
    try:
        return _main(options, Path(spare) if spare else options.state, began)
    except CrossliftError as error:
        print(f"acceptance: {error.message}\n  {error.hint}".rstrip(), file=sys.stderr)
        return CANNOT
    finally:
        if spare:
            shutil.rmtree(spare, ignore_errors=True)


def _main(options: argparse.Namespace, state: Path | None, began: float) -> int:
    blocks, limits = find_blocks(options.blocks), _limits(options.limit)
    state = state or Path(tempfile.gettempdir()) / "crosslift-gpu"
    out = options.out or Path(os.environ.get("OUT") or "gpu-out")
    for place in (state / "blocks", out):
        place.mkdir(parents=True, exist_ok=True)
    _surroundings(state)
    kit, seen = look(_kit_folder(options, state), state, blocks, options.tiny)
    model = join(kit, state / "kit", state) if kit and any(block.needs_model for block in blocks) else state
    start = {**seen, "seconds": round(time.monotonic() - began, 2), "limit_s": START_S}
    start["holds"] = start["seconds"] <= START_S
    print(f"started in {start['seconds']} s", flush=True)
    _write(out, state, start)
    for block in blocks:
        limit = limits.get(block.name, block.tiny_limit_s if options.tiny else block.limit_s)
        device = "cpu" if options.tiny else "cuda:0"
        setting = Setting(device, options.tiny, model, state / "kit" / "part1" / "data", state, out, limit)
        _run(block, setting, kit)
        _write(out, state, start)
    return _conclude(state, blocks)


def _run(block: Block, setting: Setting, kit: Kit | None) -> None:
    """One block in a process of its own; if that fails, its findings so far are kept and the reason is added."""
    path = setting.state / "blocks" / f"{block.name}.json"
    path.unlink(missing_ok=True)
    stand_in = kit.stand_in if kit else ""
    begun = time.monotonic()
    reason = run_isolated(_work, (block, setting, stand_in, path), setting.limit_s)
    if reason:
        findings = Findings(block.name, path, about(setting, block, stand_in), begun=begun)
        if path.is_file():
            content = json.loads(path.read_text(encoding="utf-8"))
            findings.facts, findings.checks = content["facts"], content["checks"]
        findings.failed("ran to its end", reason)
    found = json.loads(path.read_text(encoding="utf-8"))
    reasons = "; ".join(found["reasons"])[:300]
    print(f"{block.name}: {WORDS[found['holds']]}, {found['seconds']:.1f} s {reasons}".rstrip(), flush=True)


def _work(block: Block, setting: Setting, stand_in: str, path: Path) -> None:
    import torch

    torch.set_num_threads(setting.threads)  # one in a rehearsal: threads that wait for a busy core take minutes
    guarded(block.load(), setting, Findings(block.name, path, about(setting, block, stand_in)))


def _surroundings(state: Path) -> None:
    """Environment that processes inherit: packages, caches, no network, and workspace for deterministic products."""
    site = state / "site"
    site.mkdir(exist_ok=True)
    path = [str(ROOT), str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ |= {
        "PYTHONPATH": os.pathsep.join(path), "XDG_CACHE_HOME": str(state / "cache"), "HF_HUB_OFFLINE": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    }  # fmt: skip
    sys.path.append(str(site))


def _kit_folder(options: argparse.Namespace, state: Path) -> Path:
    """The prepared folder; a rehearsal without one makes a stand-in."""
    if options.kit or not options.tiny:
        return Path(options.kit or ROOT / ".gpu")
    from tools.gpu.stand_in import make_stand_in

    make_stand_in(state / "made", state / "stand-in")
    return state / "stand-in"


def _limits(given: Sequence[str]) -> dict[str, float]:
    found = {}
    for item in given:
        name, _, seconds = item.partition("=")
        find_blocks([name])
        try:
            found[name] = float(seconds)
        except ValueError:
            raise CrossliftError(f"'{item}' is not a valid limit.", "Write NAME=SECONDS, such as sweep=180.") from None
    return found


def _write(out: Path, state: Path, start: dict[str, Any]) -> None:
    """Write all findings so far, of this command and earlier ones, to one file."""
    paths = {name: state / "blocks" / f"{name}.json" for name in NAMES}
    found = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.is_file()}
    text = json.dumps(finite({"format": 1, "start": start, "blocks": found}), indent=1, ensure_ascii=False)
    write_whole(out / "blocks.json", text.encode())


def _conclude(state: Path, blocks: Sequence[Block]) -> int:
    found = [json.loads((state / "blocks" / f"{block.name}.json").read_text(encoding="utf-8")) for block in blocks]
    print("\n".join(f"  {item['block']:<10} {WORDS[item['holds']]}" for item in found))
    return FAILED if any(item["holds"] is False for item in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
