"""A notebook that is quick to run, and faults to plant in it."""

from __future__ import annotations

from pathlib import Path

PROSE = """# %% [markdown]
# # A tiny report
#
# > {answer}
#
# {figure line}
#
# The slope is {slope}, where $\\\\beta = \\\\frac{a}{b}$ and a < b.
#
# {table rows}
"""
CODE = """
# %%
from analysis.records.read import read_inputs
from analysis.reports import Value, begin
from analysis.core.text import Table

session = begin("tiny")
session.provenance(read_inputs(session.data or ["devlin2019_mbert"], session.mapping).sources)

# %%
session.numbers["slope"] = Value(-1.234, -2.0, -0.4, 2, "points", 23.0, 0.01)
session.say("answer", "It falls by {slope.size} points ({slope.basis}). That is <all>.")
session.figure("line", lambda ax: ax.plot([1, 2], [3, 4]), "A line, {slope.estimate}.", "A line that rises")
session.table("rows", Table(("name", "n"), (("x & y", "1"),), "Rows"))
session.diagnose("Nothing is wrong.", "Nothing is wrong.")
session.method("A line was drawn; its slope is {slope.estimate}.")
session.cite("phang2020")
session.finish()
"""


def write(folder: Path, name: str = "tiny", prose: str = PROSE, code: str = CODE) -> Path:
    """Write it as ``NAME.py``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(prose.replace("\\\\", "\\") + code, encoding="utf-8")
    return path
