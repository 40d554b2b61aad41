"""McNemar: statsmodels, hand-worked mid-P, properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics.paired import mcnemar_exact, mcnemar_midp

counts = st.integers(0, 80)


@given(counts, counts)
def test_exact_agrees_with_statsmodels_and_midp_lies_below(b, c):
    exact, midp = mcnemar_exact(b, c), mcnemar_midp(b, c)
    assert exact.p == pytest.approx(mcnemar([[5, b], [c, 5]], exact=True).pvalue, abs=1e-10)
    assert 0 < midp.p <= exact.p <= 1
    assert (mcnemar_exact(c, b).p, mcnemar_midp(c, b).p) == (exact.p, midp.p)


def test_worked_by_hand():
    # b = 1, c = 5: exact 2 (1 + 6) / 64 = 14/64; mid-P takes half of the observed split off each side: (14 - 6) / 64.
    assert mcnemar_exact(1, 5).p == pytest.approx(14 / 64)
    assert mcnemar_midp(1, 5).p == pytest.approx(8 / 64)
    assert mcnemar_exact(0, 0).p == mcnemar_midp(0, 0).p == 1
    assert mcnemar_midp(4, 4).p == pytest.approx(1)


def test_counts_only():
    with pytest.raises(StatisticsError, match="c is -1"):
        mcnemar_exact(3, -1)
    with pytest.raises(StatisticsError, match=r"b is 2\.5"):
        mcnemar_midp(2.5, 1)
