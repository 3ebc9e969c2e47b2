"""Too little memory is an error with its numbers and the way round, for every command: no traceback, no signal."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from analysis.cli.main import COMMANDS
from analysis.core import memory
from analysis.core.errors import SizeError
from analysis.mixed import fit_mixed
from analysis.mixed.numerics import threads
from tests.conftest import ROOT

# What is imported before the limit is set: how a library dies while it is loaded is not this package's doing.
LIMITED = """
import resource, sys
import numpy, pandas, scipy.linalg, scipy.sparse, scipy.optimize, pyarrow.compute, pyarrow.parquet
from pathlib import Path
from analysis.cli.main import main
pyarrow.set_cpu_count(1)  # a thread that Arrow's pool cannot start is waited for without end
pyarrow.table({"a": ["x"], "b": [1]}).group_by("a").aggregate([("b", "sum")])
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + int(1e6 * float(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.exit(main(sys.argv[2:]))
"""
TABLE = str(ROOT / "data/published/chung2021_rembert.csv")
GIVEN = {
    "data": ["data"],
    "explore": ["explore", "--help"],  # a server that waits
    "fit": ["fit", "--factor", "typology", "--factor", "size"],
    "meta": ["meta"],
    "multiverse": ["multiverse", "--specifications", "20"],
    "power": ["power", "--languages", "20", "--tasks", "4"],
    "predict": ["predict", "--language", "sw"],
    "report": ["report", "--help"],  # notebooks run in processes of their own
    "scale": ["scale"],
    "sources": ["sources", "--outcome", "gain"],
    "typology": ["typology", "deu"],
    "validate": ["validate", TABLE],
    "verify": ["verify"],
}


def test_every_command_is_tried() -> None:
    assert set(GIVEN) == set(COMMANDS)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are kept on Linux alone")
@pytest.mark.parametrize("headroom", [30, 150])
@pytest.mark.parametrize("command", GIVEN)
def test_a_command_that_runs_out_of_memory_says_so(command: str, headroom: int) -> None:
    given = [sys.executable, "-c", LIMITED, str(headroom), *GIVEN[command]]
    done = subprocess.run(
        given,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
        timeout=900,
    )
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode != 2 or "memory" in done.stderr


def test_what_does_not_fit_is_refused_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 2e9)
    memory.require(1.7e9, "This", "Do that.")
    with pytest.raises(SizeError, match=r"^This would take about 1\.9 GB of memory, and 2\.0 GB are free\. Do that\.$"):
        memory.require(1.9e9, "This", "Do that.")


def test_what_a_limit_does_not_leave_is_refused_however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenBLAS asks for its work space without end, so it is asked for before."""
    monkeypatch.setattr(memory, "_own_limit", lambda: 5e7)
    memory.require_limit(4e7, "This", "Do that.")
    with pytest.raises(SizeError, match=r"^This would take about 0\.07 GB .* leaves 0\.05 GB\."):
        memory.require_limit(7e7, "This", "Do that.")
    threads._controller.cache_clear()
    with pytest.raises(SizeError, match="The work space of linear algebra"):
        fit_mixed("y ~ 1 + (1|g)", pd.DataFrame({"y": np.arange(30.0) % 7, "g": np.arange(30) % 5}))


def test_a_fit_that_does_not_fit_is_refused_before_it_allocates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 1e8)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"s": rng.integers(0, 4000, 20_000), "d": rng.integers(0, 3000, 20_000)})
    frame["y"] = rng.normal(size=len(frame))
    with pytest.raises(SizeError, match="the factor of (2,99[0-9]|3,000) random effects that are left"):
        fit_mixed("y ~ 1 + (1|s) + (1|d)", frame)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_is_free_is_the_least_of_all_limits() -> None:
    code = (
        "import resource; from analysis.core.memory import free_memory; before = free_memory();"
        "resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9,) * 2); print(free_memory() < min(before, 2e9))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "True"
