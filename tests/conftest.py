"""Shared fixtures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent


def skip_or_fail(reason: str) -> None:
    """Skip on a user's machine; fail in CI, where the thing is promised."""
    if os.environ.get("CROSSLIFT_CI"):
        pytest.fail(f"promised in CI: {reason}")
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output is folded to ``COLUMNS``, which some shells export; a test that folds sets it."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The collected sources that ``data/`` was converted from; a clone does not have them."""
    path = ROOT.parent / "shared"
    if not path.is_dir():
        skip_or_fail("the collected sources are not beside this checkout")
    return path


@pytest.fixture(scope="session")
def lme4() -> dict[str, Any]:
    """Pinned fits of lme4, with versions."""
    return json.loads((ROOT / "validation/lme4/reference.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def lme4_data() -> dict[str, pd.DataFrame]:
    """The data behind the pinned fits; factors that R codes as such are text."""
    frames = {}
    for path in sorted((ROOT / "validation/lme4/data").glob("*.csv")):
        frame = pd.read_csv(path)
        if path.stem == "cake":
            frame["replicate"] = frame["replicate"].astype(str)
        frames[path.stem] = frame
    return frames
