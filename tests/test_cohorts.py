"""The split: 4:1 within each arm, stratified, outlined patients in train, independent of row order."""

import pandas as pd
import pytest

from npc_kedro.cohorts import draw_split, forecast_split
from npc_kedro.errors import CohortError


def patients(ccrt: tuple[int, int], ic_ccrt: tuple[int, int], outlined: int = 0) -> pd.DataFrame:
    """(residual, clear) counts per arm; the first ``outlined`` patients of all carry outlines."""
    rows = [
        {"arm": arm, "residual_tumor": outcome}
        for arm, counts in (("CCRT", ccrt), ("IC+CCRT", ic_ccrt))
        for outcome, count in zip((1, 0), counts, strict=True)
        for _ in range(count)
    ]
    frame = pd.DataFrame(rows)
    frame["patient_key"] = [f"{index:016x}" for index in range(len(frame))]
    frame["outlined"] = [index % 5 == 0 and index // 5 < outlined for index in range(len(frame))]
    return frame


def split(frame: pd.DataFrame, **changes: object) -> pd.DataFrame:
    return draw_split(frame, **({"test_share": 0.2, "validation_share": 0.2, "seed": 1} | changes))


def test_the_publications_counts():
    # 210 and 214 patients become 168 + 42 and 171 + 43, as printed.
    drawn = split(patients((76, 134), (52, 162), outlined=80))
    sizes = drawn.groupby(["arm", "cohort"]).size().to_dict()
    assert sizes == {("CCRT", "train"): 168, ("CCRT", "test"): 42, ("IC+CCRT", "train"): 171, ("IC+CCRT", "test"): 43}


def test_outcomes_are_in_proportion_and_outlined_patients_in_train():
    drawn = split(patients((20, 30), (15, 45), outlined=20))
    residual = drawn[drawn["cohort"] == "test"].groupby("arm")["residual_tumor"].agg(["sum", "size"])
    assert residual.loc["CCRT"].tolist() == [4, 10]  # 20/50 of 10
    assert residual.loc["IC+CCRT"].tolist() == [3, 12]  # 15/60 of 12
    assert (drawn.loc[drawn["outlined"], "cohort"] == "train").all()
    assert drawn["outlined"].sum() == 20


def test_every_patient_has_one_row_and_one_part():
    frame = patients((10, 20), (10, 20))
    drawn = split(frame)
    assert sorted(drawn["patient_key"]) == sorted(frame["patient_key"])
    assert ((drawn["part"] == "test") == (drawn["cohort"] == "test")).all()


def test_row_order_is_irrelevant_and_the_seed_is_not():
    frame = patients((20, 30), (15, 45))
    same = split(frame.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(split(frame), same)
    assert not split(frame, seed=2)["part"].equals(same["part"])


def test_an_arm_without_residual_tumour_is_refused_before_training():
    with pytest.raises(CohortError, match=r"arm IC\+CCRT: found 0 patients with residual tumour and 20 without"):
        split(patients((10, 20), (0, 20)))


def test_too_few_free_patients_for_the_test_cohort_is_said():
    frame = patients((10, 20), (10, 20))
    frame.loc[(frame["arm"] == "CCRT") & (frame["residual_tumor"] == 1), "outlined"] = True
    with pytest.raises(CohortError, match="in the test cohort, so that no AUC exists"):
        split(frame)


@pytest.mark.parametrize("residual", [1, 2])
def test_bad_input_33_fewer_patients_of_an_outcome_than_parts(residual: int) -> None:
    """Fit, validation and test need one each."""
    with pytest.raises(CohortError) as caught:
        split(patients((residual, 20), (residual, 20)))
    message = str(caught.value)
    assert message.count("arm CCRT: ") >= 1
    assert message.count("arm IC+CCRT: ") >= 1
    assert f"(of {residual} and 20; {residual} and 20 have no outline and may be tested on)" in message


def test_bad_input_33_three_patients_of_an_outcome_suffice() -> None:
    drawn = split(patients((3, 20), (3, 20)))
    residual = drawn[drawn["residual_tumor"] == 1]
    assert residual.groupby("arm")["part"].agg(sorted).tolist() == [["fit", "test", "validation"]] * 2


def test_the_forecast_is_the_division() -> None:
    frame = patients((20, 30), (15, 45), outlined=20)
    forecast = forecast_split(frame, test_share=0.2, validation_share=0.2, seed=1).set_index(["arm", "residual_tumor"])
    assert forecast.loc[("CCRT", 1), ["patients", "test"]].tolist() == [20, 4]
    assert forecast.loc[("IC+CCRT", 0), ["patients", "test"]].tolist() == [45, 9]
    assert forecast["outlined"].sum() == 20
    assert (forecast[["fit", "validation", "test"]].sum(axis=1) == forecast["patients"]).all()


def test_the_arms_are_drawn_independently():
    """Two arms alike in number and outcome: the same draw in both would be one draw."""
    drawn = split(patients((20, 30), (20, 30)))
    places = [
        [index for index, cohort in enumerate(drawn.loc[drawn["arm"] == arm, "cohort"]) if cohort == "test"]
        for arm in ("CCRT", "IC+CCRT")
    ]
    assert len(places[0]) == len(places[1]) == 10
    assert places[0] != places[1]
