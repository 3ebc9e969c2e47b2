"""Write ``benchmarks/gpu/RESULTS.md`` from the kit's results: every number with the card's name.

Usage: ``python -m tools.gpu.results PACK [--out FILE] [--rehearsal]`` where PACK holds ``blocks.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError
from tools.gpu.acceptance import ROOT, WORDS
from tools.gpu.blocks import NAMES
from tools.gpu.pages import PAGES, table

OUT = ROOT / "benchmarks" / "gpu" / "RESULTS.md"


def report(content: Mapping[str, Any], rehearsal: bool = False) -> str:
    """The page.

    Parameters
    ----------
    content
        ``blocks.json``.
    rehearsal
        Whether to accept a run on a CPU, which the page then says first.

    Raises
    ------
    CrossliftError
        If it is from a CPU or a stand-in, and ``rehearsal`` is not set.
    """
    start, blocks = content["start"], content["blocks"]
    tried = [name for name, block in blocks.items() if block["rehearsal"] or block.get("stand_in")]
    if tried and not rehearsal:
        raise CrossliftError(
            f"{', '.join(tried)}: a rehearsal, whose numbers are not results.",
            "Run the kit on a GPU, or give --rehearsal.",
        )
    card = str(start["device"].get("name", "cpu"))
    parts = [_head(start, card, bool(tried)), _verdicts(blocks, card)]
    parts += [PAGES[name](blocks[name], card) for name in NAMES if name in PAGES and name in blocks]
    return "\n\n".join(parts) + "\n"


def _head(start: Mapping[str, Any], card: str, tried: bool) -> str:
    versions = ", ".join(f"{name} {value}" for name, value in start["versions"].items() if value)
    kit = start["kit"] or {}
    lines = [
        "# Results on a GPU", "",
        *(["**A rehearsal on a CPU with stand-ins. Nothing here is a result.**", ""] if tried else []),
        f"{card}, driver {start['device'].get('driver', 'not said')}, {start['cores']} cores,",
        f"Python {start['python']}, {start['date'][:10]}. One run by the kit in `tools/gpu`; this page is written by",
        "`python -m tools.gpu.results`.", "",
        f"{versions}. Checkout {kit.get('git') or 'not said'}. The kit started in {start['seconds']:.1f} s.",
    ]  # fmt: skip
    return "\n".join(lines)


def _verdicts(blocks: Mapping[str, Any], card: str) -> str:
    rows = [
        (name, card, WORDS[block["holds"]], f"{block['seconds']:.0f} of {block['limit_s']:.0f}",
         "; ".join(block["reasons"]) or "–")
        for name, block in blocks.items()
    ]  # fmt: skip
    return table("Blocks", ("block", "card", "verdict", "seconds", "why not"), rows)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write benchmarks/gpu/RESULTS.md.")
    parser.add_argument("pack", type=Path, metavar="PACK")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FILE")
    parser.add_argument("--rehearsal", action="store_true", help="accept a run on a CPU; needs --out")
    options = parser.parse_args()
    path = options.pack / "blocks.json"
    try:
        if options.rehearsal and options.out == OUT:
            raise CrossliftError("a rehearsal does not give results.", "Give --out with another file.")
        if not path.is_file():
            raise CrossliftError(f"'{path}' is missing.", "Give the folder with the files that the kit brought back.")
        text = report(json.loads(path.read_text(encoding="utf-8")), options.rehearsal)
    except CrossliftError as error:
        print(f"results: {error.message}\n  {error.hint}", file=sys.stderr)
        return 2
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    print(f"{options.out}: {len(text.splitlines())} lines")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
