"""Bootstrap by patient: fast paths equal the general one, rows of a patient stay together, order does not matter."""

import numpy as np
import pandas as pd
import pytest

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import roc
from npc_kedro.statistics.bootstrap import bootstrap_by_patient, clustered_auc_interval, clustered_mean_interval
from npc_kedro.statistics.resampling import patient_index


@pytest.fixture(scope="module")
def slices():
    rng = np.random.default_rng(11)
    patient = np.repeat([f"p{i:02d}" for i in range(20)], rng.integers(1, 6, size=20))
    outcome = np.array([int(key[1:]) % 3 == 0 for key in patient], dtype=int)
    score = np.round(outcome + rng.normal(size=len(patient)), 1)
    return pd.DataFrame({"patient": patient, "outcome": outcome, "score": score})


def bounds(interval):
    return interval.estimate, interval.lo, interval.hi


def test_fast_auc_is_the_general_bootstrap(slices):
    general = bootstrap_by_patient(
        slices, "patient", lambda frame: roc.auc(frame["outcome"], frame["score"]), seed=3, n_resamples=200
    )
    fast = clustered_auc_interval(slices["outcome"], slices["score"], slices["patient"], seed=3, n_resamples=200)
    assert bounds(fast) == pytest.approx(bounds(general), abs=1e-12)
    assert fast.method == general.method == "percentile bootstrap by patient, 200 resamples"


def test_fast_mean_is_the_general_bootstrap(slices):
    general = bootstrap_by_patient(slices, "patient", lambda frame: frame["score"].mean(), seed=[3, 1], n_resamples=200)
    fast = clustered_mean_interval(slices["score"], slices["patient"], seed=[3, 1], n_resamples=200)
    assert bounds(fast) == pytest.approx(bounds(general), abs=1e-12)


def test_order_of_rows_does_not_matter(slices):
    mixed = slices.sample(frac=1, random_state=1)
    for frame in (slices, mixed):
        interval = clustered_auc_interval(frame["outcome"], frame["score"], frame["patient"], seed=5, n_resamples=300)
        mean = clustered_mean_interval(frame["score"], frame["patient"], seed=5, n_resamples=300)
        if frame is slices:
            first = (*bounds(interval), *bounds(mean))
    assert (*bounds(interval), *bounds(mean)) == pytest.approx(first, abs=1e-12)


def test_a_patient_drawn_twice_counts_as_two(slices):
    seen = []

    def patients(frame):
        seen.append(frame["patient"].nunique())
        return 1.0

    bootstrap_by_patient(slices, "patient", patients, seed=1, n_resamples=100)
    assert set(seen) == {20}


def test_repeating_each_slice_leaves_the_interval_alone_where_independence_would_narrow_it(slices):
    once = clustered_mean_interval(slices["score"], slices["patient"], seed=2)
    tenfold = pd.concat([slices] * 10)
    assert bounds(clustered_mean_interval(tenfold["score"], tenfold["patient"], seed=2)) == pytest.approx(bounds(once))


def test_standard_error_of_a_mean_of_independent_patients():
    values = np.random.default_rng(4).normal(size=400)
    interval = clustered_mean_interval(values, np.arange(400), seed=6, n_resamples=4000)
    half_width = 1.96 * values.std() / 20
    assert (interval.hi - interval.lo) / 2 == pytest.approx(half_width, rel=0.06)


def test_undefined_resamples_are_drawn_again_and_counted():
    outcome, score, patient = [1, 0, 0, 0], [3, 1, 2, 4], ["a", "b", "c", "d"]
    interval = clustered_auc_interval(outcome, score, patient, seed=1, n_resamples=200)
    assert np.isfinite(bounds(interval)).all()
    # Without patient a (probability 0.75^4 = 0.32), or with a only, there is no AUC: about 95 redraws for 200.
    redrawn = int(interval.method.split(", ")[2].split()[0])
    assert 50 < redrawn < 150


def test_hopeless_statistics_end_in_an_error(slices):
    calls = iter([1.0])
    with pytest.raises(StatisticsError, match=r"undefined on 200 of 200 resamples of 20 patients"):
        bootstrap_by_patient(slices, "patient", lambda _: next(calls, np.nan), seed=1, n_resamples=100)


@pytest.mark.parametrize(
    ("patient", "n_resamples", "message"),
    [
        (["a", "a", "a"], 200, "all 3 rows belong to one patient"),
        (["a", None, "b"], 200, "1 of 3 rows have no patient key"),
        (["a", "b"], 200, "patient has 2 values and values 3"),
        (["a", "b", "c"], 20, "n_resamples is 20"),
    ],
)
def test_bad_input(patient, n_resamples, message):
    with pytest.raises(StatisticsError, match=message):
        clustered_mean_interval([1.0, 2.0, 3.0], patient, seed=1, n_resamples=n_resamples)


def test_unknown_column(slices):
    with pytest.raises(StatisticsError, match="no column 'who'"):
        bootstrap_by_patient(slices, "who", len, seed=1)


def test_patients_keys_of_several_types_are_told_apart_as_text():
    """A column of a table may hold numbers and text: they have no order among each other."""
    keys = np.array([1, "a", 1, "b", 2, "a"], dtype=object)
    index, count = patient_index(keys)
    assert count == 4
    assert index.tolist() == [0, 2, 0, 3, 1, 2]
