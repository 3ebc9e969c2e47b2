"""The bundled tables of records, read once for all tests of claims."""

from __future__ import annotations

import pytest

from analysis.claims.audit.printed_tables import Block, bundled_blocks


@pytest.fixture(scope="session")
def blocks() -> tuple[Block, ...]:
    return tuple(bundled_blocks())
