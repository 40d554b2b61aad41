"""A planted leak must stop the run."""

import pandas as pd
import pytest

from npc_kedro.errors import LeakError
from npc_kedro.leaks import require_disjoint, require_no_test_patients, require_one_side


def test_disjoint_sets_pass_and_a_shared_patient_is_named():
    require_disjoint(["a", "b"], ["c"], "training and test patients")
    with pytest.raises(LeakError, match=r"1 patient\(s\) are among both training and test patients: b\."):
        require_disjoint(["a", "b"], ["b", "c"], "training and test patients")


@pytest.mark.parametrize("part", ["test", "unknown"])
def test_a_training_never_sees_other_parts(part):
    rows = pd.DataFrame({"patient_key": ["a", "b", "c"], "part": ["fit", "validation", part]})
    with pytest.raises(LeakError, match=part):
        require_no_test_patients(rows)


def test_a_patient_in_fit_and_validation_is_a_leak():
    rows = pd.DataFrame({"patient_key": ["a", "a", "b"], "part": ["fit", "validation", "fit"]})
    with pytest.raises(LeakError, match="fit and inner validation patients: a"):
        require_no_test_patients(rows)


def test_two_rows_of_one_patient_or_an_outlined_test_patient_are_leaks():
    cohorts = pd.DataFrame(
        {"patient_key": ["a", "b"], "cohort": ["train", "test"], "outlined": [True, False]},
    )
    require_one_side(cohorts)
    with pytest.raises(LeakError, match="more than one row"):
        require_one_side(pd.concat([cohorts, cohorts.assign(cohort="test", outlined=False)]))
    with pytest.raises(LeakError, match="outlined"):
        require_one_side(cohorts.assign(outlined=True))
