"""The folder a study starts from: the user's own, or the simulated one in the same layout."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CohortFolder:
    """A cohort on disk.

    Attributes:
        root: folder with ``dicom/``, ``clinical.csv`` and perhaps ``outlines/`` and ``series_override.csv``.
        simulated: whether the simulator wrote it. A real cohort is only ever read.
    """

    root: Path
    simulated: bool

    @property
    def dicom(self) -> Path:
        """Folder of DICOM files, in any nesting."""
        return self.root / "dicom"

    @property
    def clinical_table(self) -> Path:
        """The clinical table, one row a patient."""
        return self.root / "clinical.csv"

    @property
    def outlines(self) -> Path:
        """Folder of manual outlines; need not exist."""
        return self.root / "outlines"

    @property
    def series_override(self) -> Path:
        """Table that names the series to use for some patients; need not exist."""
        return self.root / "series_override.csv"


@dataclass(frozen=True)
class NothingSimulated:
    """What the simulator hands to the catalog when a real cohort is used: there is nothing to write."""
