"""Segmentation as the method section tells it: divide the outlined patients, train two networks, apply the better."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from npc_kedro import reporter
from npc_kedro.arrays import ImageTable, ImageTableWriter
from npc_kedro.errors import CohortError
from npc_kedro.knobs import reads
from npc_kedro.pipelines.segment.parameters import (
    ComparisonParameters,
    DivisionParameters,
    MaskParameters,
    OneSegmenter,
    one_segmenter,
)

if TYPE_CHECKING:
    from npc_kedro.networks.checkpoint import Checkpoint
    from npc_kedro.networks.segmenters import SegmenterSpec
    from npc_kedro.training.body import Square

logger = logging.getLogger(__name__)

_FEWEST_OUTLINED = 3


@reads(DivisionParameters.model_validate)
def split_patients(patients: pd.DataFrame, parameters: dict[str, Any]) -> pd.DataFrame:
    """Divides the outlined patients into train, validation and test, with each arm's share in every part.

    Returns:
        patient_key, part; sorted by patient_key.

    Raises:
        CohortError: if fewer than three patients are outlined.
    """
    settings = DivisionParameters.model_validate(parameters)
    outlined = patients.loc[patients["outlined"].astype(bool), ["patient_key", "arm"]].sort_values("patient_key")
    if len(outlined) < _FEWEST_OUTLINED:
        msg = (
            f"{len(outlined)} patient(s) have outlines; the segmenters need at least {_FEWEST_OUTLINED}, one each to "
            "train, validate and test. Put outlines of more patients into the cohort's outlines/ folder"
        )
        raise CohortError(msg)
    order = _mixed_order(outlined, np.random.default_rng([settings.seed, 1]))
    n_test = max(1, round(settings.split.test * len(order)))
    n_validation = max(1, round(settings.split.validation * len(order)))
    n_train = len(order) - n_test - n_validation
    if n_train < 1:
        n_test, n_validation, n_train = 1, 1, len(order) - 2
    parts = np.repeat(["test", "validation", "train"], [n_test, n_validation, n_train])
    return pd.DataFrame({"patient_key": order, "part": parts}).sort_values("patient_key", ignore_index=True)


@reads(one_segmenter)
def train(
    slices: ImageTable,
    outlines: ImageTable,
    segmentation_split: pd.DataFrame,
    parameters: dict[str, Any],
    *,
    segmenter: str,
) -> tuple["Checkpoint", pd.DataFrame]:
    """Trains one segmenter on the train patients' slices, keeping the epoch that is best on the validation patients.

    Returns:
        the segmenter, and its history: epoch, train_loss, train_dice, validation_dice, learning_rate, seconds.
    """
    from npc_kedro.networks.checkpoint import Checkpoint
    from npc_kedro.training.device import choose_compute
    from npc_kedro.training.outlined_slices import OutlinedSlices
    from npc_kedro.training.segmentation_loop import train_segmenter

    chosen = one_segmenter(parameters, segmenter=segmenter)
    settings = chosen.settings
    compute = choose_compute(settings.device, settings.precision, architecture=chosen.encoder)
    spec = spec_of(chosen, segmenter=segmenter)
    seen = segmentation_split[segmentation_split["part"] != "test"]
    rows = _rows_of(outlines, seen)
    grey = _grey(slices, rows["slice_row"].to_numpy())
    examples = OutlinedSlices.from_arrays(
        grey,
        _truth(outlines, rows.index.to_numpy(), chosen.labels),
        patients=rows["patient_key"].to_numpy(),
        parts=rows["part"].to_numpy(),
        squares=_squares(grey, rows["patient_key"].to_numpy(), chosen.field),
        image_size=chosen.image_size,
        device=compute.device,
    )
    trained = train_segmenter(examples, spec, settings=settings, compute=compute)
    inputs = spec.inputs()
    about = {
        "architecture": segmenter,
        "encoder": chosen.encoder,
        "decoder": dict(spec.decoder),
        "image_size": inputs.image_size,
        "mean": list(inputs.mean),
        "std": list(inputs.std),
        "threshold": settings.threshold,
        "best_epoch": trained.best_epoch,
        "seed": settings.seed,
        "patients": sorted(seen["patient_key"]),
        "parameters": settings.model_dump(mode="json"),
        "weights": chosen.weights if chosen.weights in ("none", "hub") else "folder",
        "precision": compute.precision,
        "device": compute.device.type,
    }
    return Checkpoint(trained.weights, about), trained.history


def spec_of(chosen: OneSegmenter, *, segmenter: str) -> "SegmenterSpec":
    """The network of a training."""
    from npc_kedro.networks.segmenters import SegmenterSpec

    return SegmenterSpec(
        name=segmenter,
        encoder=chosen.encoder,
        image_size=chosen.image_size,
        decoder=chosen.decoder,
        weights=chosen.weights,
    )


@reads(MaskParameters.model_validate)
def measure_dice(
    slices: ImageTable,
    outlines: ImageTable,
    segmentation_split: pd.DataFrame,
    segmenter: "Checkpoint",
    parameters: dict[str, Any],
) -> pd.DataFrame:
    """Compares a segmenter's masks with the outlines, slice by slice, in all three parts.

    Returns:
        patient_key, part, slice_row, dice (nan where neither outline nor mask has a pixel), outline_area_px,
        predicted_area_px.
    """
    from npc_kedro.training.metrics import dice

    settings = MaskParameters.model_validate(parameters)
    rows = _rows_of(outlines, segmentation_split)
    truth = _truth(outlines, rows.index.to_numpy(), settings.labels)
    address = rows["slice_row"].to_numpy()
    overlap, predicted = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    for position, (mask, _) in enumerate(_masks(slices, address, segmenter, settings)):
        overlap[position] = np.count_nonzero(mask & truth[position])
        predicted[position] = np.count_nonzero(mask)
    outlined = truth.sum(axis=(1, 2))
    table = rows[["patient_key", "part", "slice_row"]].reset_index(drop=True)
    return table.assign(dice=dice(overlap, outlined, predicted), outline_area_px=outlined, predicted_area_px=predicted)


@reads(ComparisonParameters.model_validate)
def choose_segmenter(parameters: dict[str, Any], *tables: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Dice of every segmenter, part and level with its interval; the best on validation patients is chosen."""
    from npc_kedro.training.segmentation_table import segmentation_table

    settings = ComparisonParameters.model_validate(parameters)
    return segmentation_table(
        dict(zip(names, tables, strict=True)), n_resamples=settings.n_resamples, seed=settings.seed
    )


@reads(MaskParameters.model_validate)
def predict_masks(
    slices: ImageTable,
    segmentation: pd.DataFrame,
    parameters: dict[str, Any],
    *segmenters: "Checkpoint",
    names: tuple[str, ...],
) -> ImageTable:
    """The chosen segmenter's mask of every slice of everyone, row by row beside ``slices``.

    Returns:
        uint8 0/1; table: patient_key, area_px, probability_max.
    """
    settings = MaskParameters.model_validate(parameters)
    chosen = segmentation.loc[segmentation["chosen"].astype(bool), "segmenter"].unique().item()
    checkpoint = dict(zip(names, segmenters, strict=True))[chosen]
    logger.info("Masks by %s, the better segmenter on validation patients", chosen)
    shape = slices.pixels.shape[1:]
    areas, highest = [], []
    with ImageTableWriter(_in_project(settings.scratch), shape=shape, dtype=np.uint8) as writer:
        for mask, probability in _masks(slices, np.arange(len(slices)), checkpoint, settings):
            writer.append(mask.astype(np.uint8))
            areas.append(int(np.count_nonzero(mask)))
            highest.append(probability)
            reporter.current().progress(len(areas), len(slices))
        table = pd.DataFrame({"patient_key": slices.table["patient_key"].to_numpy()})
        return writer.finish(
            table.assign(area_px=np.array(areas, dtype=np.int64), probability_max=np.array(highest, dtype=np.float64))
        )


def _mixed_order(outlined: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """The patients' keys in random order, such that every stretch holds both arms in proportion."""
    shuffled = outlined.iloc[rng.permutation(len(outlined))]
    in_arm = shuffled.groupby("arm")["arm"]
    position = (in_arm.cumcount() + 0.5) / in_arm.transform("size")
    return shuffled.assign(position=position).sort_values(["position", "arm"])["patient_key"].to_numpy()


def _rows_of(outlines: ImageTable, split: pd.DataFrame) -> pd.DataFrame:
    """The outline rows of the split's patients with their part; the index is the row in ``outlines``."""
    rows = outlines.table.assign(part=outlines.table["patient_key"].map(split.set_index("patient_key")["part"]))
    return rows[rows["part"].notna()]


def _truth(outlines: ImageTable, rows: np.ndarray, labels: tuple[int, ...]) -> np.ndarray:
    return np.isin(outlines.pixels[rows], labels)


def _grey(slices: ImageTable, rows: np.ndarray) -> np.ndarray:
    """These slices in 8 bits, each through its series' window."""
    from npc_kedro.imaging.intensities import series_windows, to_uint8

    part = ImageTable(slices.pixels[rows], slices.table.iloc[rows].reset_index(drop=True))
    windows = series_windows(part)
    return to_uint8(part.pixels, windows[:, 0], windows[:, 1])


def _squares(grey: np.ndarray, patients: np.ndarray, field: str) -> list["Square"]:
    """The part of each slice that the segmenters see, the same for all slices of a patient."""
    from npc_kedro.training.body import body_square, whole

    if field == "whole":
        return [whole(grey.shape[1:])] * len(grey)
    of_patient = {key: body_square(grey[patients == key]) for key in np.unique(patients)}
    return [of_patient[key] for key in patients]


def _masks(
    slices: ImageTable, rows: np.ndarray, segmenter: "Checkpoint", settings: MaskParameters
) -> Iterator[tuple[np.ndarray, float]]:
    """For each of the rows: the mask, bool (height, width), and the highest probability in the slice."""
    from npc_kedro.training.mask_inference import MaskPredictor, blocks
    from npc_kedro.training.seeding import reproducible
    from npc_kedro.training.specks import remove_specks

    predictor = MaskPredictor(segmenter, device=settings.device)
    pixel_mm2 = (slices.table["spacing_row_mm"] * slices.table["spacing_col_mm"]).to_numpy()
    patients = slices.table["patient_key"].to_numpy()
    for patient_rows in _by_patient(rows, patients):
        grey = _grey(slices, patient_rows)
        square = _squares(grey, patients[patient_rows], settings.field)[0]
        for block in blocks(len(grey), settings.prediction_batch_size):
            with reproducible(settings.seed, threads=settings.threads, device=predictor.device):
                probabilities = predictor.probabilities(grey[block], square)
            for row, probability in zip(patient_rows[block], probabilities, strict=True):
                mask = probability >= settings.threshold
                yield remove_specks(mask, smallest_px=settings.min_area_mm2 / pixel_mm2[row]), float(probability.max())


def _by_patient(rows: np.ndarray, patients: np.ndarray) -> list[np.ndarray]:
    """The rows cut wherever the patient changes; rows of one patient lie together."""
    changes = np.flatnonzero(patients[rows][1:] != patients[rows][:-1]) + 1
    return [part for part in np.split(rows, changes) if len(part)]


def _in_project(path: str) -> Path:
    """A path of the parameters: a relative one lies in the project, wherever the command was given."""
    from kedro.utils import find_kedro_project

    return Path(find_kedro_project(Path.cwd()) or Path.cwd()) / path
