"""The outlines folder: which file belongs to which patient. Geometry is verified elsewhere; names only propose."""

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from npc_kedro.dicom.outlines.nifti import SUFFIXES
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.walk import FoundFile, find_files


@dataclass(frozen=True)
class OutlineFile:
    """An outline file and its patient, or the reason why it has none."""

    file: str
    path: Path
    patient_key: str
    reason: RejectReason | None = None


def find_outlines(
    folder: Path, pseudonyms: Pseudonyms, *, patients: Collection[str], name_pattern: str
) -> list[OutlineFile]:
    """Every file of the outlines folder, matched to a patient by its name; none if there is no such folder.

    Args:
        folder: the outlines folder.
        pseudonyms: makes the keys.
        patients: keys of the patients in use.
        name_pattern: regular expression for the file name without suffix, with the group ``patient_id``.
    """
    if not folder.is_dir():
        return []
    files = [_matched(found, pseudonyms, patients, name_pattern) for found in find_files(folder)]
    owners: dict[str, int] = defaultdict(int)
    for file in files:
        owners[file.patient_key] += file.reason is None
    return [
        OutlineFile(file.file, file.path, file.patient_key, RejectReason.OUTLINE_AMBIGUOUS)
        if file.reason is None and owners[file.patient_key] > 1
        else file
        for file in files
    ]


def _matched(found: FoundFile, pseudonyms: Pseudonyms, patients: Collection[str], name_pattern: str) -> OutlineFile:
    key = pseudonyms.file(f"outlines/{found.relative}")
    suffix = next((suffix for suffix in SUFFIXES if found.path.name.lower().endswith(suffix)), None)
    if suffix is None:
        return OutlineFile(key, found.path, "", RejectReason.OUTLINE_FORMAT)
    match = re.fullmatch(name_pattern, found.path.name[: -len(suffix)])
    patient_key = pseudonyms.patient(match["patient_id"]) if match else ""
    if patient_key not in patients:
        return OutlineFile(key, found.path, "", RejectReason.OUTLINE_WITHOUT_PATIENT)
    return OutlineFile(key, found.path, patient_key)
