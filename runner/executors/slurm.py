"""Submit a sweep to Slurm: a job array whose tasks run the same plan on one store, and lock the stages they take."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence

from analysis.core.errors import CrossliftError

from ..plan.request import Request
from ..store.atomic import write_whole
from ..store.store import Store
from ..training.snapshot import STOPPED
from .command import HOME, own_command

#: Seconds before the time limit at which a task is told to stop.
NOTICE_S = 180
#: The rest of the script: pass the signal on, wait, and queue a task again that stopped in the middle of a stage.
WAITING = (
    "child=$!",
    """trap 'kill -USR1 "$child"' USR1 TERM""",
    'wait "$child"; status=$?',
    'while kill -0 "$child" 2> /dev/null; do wait "$child"; status=$?; done',
    f'if [ "$status" -eq {STOPPED} ]; then scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"; fi',
    'exit "$status"',
)
#: Directory of the scripts and logs in a store.
FOLDER = "slurm"


def submit(store: Store, requests: Sequence[Request], options: argparse.Namespace) -> int:
    """Write the script of a job array and give it to ``sbatch``.

    The tasks need a file system that all nodes share and that has locks (``flock``): the locks of the store keep two
    tasks from the same stage. A task that is killed or preempted costs the stage that it was running; submit again.

    Raises
    ------
    CrossliftError
        If there is no ``sbatch``, or it refuses.
    """
    from analysis.present.terminal import console

    if shutil.which("sbatch") is None:
        raise CrossliftError("there is no sbatch on this machine.", "Run this on a login node of the cluster.")
    for request in requests:
        request.keep(store.begin(request.plan().stages))
    folder = store.path / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / "sweep.sbatch"
    write_whole(path, script(store, options).encode())
    done = subprocess.run(["sbatch", str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CrossliftError(f"sbatch refuses: {done.stderr.strip()}.", f"The script is '{path}'.")
    tasks = "1 task" if options.jobs == 1 else f"{options.jobs} tasks"
    console(stderr=True).print(f"{done.stdout.strip()}: {tasks}, script and logs in {folder}")
    return 0


def script(store: Store, options: argparse.Namespace) -> str:
    """The script of the job array."""
    where = store.path.resolve()
    command = own_command("run", str(where), "--device", options.device, "--workers", str(options.workers))
    command += ["--threads", str(options.threads)] * bool(options.threads)
    command += ["--snapshot", str(options.snapshot)]
    command += ["--mixed-versions"] * options.mixed_versions
    command += ["--keep-checkpoints"] * options.keep_checkpoints + ["--compile"] * options.compile
    logs = where / FOLDER / "%A-%a.log"
    lines = ["#!/bin/sh", "#SBATCH --job-name=crosslift", f"#SBATCH --array=1-{options.jobs or 1}"]
    lines += ["#SBATCH --requeue", f"#SBATCH --signal=B:USR1@{NOTICE_S}"]
    lines += [f"#SBATCH --output={shlex.quote(str(logs))}"]
    lines += [f"#SBATCH {option}" for option in options.sbatch]
    lines += [
        f"cd {shlex.quote(os.getcwd())}",
        f"export PYTHONPATH={shlex.quote(str(HOME))}${{PYTHONPATH:+:$PYTHONPATH}}",
    ]
    return "\n".join([*lines, shlex.join(command) + " &", *WAITING, ""])
