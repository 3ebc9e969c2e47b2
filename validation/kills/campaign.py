"""Kill a sweep many times, fill its disk, damage its files: in the end its store is the undisturbed one, bit for bit.

Usage: ``python validation/kills/campaign.py [KILLS [SEED]]`` (default: 30 kills). The sweep is a real one of a tiny
model on the CPU, of two seeds with an intermediate task, worked on by two processes at once; a stage in training keeps
snapshots all the time. Exit status 1 if anything differs. Linux; the full disk needs the right to mount.

Processes are forked from this one after the libraries are loaded, so that kills hit the work and not the imports.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
#: Seconds that a round may go on after its first step or result before it is killed.
ROUND_S = 2.0
WORK = {"epochs": 10, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0.1}


def command(place, store, *more):
    """The arguments of ``runner run`` on a world."""
    where = [str(place / "grid.yaml"), "--store", str(store), "--data-dir", str(place / "data")]
    return ["run", *where, "--device", "cpu", "--workers", "1", "--threads", "1", "--snapshot", "0", *more]


def forked(arguments, log):
    """Run ``runner`` in a fork of this process; returns its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        with open(log, "ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        from runner.cli.main import main

        status = main(arguments)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    finally:
        # What the work has loaded: the parent loads it once for all that follow.
        Path(f"{log}.modules").write_text(json.dumps(list(sys.modules)))
        os._exit(status)


def finish(children):
    """Wait for processes; their exit statuses, negative for a signal."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def results(store):
    """What a store says, by file: scores of cells without their manifests, bits of items, and answers, as hashes."""
    found = {}
    for path in sorted((store / "cells").glob("[!.]*")):
        content = path.read_bytes()
        if path.suffix == ".json":
            cell = json.loads(content)
            content = json.dumps([cell["id"], cell["records"]], sort_keys=True).encode()
        found[path.name] = hashlib.sha256(content).hexdigest()
    for path in sorted((store / "predictions").glob("[!.]*")):
        found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def check(store, whole, step):
    """What is there is what an undisturbed sweep wrote."""
    from analysis.store.layout import damaged_files

    wrong = damaged_files(store)
    if wrong:
        raise SystemExit(f"{step}: damaged files: {wrong}")
    for name, digest in results(store).items():
        if whole.get(name) != digest:
            raise SystemExit(f"{step}: '{name}' differs from that of the undisturbed sweep")


def complete(place, store, whole, step, log):
    """Bring a sweep to its end and compare it as a whole."""
    statuses = finish([forked(command(place, store), log)])
    if statuses != [0] or results(store) != whole:
        raise SystemExit(f"{step}: status {statuses}, {len(results(store))} of {len(whole)} files, or another content")


def wait_for_work(store, patience_s=120.0):
    """Wait until a step, a stage or a cell was finished after now: kills shall hit the work and not the start."""
    begin = time.time()
    while time.time() < begin + patience_s:
        for folder in ("checkpoints", "stages", "cells"):
            for path in (store / folder).glob("*"):
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime > begin:
                        return
        time.sleep(0.02)


def kills(place, whole, wanted, chance, log):
    """Kill one of two processes, or both, after a random time; as often as is wanted, on the stores that that takes."""
    done, stores, stopped, inside = 0, 0, 0, 0
    store = place / "killed-0"
    while done < wanted:
        children = [forked(command(place, store), log) for _ in range(2)]
        wait_for_work(store)
        time.sleep(chance.uniform(0.0, ROUND_S))
        number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        hit = chance.sample(children, chance.choice([1, 2]))
        for child in hit:
            os.kill(child, number)
        living = [child for child in children if child not in hit]
        inside += bool(list((store / "checkpoints").glob(".snapshot-*")))
        statuses = finish(hit)
        if any(status < 0 for status in statuses) or 75 in statuses:
            done += 1
            stopped += 75 in statuses
        for child in living:
            os.kill(child, signal.SIGKILL)
        finish(living)
        check(store, whole, f"after kill {done}")
        if len(results(store)) == len(whole):
            stores += 1
            complete(place, store, whole, f"store {stores}", log)
            store = place / f"killed-{stores}"
    complete(place, store, whole, "the last store", log)
    return (
        f"{done}, {stopped} of them SIGTERM that was answered with a snapshot and status 75, the others fatal; "
        f"{inside} within the training of a stage; {stores + 1} stores"
    )


def full_disk(place, whole, log):
    """A disk of too few bytes, enlarged step by step."""
    disk = place / "disk"
    disk.mkdir()
    size = 64
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        return "not run: no right to mount a small disk"
    full = 0
    try:
        while True:
            start = log.stat().st_size
            (status,) = finish([forked(command(place, disk / "store"), log)])
            if status == 0:
                break
            said = log.read_bytes()[start:].decode(errors="replace")
            if status != 2 or "the disk is full" not in said:
                raise SystemExit(f"full disk: status {status}, and not the message: {said[-500:]}")
            full += 1
            if (disk / "store" / "cells").is_dir():
                check(disk / "store", whole, f"disk of {size} KiB")
            size = size * 5 // 4
            subprocess.run(["mount", "-o", f"remount,size={size}k", str(disk)], check=True)
        if results(disk / "store") != whole:
            raise SystemExit("full disk: another content in the end")
    finally:
        subprocess.run(["umount", str(disk)], check=False)
    return f"full {full} times, from 64 to {size} KiB"


def damage(place, whole, chance, log, rounds=6):
    """Bytes that are flipped, files cut short or emptied: named, dropped, run again."""
    told = 0
    for number in range(rounds):
        store = place / f"damaged-{number}"
        shutil.copytree(place / "undisturbed", store)
        files = [path for folder in ("cells", "stages") for path in (store / folder).glob("[!.]*")]
        hit = chance.sample(files, 3)
        for path in hit:
            content = bytearray(path.read_bytes())
            how = chance.choice(["flip", "cut", "empty"])
            if how == "flip":
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            path.write_bytes({"flip": content, "cut": content[: len(content) // 2], "empty": b""}[how])
        start = log.stat().st_size
        (status,) = finish([forked(command(place, store), log)])
        said = log.read_bytes()[start:].decode(errors="replace")
        # Of a cell whose Parquet is damaged the JSON is named.
        named = sum(path.stem in said.replace("\n", "") for path in hit)
        if status != 2 or "is damaged" not in said or not named:
            raise SystemExit(f"damage {number}: status {status}, {named} of 3 files named: {said[-800:]}")
        told += 1
        if finish([forked(["gc", str(store), "--damaged"], log)]) != [0]:
            raise SystemExit(f"damage {number}: gc failed")
        complete(place, store, whole, f"damage {number}", log)
    return f"{told} stores with 3 damaged files each: named, dropped, run again"


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    chance = random.Random(seed)
    import torch

    import runner.training.evaluate
    import runner.training.train  # noqa: F401
    from tests.runner.executors.world import make_world

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        log = place / "log"
        make_world(place, training=WORK)
        if finish([forked(command(place, place / "undisturbed"), log)]) != [0]:
            raise SystemExit(log.read_text())
        for name in json.loads(Path(f"{log}.modules").read_text()):
            if name not in sys.modules:
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        whole = results(place / "undisturbed")
        cells = sum(name.endswith(".json") for name in whole)
        print(f"seed {seed}; torch {torch.__version__}; {cells} cells, {len(whole)} files compared", flush=True)
        print("kills:", kills(place, whole, wanted, chance, log), flush=True)
        print("disk:", full_disk(place, whole, log), flush=True)
        print("damage:", damage(place, whole, chance, log), flush=True)
        print("every store was that of the undisturbed sweep in the end, bit for bit")


if __name__ == "__main__":
    main()
