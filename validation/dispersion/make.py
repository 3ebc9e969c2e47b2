"""Write the rows that reference.R fits: the same as tests/analysis/mixed/test_dispersion.py makes."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "analysis" / "mixed"))

if __name__ == "__main__":
    from test_dispersion import rows

    rows().to_csv(Path(__file__).with_name("rows.csv"), index=False)
