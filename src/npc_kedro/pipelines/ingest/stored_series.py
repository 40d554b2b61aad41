"""What is kept of a decoded series in the journal of the slice store, and what an earlier run left there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from npc_kedro.dicom.decoding import DecodedSlice
from npc_kedro.dicom.entries import packed_geometry, unpacked_grids
from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.journal import Journal
from npc_kedro.dicom.reasons import RejectReason

_PASSING = (RejectReason.MISSING_DECODER, RejectReason.UNREADABLE, RejectReason.CHANGED_MEANWHILE)
"""Reasons that go away without the file being changed: a series with one of them is decoded again next time."""


@dataclass(frozen=True)
class StoredSeries:
    """A decoded series whose pixels are in the file.

    Attributes:
        row: its first row.
        checksum: of its pixels.
        scale: real value = stored * scale + offset; ``offset`` likewise.
        slices: from the feet to the head.
        rejected: file, reason and detail of files that failed.
    """

    row: int
    checksum: int
    scale: float
    offset: float
    slices: tuple[DecodedSlice, ...]
    rejected: tuple[tuple[str, RejectReason, str], ...]

    @property
    def is_lasting(self) -> bool:
        """Whether decoding again could give nothing else."""
        return not any(reason in _PASSING for _, reason, _ in self.rejected)

    def record(self) -> dict[str, Any]:
        """The series as JSON holds it, which also travels faster from process to process; see :func:`series_of`."""
        grids: dict[tuple[Any, ...], int] = {}
        return {
            "row": self.row,
            "checksum": self.checksum,
            "scale": self.scale,
            "offset": self.offset,
            "slices": [
                [item.file, item.instance_key, item.position_mm, item.spacing_mm, item.pixels_sha256,
                 *packed_geometry(item.geometry, grids)] for item in self.slices
            ],
            "grids": list(grids),
            "rejected": self.rejected,
        }  # fmt: skip


def series_of(record: Mapping[str, Any]) -> StoredSeries:
    """The series that was recorded."""
    grids = unpacked_grids(record["grids"])
    items = tuple(
        DecodedSlice(file, key, SliceGeometry((x, y, z), *grids[grid]), *rest)
        for file, key, *rest, grid, x, y, z in record["slices"]
    )
    rejected = tuple((file, RejectReason(why), detail) for file, why, detail in record["rejected"])
    return StoredSeries(record["row"], record["checksum"], record["scale"], record["offset"], items, rejected)


@dataclass(frozen=True)
class EarlierSlices:
    """What an earlier run left.

    Attributes:
        name: of its pixel file, "" if there is none; ``rows`` are the images in it.
        layout: hash of what the file was laid out for.
        finished: whether it was filled to the end.
        series: what is in it, by signature.
    """

    name: str = ""
    rows: int = 0
    layout: str = ""
    finished: bool = False
    series: dict[str, StoredSeries] = field(default_factory=dict)


def read_earlier(journal: Journal) -> EarlierSlices:
    """What the newest pixel file of the journal holds, finished or not; nothing where the journal is empty."""
    earlier = EarlierSlices()
    for record in journal.records():
        if "begun" in record:
            earlier = EarlierSlices(record["begun"], record["rows"], record["layout"])
        elif "series" in record:
            earlier.series[record["series"]] = series_of(record["stored"])
        else:
            order = [key for key in record["starts"] if key in earlier.series]
            moved = {key: replace(earlier.series[key], row=record["starts"][key]) for key in order}
            earlier = replace(earlier, finished=True, rows=record["rows"], series=moved)
    return earlier
