"""The folder a study starts from: the user's own, or the simulated one in the same layout."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from npc_kedro.errors import CohortError

CLINICAL_TABLES = ("clinical.csv", "clinical.xlsx", "clinical.tsv", "clinical.txt")
"""What the clinical table may be called; upper and lower case do not matter."""

_ENDINGS = (".csv", ".xlsx", ".tsv", ".txt")
"""Of the optional tables, as of the clinical one."""

_FOREIGN_TABLES = ("clinical.xls", "clinical.ods", "clinical.xlsb", "clinical.xlsm", "clinical.numbers")
"""The clinical table in formats that are not read."""

_OF_TABLES = ("", *_ENDINGS, ".xls", ".ods", ".xlsb", ".xlsm", ".numbers")
"""Endings by which a file whose name resembles the clinical table may be one: clinical_notes.pdf is none."""

_SIDE_TABLES = ("identifiers", "series_override", "outline_override")

_KNOWN = ("dicom", "outlines", *CLINICAL_TABLES, *(f"{stem}{end}" for stem in _SIDE_TABLES for end in _ENDINGS))


@dataclass(frozen=True)
class CohortFolder:
    """A cohort on disk.

    Attributes:
        root: folder with ``dicom/``, ``clinical.csv`` (or ``.xlsx``) and perhaps ``outlines/``, ``identifiers.csv``,
            ``series_override.csv`` and ``outline_override.csv`` (or ``.xlsx``, ``.tsv``, ``.txt``; upper and lower case
            do not matter).
        simulated: whether the simulator wrote it. A real cohort is only ever read.
    """

    root: Path
    simulated: bool

    @property
    def dicom(self) -> Path:
        """Folder of DICOM files, in any nesting."""
        return self._folder("dicom")

    def require_complete(self) -> None:
        """Sees to it that everything is there which a study cannot do without.

        Raises:
            CohortError: naming all that is missing, and what was found instead; or what is there twice, or only alike.
        """
        if not self.root.is_dir():
            msg = (
                "The cohort folder is not there. Expected a folder with dicom/, clinical.csv and, if there are any, "
                "outlines/ (README, 'Your own cohort'). Correct cohort_root, or leave it empty to simulate a cohort."
            )
            raise CohortError(msg)
        self._folder("outlines", or_alike=True)
        for table in _SIDE_TABLES:
            self._side_table(table)
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
            CohortError: if several files could be it, or one whose name only resembles it, or whose format is not read.
        """
        present = self._named(list(CLINICAL_TABLES), Path.is_file)
        if len(present) > 1:
            names = ", ".join(path.name for path in present)
            msg = f"Found {names} in the cohort folder; expected one clinical table. Keep one."
            raise CohortError(msg)
        alike = self._alike("clinical", present)
        foreign = [path.name for path in alike if path.name.lower() in _FOREIGN_TABLES]
        if foreign:
            beside = f" beside {present[0].name}" if present else ""
            msg = (
                f"Found {', '.join(foreign)}{beside} in the cohort folder; expected one clinical table, clinical.csv "
                "or .xlsx: no other workbook is read. Save the right one as .xlsx (or 'CSV UTF-8'), and keep that."
            )
            raise CohortError(msg)
        self._refuse([path for path in alike if path.suffix.lower() in _OF_TABLES], "clinical", CLINICAL_TABLES)
        return present[0] if present else self.root / CLINICAL_TABLES[0]

    @property
    def outlines(self) -> Path:
        """Folder of manual outlines; need not exist.

        Raises:
            CohortError: if several folders could be it, or the only one that resembles it has another name.
        """
        return self._folder("outlines", or_alike=True)

    @property
    def series_override(self) -> Path:
        """Table that names the series to use for some patients; need not exist."""
        return self._side_table("series_override")

    @property
    def outline_override(self) -> Path:
        """Table that names the outline to use for some patients; need not exist."""
        return self._side_table("outline_override")

    @property
    def identifiers(self) -> Path:
        """Table that joins a patient's several identifiers; need not exist."""
        return self._side_table("identifiers")

    def _side_table(self, stem: str) -> Path:
        """An optional table in any accepted format, ``<stem>.csv`` if there is none.

        Raises:
            CohortError: if there are several, or one whose name only resembles it: it would be passed over in silence.
        """
        accepted = [f"{stem}{ending}" for ending in _ENDINGS]
        present = self._named(accepted, Path.is_file)
        if len(present) > 1:
            names = ", ".join(path.name for path in present)
            msg = f"Found {names} in the cohort folder; expected one of them. Keep one."
            raise CohortError(msg)
        self._refuse(self._alike(stem, present), stem, accepted)
        return present[0] if present else self.root / accepted[0]

    def _alike(self, stem: str, present: list[Path]) -> list[Path]:
        return [path for path in self._content(Path.is_file) if _is_alike(path.stem, stem) and path not in present]

    def _refuse(self, alike: list[Path], stem: str, accepted: Sequence[str]) -> None:
        if alike:
            msg = (
                f"The cohort folder holds {len(alike)} files with a name that resembles {stem}.csv but is none of "
                f"{', '.join(accepted)}. Rename the right one to {stem}.csv (or .xlsx), and move any other elsewhere."
            )
            raise CohortError(msg)

    def _folder(self, name: str, *, or_alike: bool = False) -> Path:
        present = self._named([name], Path.is_dir)
        if len(present) > 1:
            msg = f"Found {', '.join(path.name for path in present)} in the cohort folder; expected one. Keep one."
            raise CohortError(msg)
        if or_alike and not present and any(_is_alike(path.name, name) for path in self._content(Path.is_dir)):
            msg = (
                f"The cohort folder holds no {name}/ but a folder with a name that resembles it. Rename it to {name}, "
                "or move it elsewhere."
            )
            raise CohortError(msg)
        return present[0] if present else self.root / name

    def _named(self, names: list[str], kind: Callable[[Path], bool]) -> list[Path]:
        return [path for path in self._content(kind) if path.name.lower() in names]

    def _content(self, kind: Callable[[Path], bool]) -> list[Path]:
        return sorted(path for path in self.root.iterdir() if kind(path)) if self.root.is_dir() else []


def _is_alike(name: str, expected: str) -> bool:
    """Whether a name begins with the letters of another, give or take the plural: ``Identifier (1)``."""
    found, sought = (re.sub(r"[\W_]+", "", text.lower()) for text in (name, expected))
    return not name.startswith(("~", ".")) and found.startswith(sought.removesuffix("s"))


@dataclass(frozen=True)
class NothingSimulated:
    """What the simulator hands to the catalog when a real cohort is used: there is nothing to write."""
