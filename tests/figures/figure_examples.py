"""Made-up tables, one example of every figure. The 11 situations are the publication's Table 3."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from npc_kedro.figures.attrition_flow import attrition_flow
from npc_kedro.figures.calibration import calibration
from npc_kedro.figures.canvas import Figure
from npc_kedro.figures.cohort_montage import CohortSlice, cohort_montage
from npc_kedro.figures.confusion_matrices import confusion_matrices
from npc_kedro.figures.decision_curves import decision_curves
from npc_kedro.figures.dice_by_epoch import dice_by_epoch
from npc_kedro.figures.grad_cam_montage import CamPanel, grad_cam_montage
from npc_kedro.figures.learning_curves import learning_curves
from npc_kedro.figures.null_policies import null_policies
from npc_kedro.figures.roc_curves import roc_curves
from npc_kedro.figures.segmentation_dice import segmentation_dice
from npc_kedro.figures.segmentation_montage import SegmentedSlice, segmentation_montage
from npc_kedro.figures.sixteen_cells_flow import sixteen_cells_flow
from npc_kedro.study import NETWORKS, SEGMENTERS, Arm, Unit

_CALIBRATION = ("arm", "unit", "network", "predicted", "observed", "observed_lo", "observed_hi", "n")
_SEGMENTATION = ("segmenter", "part", "level", "n", "dice", "dice_lo", "dice_hi", "chosen")

CELLS = [(arm.value, unit.value) for arm in Arm for unit in Unit]
MODELS = [(arm, unit, network) for arm, unit in CELLS for network in NETWORKS]

SITUATIONS = pd.DataFrame(
    [
        ("RT", "NRT", "IC+CCRT", "IC+CCRT", "NRT", 9, "correct", "correct"),
        ("NRT", "NRT", "CCRT", "IC+CCRT", "NRT", 17, "correct", "wrong"),
        ("NRT", "RT", "CCRT", "IC+CCRT", "NRT", 2, "wrong", "correct"),
        ("RT", "RT", "IBT", "IC+CCRT", "NRT", 4, "wrong", "correct"),
        ("RT", "RT", "IBT", "IC+CCRT", "RT", 11, "undetermined", "undetermined"),
        ("NRT", "NRT", "CCRT", "CCRT", "NRT", 21, "correct", "correct"),
        ("NRT", "RT", "CCRT", "CCRT", "NRT", 2, "correct", "correct"),
        ("RT", "RT", "IBT", "CCRT", "NRT", 1, "wrong", "correct"),
        ("NRT", "NRT", "CCRT", "CCRT", "RT", 4, "wrong", "undetermined"),
        ("RT", "NRT", "IC+CCRT", "CCRT", "RT", 9, "correct", "wrong"),
        ("RT", "RT", "IBT", "CCRT", "RT", 5, "undetermined", "undetermined"),
    ],
    columns=[
        "ccrt_model_pred",
        "ic_model_pred",
        "recommendation",
        "physician_arm",
        "actual_effect",
        "cases",
        "model_verdict",
        "physician_verdict",
    ],
)

ATTRITION = pd.DataFrame(
    [
        ("clinical table", "patients", 131, 128, 2, "clinical_item_missing"),
        ("clinical table", "patients", 131, 128, 1, "arm not recognised: neither CCRT nor IC+CCRT under any spelling"),
        ("clinical table", "patients", 131, 128, 0, "note: AJCC stage is not that of T and N (3 kept)"),
        ("series choice", "patients", 128, 128, 0, ""),
        ("series choice", "series", 512, 128, 300, "not contrast-enhanced T1"),
        ("series choice", "series", 512, 128, 84, "not axial"),
        ("file headers", "files", 9216, 9200, 16, "not_a_dicom_file"),
        ("series choice", "files", 9200, 3072, 6128, "series_not_chosen"),
        ("crop", "slices", 3072, 1240, 1832, "empty_prediction"),
        ("crop", "patients", 128, 127, 1, "no_tumour_predicted"),
        ("split", "patients", 127, 127, 0, ""),
    ],
    columns=["step", "unit", "entered", "used", "excluded", "reason"],
)


def histories() -> dict[tuple[str, str, str], pd.DataFrame]:
    tables, epochs = {}, np.arange(1, 13)
    for i, (arm, unit, network) in enumerate(MODELS):
        noise = np.random.default_rng([1, i]).normal(0, 0.02, (5, len(epochs)))
        fall = np.exp(-epochs / (6 + i % 4))
        tables[(arm, network, unit)] = pd.DataFrame(
            {
                "epoch": epochs,
                "train_loss": 0.25 + 0.45 * fall + noise[0],
                "validation_loss": 0.4 + 0.3 * fall + noise[1],
                "train_accuracy": 0.9 - 0.3 * fall + noise[2],
                "validation_accuracy": 0.8 - 0.25 * fall + noise[3],
                "validation_auc": 0.9 - 0.35 * fall + noise[4],
            }
        )
    return tables


def dice_histories() -> dict[str, pd.DataFrame]:
    epochs = np.arange(1, 21)
    rise = 1 - np.exp(-epochs / 5)
    return {
        name: pd.DataFrame({"epoch": epochs, "train_dice": top * rise, "validation_dice": (top - 0.1) * rise})
        for name, top in zip(SEGMENTERS, (0.8, 0.87), strict=True)
    }


def table2() -> pd.DataFrame:
    rows = []
    for i, (arm, unit, network) in enumerate(MODELS):
        tp, fn, fp, tn = 12 + i % 5, 6 - i % 5, 4 + i % 3, 20 - i % 3
        auc = 0.72 + 0.015 * i
        rows.append(
            (
                arm,
                unit,
                network,
                tp,
                fp,
                fn,
                tn,
                auc,
                auc - 0.08,
                min(1.0, auc + 0.06),
                0.1 * (i % 3),
                0.8 + 0.05 * (i % 4),
            )
        )
    columns = [
        "model",
        "unit",
        "network",
        "tp",
        "fp",
        "fn",
        "tn",
        "auc",
        "auc_lo",
        "auc_hi",
        "calibration_intercept",
        "calibration_slope",
    ]
    return pd.DataFrame(rows, columns=columns)


def roc_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    curves, bands = [], []
    for i, (arm, unit, network) in enumerate(MODELS):
        rng = np.random.default_rng([2, i])
        outcome = np.repeat([0, 1], [24, 18])
        score = rng.normal(size=42) + outcome * (1.0 + 0.08 * i)
        for cut in [np.inf, *np.sort(score)[::-1]]:
            called = score >= cut
            curves.append((arm, unit, network, 1 - called[outcome == 0].mean(), called[outcome == 1].mean()))
        for specificity in np.linspace(0, 1, 21):
            middle = (1 - specificity) ** 0.4
            bands.append((arm, unit, network, specificity, max(0, middle - 0.12), min(1, middle + 0.1)))
    names = ["arm", "unit", "network", "specificity"]
    return (
        pd.DataFrame(curves, columns=[*names, "sensitivity"]),
        pd.DataFrame(bands, columns=[*names, "lo", "hi"]),
    )


def calibration_table() -> pd.DataFrame:
    rows = []
    for i, (arm, unit, network) in enumerate(MODELS):
        for j, predicted in enumerate((0.1, 0.3, 0.5, 0.7, 0.9)):
            observed = float(np.clip(predicted + 0.1 * np.sin(i + j), 0, 1))
            rows.append(
                (arm, unit, network, predicted, observed, max(0, observed - 0.2), min(1, observed + 0.2), 12 - 2 * j)
            )
    return pd.DataFrame(rows, columns=list(_CALIBRATION))


def decision_table() -> pd.DataFrame:
    thresholds, rows = np.linspace(0.01, 0.99, 50), []
    for i, (arm, unit) in enumerate(CELLS):
        prevalence = 0.4 - 0.05 * i
        for t in thresholds:
            rows.append((arm, unit, "treat_all", t, prevalence - (1 - prevalence) * t / (1 - t)))
            rows.append((arm, unit, "treat_none", t, 0.0))
            for j, name in enumerate((*NETWORKS, "clinical_baseline")):
                fp = (1 - prevalence) * (1 - t) ** (2 + j) * 0.8
                rows.append((arm, unit, name, t, prevalence * (1 - t ** (3 + j)) - fp * t / (1 - t)))
    return pd.DataFrame(rows, columns=["arm", "unit", "strategy", "threshold", "net_benefit"])


def segmentation_tables() -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    rows, slices = [], {}
    for i, name in enumerate(SEGMENTERS):
        pieces = []
        for part, n in (("train", 14), ("validation", 4), ("test", 6)):
            rng = np.random.default_rng([3, i, n])
            means = rng.beta(9, 4 - i, n)
            keys = [f"{part}{k}" for k in range(n)]
            areas = {"outline_area_px": 50, "predicted_area_px": 40}
            pieces.append(pd.DataFrame({"patient_key": keys, "part": part, "dice": means, **areas}))
            pieces.append(pd.DataFrame({"patient_key": keys, "part": part, "dice": np.nan, **dict.fromkeys(areas, 0)}))
            mean = means.mean()
            rows.append((name, part, "patient", n, mean, mean - 0.06, mean + 0.05, name == "deeplabv3"))
            rows.append((name, part, "slice", 9 * n, mean, mean - 0.06, mean + 0.05, name == "deeplabv3"))
        slices[name] = pd.concat(pieces, ignore_index=True)
    return pd.DataFrame(rows, columns=list(_SEGMENTATION)), slices


def picture(number: int, side: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """A made-up slice (float) and a disc in it (bool)."""
    y, x = np.mgrid[:side, :side] / side
    noise = np.random.default_rng([4, number]).normal(0, 6, (side, side))
    head = (x - 0.5) ** 2 / 0.2 + (y - 0.5) ** 2 / 0.24 < 1
    disc = (x - 0.45 - 0.02 * (number % 4)) ** 2 + (y - 0.5) ** 2 < 0.012 + 0.002 * (number % 3)
    return 40 + 90 * head + 70 * disc + noise * head, disc


def cam_panels() -> list[CamPanel]:
    panels = []
    for i in range(12):
        image, _ = picture(i)
        y, x = np.mgrid[:80, :80] / 80
        heat = np.exp(-((x - 0.48) ** 2 + (y - 0.5) ** 2) / 0.03)
        arm, outcome = CELLS[i % 2 * 2][0], ("RT", "NRT")[i // 2 % 2]
        panels.append(
            CamPanel(
                np.clip(image, 0, 255).astype(np.uint8), heat / heat.max(), f"p = {0.05 * i + 0.3:.2f}", arm, outcome
            )
        )
    return panels


def segmented_slices() -> list[SegmentedSlice]:
    slices = []
    for i in range(8):
        image, disc = picture(i)
        predictions = {
            "unet": np.roll(disc, 2, axis=1),
            "deeplabv3": np.roll(disc, -2, axis=0) if i else np.zeros_like(disc),
        }
        slices.append(SegmentedSlice(image, f"Dice {0.8 + 0.01 * i:.2f} / {0.9 - 0.01 * i:.2f}", disc, predictions))
    return slices


def cohort_slices() -> list[CohortSlice]:
    slices = []
    for i in range(16):
        image, disc = picture(i)
        slices.append(CohortSlice(image, CELLS[i % 2 * 2][0], ("RT", "NRT")[i // 2 % 2], "", disc if i < 8 else None))
    return slices


POLICIES = pd.DataFrame(
    {
        "policy": [
            "model",
            "physician",
            "predict_nrt_for_all",
            "t4_means_residual",
            "all_ccrt",
            "all_ic_ccrt",
            "shuffled_models",
            "clinical_baseline",
        ],
        "rate": [0.8406, 0.6, 0.659, 0.797, 0.571, 0.744, 0.55, 0.81],
        "lo": [0.74, 0.479, 0.553, 0.69, 0.42, 0.6, 0.44, 0.7],
        "hi": [0.907, 0.71, 0.751, 0.87, 0.71, 0.85, 0.66, 0.89],
        "correct": [58, 39, 56, 55, 24, 32, 38.5, 55],
        "wrong": [11, 26, 29, 14, 18, 11, 31.5, 13],
    }
)


def _roc(simulated: bool) -> Figure:
    curves, bands = roc_tables()
    return roc_curves(curves, bands, table2=table2(), simulated=simulated)


def _segmentation(simulated: bool) -> Figure:
    table, slices = segmentation_tables()
    return segmentation_dice(table, slices, simulated=simulated)


EXAMPLES: dict[str, Callable[[bool], Figure]] = {
    "attrition_flow": lambda simulated: attrition_flow(ATTRITION, simulated=simulated),
    "calibration": lambda simulated: calibration(calibration_table(), table2=table2(), simulated=simulated),
    "cohort_montage": lambda simulated: cohort_montage(cohort_slices(), simulated=simulated),
    "confusion_matrices": lambda simulated: confusion_matrices(table2(), simulated=simulated),
    "decision_curves": lambda simulated: decision_curves(decision_table(), simulated=simulated),
    "dice_by_epoch": lambda simulated: dice_by_epoch(dice_histories(), simulated=simulated),
    "grad_cam_montage": lambda simulated: grad_cam_montage(cam_panels(), simulated=simulated),
    "learning_curves": lambda simulated: learning_curves(histories(), simulated=simulated),
    "null_policies": lambda simulated: null_policies(POLICIES, simulated=simulated),
    "roc_curves": _roc,
    "segmentation_dice": _segmentation,
    "segmentation_montage": lambda simulated: segmentation_montage(segmented_slices(), simulated=simulated),
    "sixteen_cells_flow": lambda simulated: sixteen_cells_flow(SITUATIONS, simulated=simulated),
}
