"""The data sets of the engine's benchmarks, shared so that every engine fits the same rows."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
PINNED = HERE.parent / "validation" / "lme4" / "data"
# Where validation/lme4/make_data.R writes the larger sets; they are not kept in the repository.
LARGE = HERE / ".data"

FIXED = "gain ~ typology*log_params + log_corpus + (1|language) + (1|target_task) + (1|intermediate_task) + (1|study)"
SLOPE, INTERCEPTS = f"{FIXED} + (1 + typology|model)", f"{FIXED} + (1|model)"


@dataclass(frozen=True, slots=True)
class Set:
    """One data set, one model.

    ``rounds`` is how often the engines take turns, ``theirs`` how often a slow engine fits in a round.
    """

    name: str
    file: str
    formula: str
    rounds: int
    theirs: int

    @property
    def path(self) -> Path | None:
        """Where the rows are; ``None`` if they have not been written."""
        return next((folder / self.file for folder in (PINNED, LARGE) if (folder / self.file).exists()), None)

    def read(self) -> pd.DataFrame:
        """The rows; codes of InstEval are names, not numbers."""
        assert self.path is not None
        frame = pd.read_csv(self.path)
        if self.file.startswith("insteval"):
            names = ["s", "d", "dept", "service"]
            frame[names] = frame[names].astype("str")
        return frame


SETS = (
    Set("5,000 rows, random slope, six factors", "synth5k.csv", SLOPE, 5, 5),
    Set("5,000 rows, random intercepts, five factors", "synth5k.csv", INTERCEPTS, 5, 5),
    Set("50,000 rows, random slope, six factors", "synth50k.csv", SLOPE, 3, 1),
    Set("500,000 rows, random slope, six factors", "synth500k.csv", SLOPE, 1, 1),
    Set("InstEval, two factors", "insteval.csv.xz", "y ~ service + (1|s) + (1|d)", 3, 1),
    Set("InstEval, three factors", "insteval.csv.xz", "y ~ service + (1|s) + (1|d) + (1|dept:service)", 3, 1),
)


def write_large() -> None:
    """Write the larger sets with R, where it is installed."""
    if all(entry.path for entry in SETS) or shutil.which("Rscript") is None:
        return
    LARGE.mkdir(exist_ok=True)
    script = HERE.parent / "validation" / "lme4" / "make_data.R"
    subprocess.run(["Rscript", str(script), str(LARGE)], check=False, capture_output=True)
