"""The claim language: a claim as a line of text, such as ``mean(gain) = 5.4``, checked over any table.

May import: claims, records, languages, core.
"""

from .check import TableClaim, check_claim
from .parser import parse
from .sheet import Sheet, read_sheet

__all__ = ["Sheet", "TableClaim", "check_claim", "parse", "read_sheet"]
