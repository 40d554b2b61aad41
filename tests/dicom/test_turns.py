"""Slices written in other directions in their plane: stored upright, with every pixel where it was."""

from itertools import product

import numpy as np
import pytest

from mini_dicom import MiniSeries
from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.turns import Turn, turn_of

TURNS = [Turn(*how) for how in product((False, True), (1, -1), (1, -1))]
SHAPE, SPACING = (16, 12), (1.0, 1.25)


def turned(series: MiniSeries, index: int, turn: Turn) -> tuple[MiniSeries, np.ndarray]:
    """A slice of an upright series as another scanner would write it: its tags and its pixels."""
    pixels = series.dataset(index).pixel_array
    along_row, along_column = np.array(series.orientation[:3]), np.array(series.orientation[3:])
    last = series.shape[0] - 1, series.shape[1] - 1
    steps = (turn.column_step, turn.row_step) if turn.swapped else (turn.row_step, turn.column_step)
    corner = np.array(series.position(index))
    corner = corner + along_column * series.spacing[0] * last[0] * (steps[0] < 0)
    corner = corner + along_row * series.spacing[1] * last[1] * (steps[1] < 0)
    directions = along_row * steps[1], along_column * steps[0]
    row, column = directions[::-1] if turn.swapped else directions
    tags = {
        "ImagePositionPatient": [round(float(value), 6) for value in corner],
        "ImageOrientationPatient": [float(value) for value in (*row, *column)],
        "PixelSpacing": list(turn.of_pair(series.spacing)),
    }
    return MiniSeries(series.patient_id, slices=series.slices, tags=tags), np.ascontiguousarray(turn.of_image(pixels))


def geometry_of(series: MiniSeries, shape: tuple[int, int]) -> SliceGeometry:
    tags = series.tags
    return SliceGeometry(
        tuple(tags["ImagePositionPatient"]),
        tuple(tags["ImageOrientationPatient"]),
        tuple(tags["PixelSpacing"]),
        shape,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("turn", TURNS, ids=str)
@pytest.mark.parametrize("tilt", [0.0, 30.0, -25.0])
@pytest.mark.parametrize("rotated", [0.0, 20.0, -40.0])
def test_every_direction_is_turned_back_whatever_the_tilt(turn: Turn, tilt: float, rotated: float) -> None:
    tilt, rotated = np.radians(tilt), np.radians(rotated)
    back = np.array([0.0, np.cos(tilt), np.sin(tilt)])
    left = np.array([1.0, 0.0, 0.0])
    along_row = np.cos(rotated) * left + np.sin(rotated) * back
    along_column = np.cos(rotated) * back - np.sin(rotated) * left
    series = MiniSeries("P1", shape=SHAPE, spacing=SPACING, orientation=(*along_row, *along_column))
    one, pixels = turned(series, 1, turn)
    geometry = geometry_of(one, pixels.shape)
    found = turn_of(geometry.orientation)
    np.testing.assert_array_equal(found.of_image(pixels), series.dataset(1).pixel_array)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    places = np.stack([rows, columns, np.ones_like(rows)], axis=-1) @ geometry.pixel_to_patient().T
    upright = np.mgrid[: SHAPE[0], : SHAPE[1]]
    expected = (
        np.array(series.position(1))
        + upright[0][..., None] * SPACING[0] * along_column
        + upright[1][..., None] * SPACING[1] * along_row
    )
    carried = np.stack([found.of_image(places[..., axis]) for axis in range(3)], axis=-1)
    np.testing.assert_allclose(carried, expected, atol=1e-5)
    assert found.of_pair(pixels.shape) == SHAPE
    assert found.of_pair(geometry.spacing) == SPACING


def test_what_lies_between_two_directions_stays() -> None:
    for noise in (-1e-4, 0.0, 1e-4):
        angle = np.radians(45) + noise
        cosine, sine = np.cos(angle), np.sin(angle)
        assert turn_of((cosine, sine, 0.0, -sine, cosine, 0.0)) == Turn()


def test_neighbours_beside_a_mirrored_45_degrees_are_turned_alike() -> None:
    angles = np.radians(45) + np.array([-1e-4, -1e-5, 0.0, 1e-5, 1e-4])
    turns = {turn_of((-np.cos(t), np.sin(t), 0.0, np.sin(t), np.cos(t), 0.0)) for t in angles}
    assert len(turns) == 1
