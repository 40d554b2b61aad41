"""A series whose slices are written in all directions of their plane: stored as if it were written upright."""

from pathlib import Path

import numpy as np
import pytest

from ingest_bench import Bench, reasons
from mini_dicom import MiniSeries, encoded, write_outline
from npc_kedro.dicom.turns import Turn
from outline_objects import contour_in, rtstruct
from test_turns import TURNS, turned

SERIES = MiniSeries("P1", slices=8, shape=(16, 12), spacing=(1.0, 1.25))
BOXES = {"GTVp": (3, 10, 2, 5), "GTVn": (1, 3, 7, 9)}
"""Rows and columns, from and to, on every slice."""


def corners(top: int, bottom: int, left: int, right: int) -> list[tuple[float, float]]:
    """Of a box, in the centres of its outer pixels."""
    return [(top, left), (top, right - 1), (bottom - 1, right - 1), (bottom - 1, left)]


def found_of(root: Path, shipped: dict, turns: list[Turn], outline: str) -> dict:
    """What the pipeline makes of the series with slices turned so."""
    (root / "cohort" / "dicom").mkdir(parents=True)
    bench = Bench(root / "cohort", root / "store", shipped)
    bench.clinical("P1")
    for index, turn in enumerate(turns):
        one, pixels = turned(SERIES, index, turn)
        bench.put(str(index), encoded(one.dataset(index, pixels)))
    (bench.root / "outlines").mkdir()
    if outline == "label map":
        labels = np.zeros((12, 16, 8), dtype=np.uint8)
        for value, (top, bottom, left, right) in enumerate(BOXES.values(), start=1):
            labels[left:right, top:bottom] = value
        write_outline(bench.root / "outlines" / "P1.nii.gz", labels, SERIES.affine())
    else:
        contours = {
            name: [(index, contour_in(SERIES, index, corners(*box))) for index in range(8)]
            for name, box in BOXES.items()
        }
        (bench.root / "outlines" / "rt.dcm").write_bytes(encoded(rtstruct(SERIES, contours)))
    found = bench.run()
    assert reasons(found) == {}
    return found


@pytest.mark.parametrize("outline", ["label map", "structure set"])
def test_bad_input_12_slices_of_all_directions_are_stored_alike(tmp_path: Path, shipped: dict, outline: str) -> None:
    upright, mixed = (
        found_of(tmp_path / name, shipped, turns, outline)
        for name, turns in (("upright", [Turn()] * 8), ("mixed", TURNS))
    )
    for name in ("slices", "outlines"):
        expected, found = (np.asarray(one[name].pixels).astype(int) for one in (upright, mixed))
        assert len(np.unique(expected)) > 2
        np.testing.assert_allclose(found, expected, atol=1 if name == "slices" else 0)  # rounding of a resampling
    tables = [one["slices"].table for one in (upright, mixed)]
    for column in ("position_mm", "spacing_row_mm", "spacing_col_mm"):
        np.testing.assert_allclose(tables[0][column], tables[1][column])
    assert tables[0]["pixels_sha256"].tolist() == tables[1]["pixels_sha256"].tolist()
