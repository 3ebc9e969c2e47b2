"""Every way of keeping the border of the eliminated term and of going on to further terms, whatever the size."""

from __future__ import annotations

import pytest

from analysis.mixed.numerics import border, chain_border, chain_plan, crossproducts

#: Constants of ``analysis.mixed.numerics.border`` that lead to each way, whatever the data.
WAYS: dict[str, dict[str, float]] = {
    "dense": {"SPARSE": 0.0, "KIND": 0.0},
    "kinds": {"KIND": 1e9, "KINDS": 1e9},
    "kinds of a large border": {"DENSE": -1, "SPARSE": 2.0, "KINDS": 1e9},
    "pairs": {"SPARSE": 2.0, "KINDS": 0.0},
    "pairs of a large border": {"DENSE": -1, "SPARSE": 2.0, "KINDS": 0.0},
    "sparse products": {"DENSE": -1, "SPARSE": 2.0, "KINDS": 0.0, "MOST_PAIRS": -1},
}


def force(way: str, patch: pytest.MonkeyPatch) -> None:
    """Lead every border that is made to one way."""
    for name, value in WAYS[way].items():
        patch.setattr(border, name, value)


#: Steps cost nothing but their operations.
FREE = {"CELL": 0.0, "GROUP": 0.0, "BATCH": 0.0}
#: Constants of ``analysis.mixed.numerics.chain_plan`` that lead to each kind of chain.
CHAINS: dict[str, dict[str, float]] = {
    "cheapest": {},
    "by levels, shared": {"THIN": -1.0, "FEW_EDGES": -1, **FREE},
    "by levels, thin": {"THIN": 1e9, "FEW_EDGES": -1, **FREE},
    "parts": FREE,
}


def force_chain(way: str, patch: pytest.MonkeyPatch) -> None:
    """Follow the first plan there is for further terms, in any design; pairs are listed in half of the ways."""
    patch.setattr(crossproducts, "LOOK", 0)
    patch.setattr(chain_plan, "LOOK", 0)
    patch.setattr(chain_plan, "WORTHWHILE", 1e-12)
    if way.startswith("by levels"):
        patch.setattr(chain_border, "MOST_KINDS", 0)
    for name, value in CHAINS[way].items():
        patch.setattr(chain_plan, name, value)
