"""Time of 1,000 distance look-ups after loading.

Usage: python benchmarks/typology.py
"""

from __future__ import annotations

import statistics
import time

from machine import describe

from analysis.languages import distances as typology
from analysis.languages.codes import known_languages


def main() -> None:
    print(describe())
    codes = [iso for iso, language in known_languages().items() if language.features_code][:1000]
    print(f"milliseconds for {len(codes):,} languages at once (median of 20)\n")
    print("| measure | recipe | ms |")
    print("|---|---|---:|")
    for measure in typology.MEASURES:
        for recipe in typology.RECIPES if measure in typology.FEATURE_MEASURES else (None,):
            typology.distances(codes, measure=measure, recipe=recipe)
            seconds = []
            for _ in range(20):
                start = time.perf_counter()
                typology.distances(codes, measure=measure, recipe=recipe)
                seconds.append(time.perf_counter() - start)
            print(f"| {measure} | {recipe or typology.PLAIN} | {1e3 * statistics.median(seconds):.1f} |")


if __name__ == "__main__":
    main()
