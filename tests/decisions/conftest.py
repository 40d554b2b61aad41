"""The publication's 85 test patients, rebuilt from the counts that it prints."""

import pandas as pd
import pytest

T_STAGES = {
    ("CCRT", 0): {"T1": 2, "T2": 9, "T3": 12, "T4": 1},
    ("CCRT", 1): {"T2": 2, "T3": 4, "T4": 12},
    ("IC+CCRT", 0): {"T1": 1, "T2": 11, "T3": 16, "T4": 4},
    ("IC+CCRT", 1): {"T3": 2, "T4": 9},
}
"""Table 1, test cohorts: T stage by arm and outcome."""


@pytest.fixture(scope="session")
def published_cases() -> dict[int, int]:
    """Table 3: cases of each cell."""
    return {1: 21, 2: 4, 3: 17, 5: 2, 7: 2, 10: 9, 11: 9, 13: 1, 14: 5, 15: 4, 16: 11}


@pytest.fixture(scope="session")
def published_patients() -> pd.DataFrame:
    """One row per test patient: patient_key, arm, residual_tumor, t_stage."""
    rows = [
        (arm, residual, stage)
        for (arm, residual), stages in T_STAGES.items()
        for stage, count in stages.items()
        for _ in range(count)
    ]
    table = pd.DataFrame(rows, columns=["arm", "residual_tumor", "t_stage"])
    return table.assign(patient_key=[f"{number:016x}" for number in range(len(table))])
