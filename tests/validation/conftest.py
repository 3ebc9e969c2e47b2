"""The calibration study's modules, which import each other by bare names as scripts do."""

from __future__ import annotations

import sys

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "validation" / "calibration"))
