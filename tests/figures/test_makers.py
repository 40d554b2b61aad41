"""What each figure says, against tables small enough to count by hand."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from figure_examples import (
    ATTRITION,
    MODELS,
    POLICIES,
    SITUATIONS,
    decision_table,
    histories,
    picture,
    segmentation_tables,
)
from npc_kedro.errors import ConsistencyError
from npc_kedro.figures.attrition_flow import attrition_flow, steps_of
from npc_kedro.figures.calibration import calibration
from npc_kedro.figures.canvas import Arrow, Band, Bars, Box, Heatmap, Line, Note, Picture, Points, Ribbon
from npc_kedro.figures.cohort_montage import CohortSlice, cohort_montage
from npc_kedro.figures.confusion_matrices import confusion_matrices
from npc_kedro.figures.decision_curves import decision_curves
from npc_kedro.figures.dice_by_epoch import dice_by_epoch
from npc_kedro.figures.grad_cam_montage import CamPanel, blend, grad_cam_montage
from npc_kedro.figures.learning_curves import learning_curves
from npc_kedro.figures.montage import contour, grey
from npc_kedro.figures.null_policies import null_policies
from npc_kedro.figures.palette import REFERENCE, VERDICT_INKS
from npc_kedro.figures.roc_curves import roc_curves
from npc_kedro.figures.segmentation_dice import segmentation_dice
from npc_kedro.figures.segmentation_montage import SegmentedSlice, segmentation_montage
from npc_kedro.figures.sixteen_cells_flow import sixteen_cells_flow
from npc_kedro.study import Verdict


def labelled(figure, kind=Line):
    return {mark.label: mark for mark in figure.marks(kind) if mark.label}


# --- ROC ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def curve() -> pd.DataFrame:
    # Two of each outcome, scores 0.9 (RT), 0.8 (NRT), 0.4 (RT), 0.1 (NRT): corners by hand, in no order.
    rows = [(0.5, 0.5), (1.0, 0.5), (0.0, 1.0), (0.5, 1.0)]
    frame = pd.DataFrame(rows, columns=["specificity", "sensitivity"])
    return frame.assign(arm="CCRT", unit="patient", network="resnet50")


def test_roc_runs_through_its_corners_from_end_to_end(curve):
    (panel,) = roc_curves(curve, simulated=False).panels
    chance, line = panel.marks
    assert chance.ink == REFERENCE
    assert list(zip(line.x, line.y, strict=True)) == [(0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1)]
    assert line.label == "ResNet-50"
    assert panel.title == "CCRT, patient level"


def test_roc_legend_takes_auc_and_interval_from_table2(curve):
    table2 = pd.DataFrame(
        [("CCRT", "patient", "resnet50", 0.75, 0.5, 1.0), ("CCRT", "patient", "average", 0.75, np.nan, np.nan)],
        columns=["model", "unit", "network", "auc", "auc_lo", "auc_hi"],
    )
    assert "ResNet-50 0.75 [0.50, 1.00]" in labelled(roc_curves(curve, table2=table2, simulated=False))


def test_roc_legend_takes_the_bounds_that_stay_right_near_one(curve):
    columns = ["model", "unit", "network", "auc", "auc_lo", "auc_hi", "auc_logit_lo", "auc_logit_hi"]
    perfect = pd.DataFrame([("CCRT", "patient", "resnet50", 1.0, 1.0, 1.0, 0.48, 1.0)], columns=columns)
    assert "ResNet-50 1.00 [0.48, 1.00]" in labelled(roc_curves(curve, table2=perfect, simulated=False))
    without = perfect.assign(auc_logit_lo=np.nan, auc_logit_hi=np.nan, auc_lo=0.9)
    assert "ResNet-50 1.00 [0.90, 1.00]" in labelled(roc_curves(curve, table2=without, simulated=False))


def test_roc_bands_lie_over_false_positive_rates(curve):
    bands = curve.iloc[:2].assign(specificity=[0.25, 0.75], lo=[0.4, 0.1], hi=[1.0, 0.9])
    (band,) = roc_curves(curve, bands, simulated=False).marks(Band)
    assert (band.x, band.lo, band.hi) == ((0.75, 0.25), (0.4, 0.1), (1.0, 0.9))


def test_roc_of_all_models_fills_four_panels(curve):
    everything = pd.concat([curve.assign(arm=a, unit=u, network=n) for a, u, n in MODELS])
    figure = roc_curves(everything, simulated=False)
    titles = {(panel.row, panel.col): panel.title for panel in figure.panels}
    assert titles == {
        (0, 0): "CCRT, image level",
        (0, 1): "CCRT, patient level",
        (1, 0): "IC+CCRT, image level",
        (1, 1): "IC+CCRT, patient level",
    }
    assert len(figure.marks(Line)) == 4 * (4 + 1)


def test_missing_columns_are_named(curve):
    with pytest.raises(ConsistencyError, match=r"ROC curves .* expected also \['sensitivity'\]"):
        roc_curves(curve.drop(columns="sensitivity"), simulated=False)
    with pytest.raises(ConsistencyError, match="no row"):
        roc_curves(curve.iloc[:0], simulated=False)


# --- other curves ---------------------------------------------------------------------------------------------------


def test_confusion_matrix_has_truth_in_rows_and_residual_tumour_first():
    counts = pd.DataFrame([("CCRT", "patient", "xception", 15, 2, 3, 22)], columns=[*"aun", "tp", "fp", "fn", "tn"])
    counts.columns = ["model", "unit", "network", "tp", "fp", "fn", "tn"]
    (cells,) = confusion_matrices(counts, simulated=False).marks(Heatmap)
    assert cells.text == (("15\n83%", "3\n17%"), ("2\n8%", "22\n92%"))
    assert cells.values[0] == (15 / 18, 3 / 18)
    assert cells.x_labels == cells.y_labels == ("RT", "NRT")


def test_sixteen_matrices_stand_in_a_grid_and_averages_are_left_out():
    rows = [(a, u, n, 1, 1, 1, 1) for a, u, n in MODELS] + [("CCRT", "image", "average", *[np.nan] * 4)]
    figure = confusion_matrices(
        pd.DataFrame(rows, columns=["model", "unit", "network", "tp", "fp", "fn", "tn"]), simulated=False
    )
    assert len(figure.marks(Heatmap)) == 16
    assert (figure.rows, figure.cols) == (4, 4)


def test_calibration_joins_bins_in_order_and_shows_their_sizes():
    bins = pd.DataFrame({"predicted": [0.8, 0.2], "observed": [1.0, 0.25], "n": [1, 3]})
    bins = bins.assign(arm="CCRT", unit="patient", network="resnet50", observed_lo=[0.2, 0.05], observed_hi=[1.0, 0.7])
    figure = calibration(bins, simulated=False)
    (points,), (bars,) = figure.marks(Points), figure.marks(Bars)
    assert (points.x, points.y, points.y_lo, points.y_hi) == ((0.2, 0.8), (0.25, 1.0), (0.05, 0.2), (0.7, 1.0))
    assert bars.height == (0.75, 0.25)
    assert not figure.marks(Note)


def test_decision_curves_keep_references_grey_and_cut_below_zero():
    figure = decision_curves(decision_table(), simulated=False)
    lines = labelled(figure)
    assert lines["act on all"].ink.color == lines["act on none"].ink.color
    assert lines["act on all"].ink.dash != lines["act on none"].ink.dash
    assert set(lines["act on none"].y) == {0.0}
    assert len(figure.marks(Line)) == 4 * 7
    assert all(-0.1 < panel.y.limits[0] < 0 for panel in figure.panels)


def test_learning_curves_are_three_rows_of_four_panels():
    figure = learning_curves(histories(), simulated=False)
    assert (figure.rows, figure.cols, len(figure.panels)) == (3, 4, 12)
    assert len(figure.marks(Line)) == 4 * 4 * (2 + 2 + 1)  # the AUC is that of validation patients only
    assert len({panel.y.limits for panel in figure.panels if panel.row == 0}) == 1
    assert set(labelled(figure)) == {"EfficientNet-B0", "Inception-ResNet-v2", "ResNet-50", "Xception"}


def test_learning_curves_show_the_network_that_learns_longest_to_its_end():
    made = histories()
    key = next(key for key in made if key[1] == "efficientnet_b0")
    last = made[key]["epoch"].max()
    more = made[key].assign(epoch=made[key]["epoch"] + last)
    figure = learning_curves({**made, key: pd.concat([made[key], more])}, simulated=False)
    assert max(panel.x.limits[1] for panel in figure.panels) > 2 * last


def test_one_huge_loss_does_not_flatten_the_other_curves():
    made = histories()
    usual = learning_curves(made, simulated=False)
    made[next(iter(made))].loc[0, "validation_loss"] = 300.0
    figure = learning_curves(made, simulated=False)
    (top,) = {panel.y.limits[1] for panel in figure.panels if panel.row == 0}
    assert top < 3 * usual.panels[0].y.limits[1]
    assert "Beyond the axis: 1 of" in figure.caption
    assert "up to 300.0" in figure.caption
    assert "Beyond the axis" not in usual.caption


def test_dice_by_epoch_tells_training_from_validation():
    history = pd.DataFrame({"epoch": [1, 2], "train_dice": [0.5, 0.7], "validation_dice": [0.4, 0.6]})
    lines = labelled(dice_by_epoch({"unet": history}, simulated=False))
    assert lines["U-Net, training"].y == (0.5, 0.7)
    assert lines["U-Net, validation"].y == (0.4, 0.6)
    assert lines["U-Net, training"].ink.dash != lines["U-Net, validation"].ink.dash


def test_segmentation_dice_draws_each_patient_once_without_empty_slices():
    summary, slices = segmentation_tables()
    figure = segmentation_dice(summary, slices, simulated=False)
    assert [panel.title for panel in figure.panels] == ["training patients", "validation patients", "test patients"]
    clouds = [len(points.x) for points in figure.marks(Points) if not points.y_lo]
    assert clouds == [14, 14, 4, 4, 6, 6]
    assert not np.isnan([y for points in figure.marks(Points) for y in points.y]).any()
    assert "Chosen on the validation patients: DeepLabV3." in figure.caption


def test_segmentation_dice_draws_each_patients_dice_over_all_slices():
    """One slice of 100 + 100 pixels at Dice 0.9, one of 10 + 10 at 0.1: (90 + 1) / 110 together."""
    summary, slices = segmentation_tables()
    rows = {"patient_key": ["a", "a", "b"], "part": "test", "dice": [0.9, 0.1, np.nan]}
    areas = {"outline_area_px": [100, 10, 0], "predicted_area_px": [100, 10, 0]}
    figure = segmentation_dice(summary, {name: pd.DataFrame(rows | areas) for name in slices}, simulated=False)
    clouds = [points.y for points in figure.marks(Points) if not points.y_lo and points.y]
    assert clouds == [pytest.approx((91 / 110,))] * 2


# --- flows ----------------------------------------------------------------------------------------------------------


def test_every_stage_of_the_flow_carries_all_85_patients():
    ribbons = sixteen_cells_flow(SITUATIONS, simulated=False).marks(Ribbon)
    assert len(ribbons) == 11 * 4
    for stage in range(4):
        crossing = [ribbon for ribbon in ribbons if round(ribbon.x0) == stage]
        assert sum(ribbon.value for ribbon in crossing) == 85
        for ribbon in crossing:
            assert ribbon.hi0 - ribbon.lo0 == pytest.approx(ribbon.value)
            assert ribbon.hi1 - ribbon.lo1 == pytest.approx(ribbon.value)


def test_nodes_hold_the_published_tallies():
    words = [note.text for note in sixteen_cells_flow(SITUATIONS, simulated=False).marks(Note)]
    assert {"CCRT: 46", "IC+CCRT: 18", "IBT: 21"} <= set(words)
    # The publication's tally: models 58 / 11 / 16, physicians 39 / 26 / 20.
    assert words[-8:] == [
        *("Verdict on\nthe models", "correct: 58", "wrong: 11", "undetermined: 16"),
        *("Verdict on\nthe physicians", "correct: 39", "wrong: 26", "undetermined: 20"),
    ]


def test_threads_do_not_overlap_within_a_stage_and_colours_are_verdicts():
    ribbons = sixteen_cells_flow(SITUATIONS, simulated=False).marks(Ribbon)
    for stage in range(4):
        edges = sorted((r.lo0, r.hi0) for r in ribbons if round(r.x0) == stage)
        assert all(below[1] <= above[0] + 1e-9 for below, above in pairwise(edges))
    last = [r for r in ribbons if round(r.x0) == 3]
    wrong = VERDICT_INKS[Verdict.WRONG].color
    assert sum(r.value for r in last if r.ink.color == wrong) == 26
    assert sum(r.value for r in ribbons if round(r.x0) == 0 and r.ink.color == wrong) == 11


def test_cells_without_cases_leave_no_thread():
    empty = SITUATIONS.assign(cases=[9] + [0] * 9 + [np.nan])
    assert {ribbon.value for ribbon in sixteen_cells_flow(empty, simulated=False).marks(Ribbon)} == {9}


def test_attrition_steps_gather_reasons():
    steps = steps_of(ATTRITION)
    assert (steps[0].name, steps[0].unit, steps[0].entered, steps[0].used) == ("clinical table", "patients", 131, 128)
    assert [count for _, count in steps[0].reasons] == [2, 1]
    assert steps[0].notes == ("AJCC stage is not that of T and N (3 kept)",)
    assert steps[2].reasons == (("not contrast-enhanced T1", 300), ("not axial", 84))


def test_attrition_draws_a_box_a_step_and_an_arrow_within_a_unit():
    figure = attrition_flow(ATTRITION, simulated=False)
    boxes = figure.marks(Box)
    main = [box for box in boxes if not box.text.startswith("Excluded")]
    side = [box for box in boxes if box.text.startswith("Excluded")]
    assert (len(main), len(side)) == (8, 6)
    # patients 4 steps, files 2: 3 + 1 arrows down, and one to every side box.
    assert len(figure.marks(Arrow)) == 4 + 6
    assert [note.text for note in figure.marks(Note)] == ["Patients", "Series", "Files", "Slices"]
    assert any("1,832  empty prediction" in box.text for box in side)
    (panel,) = figure.panels
    assert all(0 <= box.y_lo < box.y_hi <= panel.y.limits[1] for box in boxes)
    columns = [sorted((b.y_lo, b.y_hi) for b in group) for group in (main, side)]
    assert all(a[1] <= b[0] for group in columns for a, b in pairwise(group))


def test_attrition_branches_are_not_drawn_as_a_chain():
    rows = [("crop", 127, "no_t1_evidence"), ("CCRT", 64, "none: 51 train, 13 test"), ("IC+CCRT", 63, "")]
    table = pd.DataFrame(
        [(step, "patients", n, n, 0, reason) for step, n, reason in rows], columns=list(ATTRITION.columns)
    )
    figure = attrition_flow(table, simulated=False)
    assert not figure.marks(Arrow)
    assert [box.text for box in figure.marks(Box)] == [
        "Crop\npatients: all 127 used\nno T1 evidence",
        "CCRT\npatients: all 64 used\n51 train, 13 test",
        "IC+CCRT\npatients: all 63 used",
    ]


def test_attrition_that_does_not_add_up_is_refused():
    wrong = ATTRITION.assign(excluded=ATTRITION["excluded"].replace(84, 80))
    with pytest.raises(ConsistencyError, match="512 entered and 128 were used, but the exclusions sum to 380"):
        attrition_flow(wrong, simulated=False)


def test_policies_are_ranked_and_told_apart():
    figure = null_policies(POLICIES, simulated=False)
    (panel,) = figure.panels
    words = [word for _, word in panel.y.ticks]
    assert words[-1] == "models (n = 69)"
    assert words[0] == "shuffled models (n = 70)"
    models, physicians, rest = figure.marks(Points)
    assert (models.x, models.x_lo, models.x_hi) == ((0.8406,), (0.74,), (0.907,))
    assert physicians.x == (0.6,)
    assert len(rest.x) == 6


def test_policies_that_judge_nobody_stand_last_without_a_point():
    unjudged = pd.DataFrame(
        {"policy": ["all_ccrt", "model"], "rate": [None, 0.5], "lo": [None, 0.2], "hi": [None, 0.8]}
    )
    (panel,) = null_policies(unjudged, simulated=False).panels
    assert panel.y.ticks[0] == (0.0, "CCRT for all")
    assert np.isnan(panel.marks[-1].x[0])


def test_curves_of_a_validation_part_without_auc_still_have_a_scale():
    blank = {key: table.assign(validation_auc=np.nan, train_loss=np.nan) for key, table in histories().items()}
    figure = learning_curves(blank, simulated=False)
    assert all(np.isfinite(panel.y.limits).all() for panel in figure.panels)


# --- montages -------------------------------------------------------------------------------------------------------


def test_contour_encloses_the_mask_and_keeps_regions_apart():
    mask = np.zeros((6, 8), bool)
    mask[1:3, 2:5] = True
    mask[4, 7] = True
    line = contour(mask, REFERENCE)
    x, y = np.array(line.x), np.array(line.y)
    assert np.isnan(x).sum() == 1
    assert (np.nanmin(x), np.nanmax(x), np.nanmin(y), np.nanmax(y)) == (1.5, 7.5, 0.5, 4.5)
    assert contour(np.zeros((4, 4)), REFERENCE).x == ()


def test_grey_keeps_bytes_and_stretches_the_rest():
    crop = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert (grey(crop).pixels == crop).all()
    stretched = grey(np.linspace(-1000, 3000, 10_000).reshape(100, 100)).pixels
    assert (stretched.min(), stretched.max()) == (0, 255)
    assert (grey(np.full((3, 3), 7.0)).pixels == 0).all()


def test_blend_leaves_cold_places_alone_and_rejects_other_scales():
    crop = np.full((2, 2), 100, np.uint8)
    heat = np.array([[0.0, 1.0], [0.0, 0.5]])
    pixels = blend(crop, heat).pixels
    assert pixels[0, 0].tolist() == [100, 100, 100]
    # 0.35 x 100 + 0.65 x (252, 255, 164)
    assert pixels[0, 1].tolist() == [199, 201, 142]
    with pytest.raises(ValueError, match=r"expected equal shapes and heat in \[0, 1\]"):
        blend(crop, heat * 2)
    with pytest.raises(ValueError, match="expected equal shapes"):
        blend(crop, heat[:1])


def test_grad_cam_rows_are_arms_and_outcomes():
    crop, heat = np.zeros((4, 4), np.uint8), np.zeros((4, 4))
    panels = [CamPanel(crop, heat, "", arm, outcome) for arm in ("IC+CCRT", "CCRT") for outcome in ("NRT", "RT", "RT")]
    figure = grad_cam_montage(panels, simulated=False)
    heads = [note.text.replace("\n", " ") for note in figure.marks(Note)]
    assert heads == [
        *("CCRT residual tumour", "CCRT no residual tumour"),
        *("IC+CCRT residual tumour", "IC+CCRT no residual tumour"),
    ]
    assert len(figure.marks(Picture)) == 12


def test_segmentation_montage_shows_outline_and_every_prediction():
    image, disc = picture(0)
    both = {"unet": disc, "deeplabv3": np.zeros_like(disc)}
    figure = segmentation_montage([SegmentedSlice(image, "a", disc, both)] * 5, columns=3, simulated=False)
    assert (figure.rows, figure.cols) == (2, 3)
    lines = labelled(figure)
    assert set(lines) == {"manual outline", "U-Net", "DeepLabV3"}
    assert len({line.ink.dash for line in lines.values()}) == 3


def test_cohort_montage_groups_by_arm_and_outcome():
    image, disc = picture(0)
    slices = [CohortSlice(image, "IC+CCRT", "NRT"), CohortSlice(image, "CCRT", "RT", outline=disc)] * 2
    figure = cohort_montage(slices, simulated=False)
    places = {(panel.row, panel.col): panel.title for panel in figure.panels}
    assert places == {
        (0, 0): "CCRT, residual tumour",
        (0, 1): "",
        (1, 0): "IC+CCRT, no residual tumour",
        (1, 1): "",
    }


@pytest.mark.parametrize("make", [grad_cam_montage, segmentation_montage, cohort_montage])
def test_a_montage_of_nothing_is_refused(make):
    with pytest.raises(ConsistencyError, match="montage of no image"):
        make([], simulated=False)
