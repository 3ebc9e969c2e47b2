"""BibTeX entries of the data and methods that reports use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from ..core.errors import unknown_name

#: Entry of each bundled set of scores, where its key is not the set's name.
SETS = {
    "muennighoff2022_xmtf": "muennighoff2023",
    "polyglot_prompt_explainaboard": "fu2022",
    "chung2021_rembert": "chung2021",
    "xue2021_mt5": "xue2021",
    "phang2020_x_stilts": "phang2020",
    "xtreme_baseline_via_veco_notes": "hu2020",
    "sumeval2022": "sumeval2022",
    "lm_eval_harness_2023_zero_shot": "lmeval2023",
    "mteb_retrieval_by_language": "muennighoff2023mteb",
    "masakhaner2_direct_finetuning_seeds": "adelani2022",
    "conneau2020_xlm_r_paper": "conneau2020",
    "conneau2020_goyal2021_xlm_r": "goyal2021",
    "ouyang2021_ernie_m_readme": "ouyang2021",
    "aghajanyan2020_r3f": "aghajanyan2021",
    "wang2020_minilm": "wang2020",
    "he2021_mdebertav3": "he2023",
    "artetxe2020_xquad": "artetxe2020",
    "lewis2020_mlqa": "lewis2020",
    "lample2019_xlm": "lample2019",
    "devlin2019_mbert": "devlin2019",
    "ponti2020_xcopa_leaderboard": "ponti2020",
    "devries2022_xpos": "devries2022",
    "stefanit_xlmv_seeds": "stefanit2023",
    "crosslift_mini": "wang2024",
}


@lru_cache(maxsize=1)
def entries() -> Mapping[str, str]:
    """All entries by key."""
    text = (Path(__file__).resolve().parent / "references.bib").read_text(encoding="utf-8")
    found = [part.strip() for part in re.split(r"(?m)^(?=@)", text) if part.startswith("@")]
    return {part[part.index("{") + 1 : part.index(",")]: part for part in found}


def entry(key: str) -> str:
    """One entry.

    Raises
    ------
    UnknownNameError
        With the nearest keys.
    """
    if key not in entries():
        raise unknown_name("reference", key, entries())
    return entries()[key]


def bibtex(keys: Sequence[str]) -> str:
    """Entries in the order of their keys."""
    return "\n\n".join(entry(key) for key in sorted(set(keys)))


def keys_of(sets: Sequence[str]) -> list[str]:
    """Keys for bundled sets; a user's own file does not have one."""
    return [SETS[name] for name in sets if name in SETS]
