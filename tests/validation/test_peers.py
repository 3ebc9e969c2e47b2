"""Examples of other packages' documentation: what we compute is what they print, to the digits of their searches."""

from __future__ import annotations

import agreement
import numpy as np
import pytest

# metafor's and nlme's searches end this far from the maximum at most; lme4's tests take numerical second derivatives.
LIKELIHOOD, ESTIMATE, STD_ERROR, VARIANCE, TESTS = 1e-8, 1e-6, 5e-6, 5e-5, 2e-4

EXAMPLES = agreement.examples()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"].replace(" ", "-"))
def test_agreement(example) -> None:
    found = agreement.compare(example)
    assert abs(found.likelihood) < LIKELIHOOD
    assert found.estimate < ESTIMATE
    assert found.std_error < STD_ERROR
    assert found.variance < VARIANCE
    assert np.isnan(found.tests) == (not example.get("anova"))
    assert not found.tests >= TESTS


def test_the_examples_have_not_become_fewer() -> None:
    kinds = [example["kind"] for example in EXAMPLES]
    assert {kind: kinds.count(kind) for kind in kinds} == {"rma.mv": 23, "rma": 14, "scale": 4, "mixed": 15}
    assert {example.get("struct") for example in EXAMPLES} >= {"UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR"}


def test_the_table_has_a_row_for_each_example() -> None:
    rows = [agreement.compare(example) for example in EXAMPLES[:2]]
    text = agreement.agreement_table(rows)
    assert all(row.name in text and row.source in text for row in rows)
