"""Dice by patient and slice, worked by hand; the better segmenter is chosen on validation patients."""

import math

import pandas as pd
import pytest

from npc_kedro.errors import CohortError
from npc_kedro.training.segmentation_table import patient_level, segmentation_table


def table(dice_of_validation):
    nan = float("nan")
    rows = [
        ("a", "validation", 0, dice_of_validation, 10, 10),
        ("a", "validation", 1, nan, 0, 0),
        ("b", "validation", 2, 0.5, 4, 4),
        ("b", "validation", 3, 1.0, 6, 6),
        ("c", "train", 4, 0.9, 5, 5),
        ("d", "test", 5, 0.9, 5, 5),
        ("e", "test", 6, 0.0, 5, 0),
    ]
    columns = ["patient_key", "part", "slice_row", "dice", "outline_area_px", "predicted_area_px"]
    return pd.DataFrame(rows, columns=columns)


def test_levels_by_hand():
    out = segmentation_table({"unet": table(0.8), "deeplabv3": table(0.2)}, n_resamples=200, seed=1)
    row = out.set_index(["segmenter", "part", "level"])
    slices = row.loc[("unet", "validation", "slice")]
    assert (slices["n"], slices["n_empty"]) == (3, 1)
    assert slices["dice"] == pytest.approx((0.8 + 0.5 + 1.0) / 3)
    patients = row.loc[("unet", "validation", "patient")]
    assert (patients["n"], patients["n_empty"]) == (2, 0)
    # patient b: (0.5 * 8 + 1.0 * 12) / 20
    assert patients["dice"] == pytest.approx((0.8 + 0.8) / 2)
    assert patients["dice_lo"] <= patients["dice"] <= patients["dice_hi"]
    assert row.loc[("unet", "test", "patient"), "dice_lo"] == pytest.approx(0.0)
    assert math.isnan(row.loc[("unet", "train", "patient"), "dice_lo"])  # one patient has no interval
    assert out.loc[out["chosen"], "segmenter"].unique().tolist() == ["unet"]
    assert len(out) == 12


def test_the_choice_does_not_look_at_test_patients():
    worse_on_test = table(0.9)
    worse_on_test.loc[worse_on_test["part"] == "test", "dice"] = 0.0
    out = segmentation_table({"unet": table(0.8), "deeplabv3": worse_on_test}, n_resamples=200, seed=1)
    assert out.loc[out["chosen"], "segmenter"].unique().tolist() == ["deeplabv3"]


def test_patient_level_equals_overlap_over_sizes():
    frame = pd.DataFrame(
        {"patient_key": ["a", "a"], "dice": [0.5, 0.25], "outline_area_px": [6, 3], "predicted_area_px": [2, 5]}
    )
    values, keys = patient_level(frame)  # overlaps 2 and 1
    assert keys.tolist() == ["a"]
    assert values[0] == pytest.approx(2 * 3 / 16)


def test_nothing_to_compare_is_refused():
    empty = table(0.8)
    empty = empty[empty["part"] != "validation"]
    with pytest.raises(CohortError, match="cannot be compared"):
        segmentation_table({"unet": empty}, n_resamples=200, seed=1)
