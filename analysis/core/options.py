"""Names that the command line offers; imported without numpy."""

from __future__ import annotations

DF_METHODS = ("satterthwaite", "kenward-roger", "normal")
