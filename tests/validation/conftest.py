"""Scripts of ``validation`` as modules, which import each other by bare names."""

from __future__ import annotations

import sys

from tests.conftest import ROOT

for name in ("calibration", "peers"):
    sys.path.insert(0, str(ROOT / "validation" / name))
