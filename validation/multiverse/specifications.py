"""Draw a hundred specifications of the bundled multiverse and write rows and formulas for ``reference.R``.

Usage: python validation/multiverse/specifications.py   (from the root of the repository)

Kernels are left out, as lme4 lacks them. Kenward–Roger takes pbkrtest minutes on the larger ones: ten use it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.questions.multiverse import MultiverseRequest
from analysis.questions.multiverse.run import open_table
from analysis.questions.multiverse.specification_rows import FACTORS

FOLDER = Path(__file__).parent / "data"
SATTERTHWAITE, KENWARD_ROGER, SEED = 90, 10, 20


def main() -> None:
    table, space = open_table(MultiverseRequest(fixed=("kernel=none", "features=uriel"), limit=None))
    rng = np.random.default_rng(SEED)
    method = np.array([space.options(i)["df_method"] for i in range(len(space.table))])
    drawn = [
        *rng.choice(np.flatnonzero(method == "satterthwaite"), SATTERTHWAITE, replace=False),
        *rng.choice(np.flatnonzero(method == "kenward-roger"), KENWARD_ROGER, replace=False),
    ]
    columns = {name: table.frame[name] for name in FACTORS if name in table.frame.columns}
    columns |= {name: table.frame[name] for name in ("log_corpus", "score_without")}
    rows = []
    for position in drawn:
        options = space.options(int(position))
        spec = table.specify(options)
        distance = f"{options['measure']}_{options['recipe']}"
        columns[distance] = pd.Series(spec.x)
        columns[f"outcome_{spec.outcome}"] = pd.Series(table.values(spec.outcome))
        kept = "".join("1" if one else "0" for one in spec.kept)
        rows.append({"specification": int(position), **options, "distance": distance, "formula": spec.model.text,
                     "kept": kept})  # fmt: skip
    FOLDER.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(FOLDER / "specifications.csv", index=False, lineterminator="\n")
    pd.DataFrame(columns).to_csv(FOLDER / "rows.csv", index=False, lineterminator="\n", float_format="%.12g")


if __name__ == "__main__":
    main()
