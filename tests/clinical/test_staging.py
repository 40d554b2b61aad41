"""All sixteen combinations, read off the manual's table."""

import pytest

from npc_kedro.clinical.staging import ajcc_stage

MANUAL = {
    "T1": ["I", "II", "III", "IVa"],
    "T2": ["II", "II", "III", "IVa"],
    "T3": ["III", "III", "III", "IVa"],
    "T4": ["IVa", "IVa", "IVa", "IVa"],
}


@pytest.mark.parametrize(("t", "n"), [(t, n) for t in range(1, 5) for n in range(4)])
def test_stage_groups(t: int, n: int) -> None:
    assert ajcc_stage(f"T{t}", f"N{n}") == MANUAL[f"T{t}"][n]


def test_other_stages_are_refused() -> None:
    with pytest.raises(ValueError, match="no stage for T5 N0"):
        ajcc_stage("T5", "N0")
