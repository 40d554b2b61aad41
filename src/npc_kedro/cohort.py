"""The folder a study starts from: the user's own, or the simulated one in the same layout."""

from dataclasses import dataclass
from pathlib import Path

from npc_kedro.errors import CohortError

CLINICAL_TABLES = ("clinical.csv", "clinical.xlsx", "clinical.tsv", "clinical.txt")
"""What the clinical table may be called; upper and lower case do not matter."""

_KNOWN = (
    "dicom", "outlines", "identifiers.csv", "series_override.csv", "outline_override.csv", *CLINICAL_TABLES,
)  # fmt: skip


@dataclass(frozen=True)
class CohortFolder:
    """A cohort on disk.

    Attributes:
        root: folder with ``dicom/``, ``clinical.csv`` (or ``.xlsx``) and perhaps ``outlines/``, ``identifiers.csv``,
            ``series_override.csv`` and ``outline_override.csv``.
        simulated: whether the simulator wrote it. A real cohort is only ever read.
    """

    root: Path
    simulated: bool

    @property
    def dicom(self) -> Path:
        """Folder of DICOM files, in any nesting."""
        return self.root / "dicom"

    def require_complete(self) -> None:
        """Sees to it that everything is there which a study cannot do without.

        Raises:
            CohortError: naming all that is missing, and what was found instead.
        """
        if not self.root.is_dir():
            msg = (
                "The cohort folder is not there. Expected a folder with dicom/, clinical.csv and, if there are any, "
                "outlines/ (README, 'Your own cohort'). Correct cohort_root, or leave it empty to simulate a cohort."
            )
            raise CohortError(msg)
        needed = {
            "dicom/": self.dicom.is_dir(),
            "clinical.csv or clinical.xlsx": self.clinical_table.is_file(),
        }
        missing = [name for name, there in needed.items() if not there]
        if missing:
            msg = (
                f"The cohort folder lacks {' and '.join(missing)} (found: {self._known_content()}); a cohort needs "
                "dicom/ with the MR files in any nesting and clinical.csv (or .xlsx) with one row a patient; outlines/ "
                "is optional. Put there what is missing, or correct cohort_root."
            )
            raise CohortError(msg)

    def _known_content(self) -> str:
        """What is in the folder, as far as names that a cohort may hold: any other could name a patient."""
        names = [path.name for path in self.root.iterdir()]
        known = sorted(name for name in names if name.lower() in _KNOWN)
        others = len(names) - len(known)
        return ", ".join([*known, *([f"{others} others"] if others else [])]) or "nothing"

    @property
    def clinical_table(self) -> Path:
        """The clinical table, one row a patient; ``clinical.csv`` if there is none.

        Raises:
            CohortError: if several files could be it.
        """
        present = sorted(path for path in self.root.glob("[cC]*") if path.name.lower() in CLINICAL_TABLES)
        if len(present) > 1:
            names = ", ".join(path.name for path in present)
            msg = f"Found {names} in the cohort folder; expected one clinical table. Keep one."
            raise CohortError(msg)
        return present[0] if present else self.root / CLINICAL_TABLES[0]

    @property
    def outlines(self) -> Path:
        """Folder of manual outlines; need not exist."""
        return self.root / "outlines"

    @property
    def series_override(self) -> Path:
        """Table that names the series to use for some patients; need not exist."""
        return self.root / "series_override.csv"

    @property
    def outline_override(self) -> Path:
        """Table that names the outline to use for some patients; need not exist."""
        return self.root / "outline_override.csv"

    @property
    def identifiers(self) -> Path:
        """Table that joins a patient's several identifiers; need not exist."""
        return self.root / "identifiers.csv"


@dataclass(frozen=True)
class NothingSimulated:
    """What the simulator hands to the catalog when a real cohort is used: there is nothing to write."""
