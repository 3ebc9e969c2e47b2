"""Time of 1,000 distance look-ups after loading.

Usage: python benchmarks/typology.py
"""

from __future__ import annotations

import statistics
import time

from machine import describe

from analysis.languages import distances as typology
from analysis.languages.codes import known_languages
from analysis.languages.feature_sources import FEATURELESS, PLAIN, SOURCES


def main() -> None:
    print(describe())
    codes = [iso for iso, language in known_languages().items() if language.features_code][:1000]
    print(f"milliseconds for {len(codes):,} languages at once (median of 20)\n")
    print("| source | measure | recipe | ms |")
    print("|---|---|---|---:|")
    for source in SOURCES.values():
        for measure in source.measures:
            for recipe in source.recipes if measure not in FEATURELESS else (PLAIN,):
                typology.distances(codes, measure=measure, recipe=recipe, source_data=source.name)
                seconds = []
                for _ in range(20):
                    start = time.perf_counter()
                    typology.distances(codes, measure=measure, recipe=recipe, source_data=source.name)
                    seconds.append(time.perf_counter() - start)
                print(f"| {source.name} | {measure} | {recipe} | {1e3 * statistics.median(seconds):.1f} |")


if __name__ == "__main__":
    main()
