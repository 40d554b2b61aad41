"""The figures of the segmentation."""

from typing import TYPE_CHECKING

import pandas as pd

from npc_kedro.arrays import ImageTable
from npc_kedro.cohorts import is_simulated
from npc_kedro.study import SEGMENTERS

if TYPE_CHECKING:
    from npc_kedro.figures.canvas import Figure

_SHOWN_PATIENTS = 8


def draw_dice_by_epoch(patients: pd.DataFrame, *histories: pd.DataFrame) -> "Figure":
    """Dice by epoch of every segmenter, in the order of ``study.SEGMENTERS``."""
    from npc_kedro.figures.dice_by_epoch import dice_by_epoch

    return dice_by_epoch(dict(zip(SEGMENTERS, histories, strict=True)), simulated=is_simulated(patients))


def draw_segmentation_dice(patients: pd.DataFrame, segmentation: pd.DataFrame, *dice: pd.DataFrame) -> "Figure":
    """Dice per patient of every segmenter, with bootstrap intervals."""
    from npc_kedro.figures.segmentation_dice import segmentation_dice

    return segmentation_dice(segmentation, dict(zip(SEGMENTERS, dice, strict=True)), simulated=is_simulated(patients))


def draw_segmentation_montage(
    patients: pd.DataFrame,
    slices: ImageTable,
    outlines: ImageTable,
    masks: ImageTable,
    segmentation: pd.DataFrame,
    split: pd.DataFrame,
) -> "Figure":
    """Outline and chosen segmenter's mask on the largest section of patients that the segmenter never learnt from."""
    from npc_kedro.figures.segmentation_montage import SegmentedSlice, segmentation_montage

    chosen = str(segmentation.loc[segmentation["chosen"], "segmenter"].iloc[0])
    unseen = split.loc[split["part"] != "train", "patient_key"].sort_values().head(_SHOWN_PATIENTS)
    area = (outlines.pixels > 0).sum(axis=(1, 2))
    sections = outlines.table.assign(area=area).sort_values(["patient_key", "area"])
    largest = sections[sections["patient_key"].isin(unseen)].groupby("patient_key").tail(1)
    shown = [
        SegmentedSlice(
            image=slices.pixels[int(row.slice_row)],
            outline=outlines.pixels[int(row.Index)],
            predictions={chosen: masks.pixels[int(row.slice_row)]},
        )
        for row in largest.itertuples()
    ]
    return segmentation_montage(shown, simulated=is_simulated(patients))
