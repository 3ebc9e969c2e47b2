"""Claims written down as a line of text, such as ``mean(gain) = 5.4``, and checked over any table."""

from .check import TableClaim, check_claim
from .parser import parse
from .sheet import Sheet, read_sheet

__all__ = ["Sheet", "TableClaim", "check_claim", "parse", "read_sheet"]
