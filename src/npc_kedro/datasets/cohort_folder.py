"""The catalog type of the cohort: the simulator's folder, which is written, or the user's own, which never is."""

import logging
from pathlib import Path
from typing import Any, Protocol

from kedro.io import AbstractDataset, DatasetError

from npc_kedro.cohort import CohortFolder, NothingSimulated
from npc_kedro.datasets.shown import shown
from npc_kedro.datasets.whole import replacing_folder
from npc_kedro.errors import CohortError

logger = logging.getLogger(__name__)


class CohortFolderError(CohortError, DatasetError):
    """A :class:`CohortError` that Kedro passes on as it is: other errors it wraps in words of its own."""


class Writable(Protocol):
    """A cohort that can write itself."""

    def write_into(self, folder: Path) -> None:
        """Writes ``dicom/``, ``clinical.csv`` and ``outlines/`` into an existing, empty folder."""


class CohortFolderDataset(AbstractDataset[Writable | NothingSimulated, CohortFolder]):
    """The cohort on disk, simulated or real.

    Without ``cohort_root``, saving writes the simulated cohort beside ``filepath`` and swaps it in at the end, so that
    an interrupted run leaves the old one whole. With ``cohort_root``, nothing is ever written, whatever is saved.

    Args:
        filepath: folder of the simulated cohort.
        cohort_root: folder of a real cohort; empty to simulate.
        metadata: passed through for Kedro-Viz.
    """

    listed = True
    """Too large to be read twice: whether it has changed is told by the names, sizes and times of its files.

    Its tables, which lie in it directly, count by content.
    """

    def __init__(self, *, filepath: str, cohort_root: str = "", metadata: dict[str, Any] | None = None) -> None:
        self._simulated_root = Path(filepath)
        self._real_root = Path(cohort_root) if cohort_root else None
        self.metadata = metadata

    def stored_at(self) -> tuple[Path, ...]:
        """The folder that is read."""
        return (self._real_root or self._simulated_root,)

    def load(self) -> CohortFolder:
        """The real cohort where ``cohort_root`` names one, else the simulated one.

        Raises:
            CohortFolderError: if there is no such folder.
        """
        if self._real_root is not None:
            return _checked(CohortFolder(root=self._real_root, simulated=False))
        if not self._simulated_root.is_dir():
            msg = (
                f"no simulated cohort in {self._simulated_root}; run `kedro run --pipelines=simulate_cohort` first, "
                "or set cohort_root to a folder with a real one"
            )
            raise CohortFolderError(msg)
        return CohortFolder(root=self._simulated_root, simulated=True)

    def save(self, data: Writable | NothingSimulated) -> None:
        """Writes a simulated cohort; of a real one only the log is told.

        Raises:
            CohortFolderError: if what is saved and ``cohort_root`` contradict each other.
        """
        if self._real_root is not None:
            if not isinstance(data, NothingSimulated):
                msg = (
                    "a simulated cohort was to be saved although cohort_root names a real one; nothing was written. "
                    "Give the catalog entry `cohort` and the parameters of simulate_cohort the same cohort_root"
                )
                raise CohortFolderError(msg)
            logger.info(
                "A real cohort is used (cohort_root is set): nothing is simulated, and its folder is only read."
            )
            return
        if isinstance(data, NothingSimulated):
            msg = (
                "nothing was simulated although the catalog names no real cohort. "
                "Give the catalog entry `cohort` and the parameters of simulate_cohort the same cohort_root"
            )
            raise CohortFolderError(msg)
        with replacing_folder(self._simulated_root) as folder:
            data.write_into(folder)

    def _exists(self) -> bool:
        root = self._real_root or self._simulated_root
        return CohortFolder(root=root, simulated=self._real_root is None).clinical_table.is_file()

    def _describe(self) -> dict[str, Any]:
        if self._real_root is not None:
            # where a hospital keeps its patients is nobody's business but theirs
            return {"simulated": False}
        return {"filepath": shown(self._simulated_root), "simulated": True}


def _checked(cohort: CohortFolder) -> CohortFolder:
    """The cohort, once there is a folder; ``ingest`` asks for what it must hold, ``preflight`` tells what it lacks."""
    if not cohort.root.is_dir():
        found = "a file" if cohort.root.exists() else "nothing (a relative path starts at the project's folder)"
        msg = (
            f"cohort_root leads to {found}, which is not a folder; give the folder that holds dicom/ and "
            "clinical.csv, or leave cohort_root empty to simulate a cohort"
        )
        raise CohortFolderError(msg)
    return cohort
