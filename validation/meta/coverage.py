"""Coverage of the pooled gain's interval and of prediction intervals, with crossed factors and shared baselines.

Usage: python validation/meta/coverage.py [DRAWS]   (from the root of the repository; minutes)
Prints the Markdown table of validation/meta/README.md. Each draw has 12 languages, 4 or 8 tasks, 5 models and 2
intermediate tasks: gains over one baseline share its sampling error; languages, tasks, models and language-task cells
have effects of their own.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np
import pandas as pd

from analysis.meta import meta_analyze
from analysis.outcomes.pairing import covariance

TRUE = 3.0
VARIANCES = {"language": 9.0, "target_task": 16.0, "model": 9.0, "cell": 4.0, "row": 4.0}
SEED = 20261121


def draw(rng: np.random.Generator, tasks: int, small: bool) -> tuple[pd.DataFrame, float, float]:
    """Gains with their sampling variances, the true mean in a new language, and a true gain new in every respect."""
    scale = 0.05 if small else 1.0
    size = {"language": 12, "target_task": tasks, "model": 5, "intermediate_task": 2}
    grid = pd.MultiIndex.from_product([range(n) for n in size.values()], names=list(size)).to_frame(index=False)
    cells = grid["language"] * tasks + grid["target_task"]
    truth = np.full(len(grid), TRUE)
    for name, levels in (("language", grid["language"]), ("target_task", grid["target_task"]),
                         ("model", grid["model"]), ("cell", cells)):  # fmt: skip
        truth += rng.normal(0.0, np.sqrt(scale * VARIANCES[name]), int(levels.max()) + 1)[levels]
    truth += rng.normal(0.0, np.sqrt(scale * VARIANCES["row"]), len(grid))
    reference = cells * size["model"] + grid["model"]
    own, shared = rng.uniform(1.0, 4.0, len(grid)), rng.uniform(1.0, 4.0, int(reference.max()) + 1)
    error = rng.normal(0.0, np.sqrt(own)) - rng.normal(0.0, np.sqrt(shared))[reference]
    frame = grid.astype(str).assign(
        gain=truth + error,
        baseline=reference,
        baseline_variance=shared[reference],
        variance=own + shared[reference],
    )
    language = TRUE + rng.normal(0.0, np.sqrt(scale * VARIANCES["language"]))
    new = TRUE + rng.normal(0.0, np.sqrt(scale * sum(VARIANCES.values())))
    return frame, language, new


def holds(row: pd.Series, value: float, kind: str = "conf") -> bool:
    return bool(row[f"{kind}_low"] <= value <= row[f"{kind}_high"])


def main(draws: int) -> None:
    print("| design | interval | of | method | coverage | width |\n|---|---|---|---|--:|--:|")
    for tasks, small in ((4, False), (8, False), (8, True)):
        rng = np.random.default_rng(SEED)
        hits: dict[tuple[str, str, str], list[tuple[bool, float]]] = defaultdict(list)
        for _ in range(draws):
            frame, language, new = draw(rng, tasks, small)
            crossed = meta_analyze(
                "gain",
                covariance(frame),
                random="(1|language) + (1|target_task) + (1|model) + (1|language:target_task)",
                frame=frame,
            )
            alone = meta_analyze("gain", "variance", frame=frame)
            for name, row in (
                ("crossed, Satterthwaite (default)", crossed.fixed.iloc[0]),
                ("independent, Knapp–Hartung", alone.fixed.iloc[0]),
                ("independent, CR2 by language", alone.robust(frame["language"]).iloc[0]),
            ):
                hits["95%", "pooled gain", name].append((holds(row, TRUE), row["conf_high"] - row["conf_low"]))
            levels = crossed.new_levels().set_index("group")
            for of, name, row, value in (
                ("new language", "crossed", levels.loc["language"], language),
                ("gain new in all", "crossed", levels.loc["all"], new),
                ("gain new in all", "independent", alone.predict().iloc[0], new),
            ):
                hits["95% prediction", of, name].append((holds(row, value, "pred"), row["pred_high"] - row["pred_low"]))
        words = f"{tasks} tasks, {'small' if small else 'large'} variances"
        for (interval, of, name), found in hits.items():
            share, width = np.mean([hit for hit, _ in found]), np.median([wide for _, wide in found])
            print(f"| {words} | {interval} | {of} | {name} | {100 * share:.1f}% | {width:.1f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
