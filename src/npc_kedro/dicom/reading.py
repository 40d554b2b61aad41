"""The headers of all files, read by several processes; what the journal knows is not read again."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from npc_kedro.dicom.entries import Anonymiser, Entry, is_lasting, packed, unpacked
from npc_kedro.dicom.headers import read_headers
from npc_kedro.dicom.journal import Journal
from npc_kedro.dicom.parallel import batches, ordered_map
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.rules import SeriesRules, applying
from npc_kedro.dicom.walk import FoundFile

_LIBRARIES = ("numpy", "scipy", "pydicom", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pyjpegls")
"""What decides the pixels, beside our code."""

_BATCH = 256
"""Headers read per task: a header takes a twentieth of a millisecond, a round trip to a process many times that."""


@dataclass(frozen=True)
class ReadingRules:
    """How headers are read.

    Attributes:
        pseudonyms: makes the keys.
        series_rules: the rules whose names are noted.
        accept_without_preamble: read DICOM files that lack the 128-byte preamble.
    """

    pseudonyms: Pseudonyms
    series_rules: SeriesRules
    accept_without_preamble: bool = False

    def circumstances(self) -> dict[str, Any]:
        """All that an entry depends on, the file apart: what the journal is kept under."""
        return {
            "reader": source_hash(),
            "key": self.pseudonyms.mark("journal", repr(sorted(self.pseudonyms.aliases.items()))),
            "rules": self.series_rules.model_dump(mode="json"),
            "accept_without_preamble": self.accept_without_preamble,
        }


@dataclass(frozen=True)
class Reading:
    """All files of a folder.

    Attributes:
        entries: one per file, in the files' order.
        read: how many were read, the others being known.
        identifiers: patient key to identifier as written, of the files read. For the key map alone.
        private_words: names, birth dates and identifiers in the files read. For the log filter alone.
    """

    entries: list[Entry]
    read: int = 0
    identifiers: dict[str, str] = field(default_factory=dict, repr=False)
    private_words: set[str] = field(default_factory=set, repr=False)


@dataclass(frozen=True)
class _Batch:
    entries: dict[str, Any]
    identifiers: dict[str, str] = field(repr=False)
    private_words: set[str] = field(repr=False)


def read_entries(
    found: Sequence[FoundFile],
    rules: ReadingRules,
    *,
    workers: int,
    journal: Journal | None = None,
    known_patients: Collection[str] | None = None,
) -> Reading:
    """Reads every header that the journal does not know.

    Args:
        found: the files.
        rules: how.
        workers: processes; 0 is one per CPU.
        journal: kept under ``rules.circumstances()``; brought up to date.
        known_patients: patients whose identifiers need not be read again; None if nobody asks for identifiers.
    """
    keys = [rules.pseudonyms.file(file.relative) for file in found]
    remembered = _remembered(journal) if journal else {}
    entries: dict[str, Entry] = {}
    for key, file in zip(keys, found, strict=True):
        stamp, entry = remembered.get(key, (None, None))
        if entry is not None and stamp is not None and file.stamp == stamp:
            patient_key = entry.origin.patient_key
            if known_patients is None or not patient_key or patient_key in known_patients:
                entries[key] = entry
    fresh = [(key, file) for key, file in zip(keys, found, strict=True) if key not in entries]
    identifiers: dict[str, str] = {}
    private_words: set[str] = set()
    tasks = batches(fresh, _BATCH)
    for task, batch in zip(tasks, ordered_map(partial(_read, rules=rules), tasks, workers=workers), strict=True):
        read = unpacked(batch.entries)
        entries.update((entry.file, entry) for entry in read)
        identifiers |= batch.identifiers
        private_words |= batch.private_words
        if journal:
            journal.append([{"stamps": _stamps([file for _, file in task], read), **batch.entries}])
    if journal and len(remembered) + len(fresh) > len(found):  # it holds files that are gone or were changed
        everything = zip(batches(list(found), _BATCH), batches([entries[key] for key in keys], _BATCH), strict=True)
        journal.replace({"stamps": _stamps(files, known), **packed(known)} for files, known in everything)
    return Reading([entries[key] for key in keys], len(fresh), identifiers, private_words)


def _stamps(files: Sequence[FoundFile], entries: Sequence[Entry]) -> list[tuple[int, int] | None]:
    """The files' stamps; None where the next run has to look again."""
    return [file.stamp if is_lasting(entry) else None for file, entry in zip(files, entries, strict=True)]


def _remembered(journal: Journal) -> dict[str, tuple[tuple[int, int] | None, Entry]]:
    """File pseudonym to stamp and entry; of several the newest."""
    return {
        entry.file: (stamp and (stamp[0], stamp[1]), entry)
        for record in journal.records()
        for stamp, entry in zip(record["stamps"], unpacked(record), strict=True)
    }


def _read(task: list[tuple[str, FoundFile]], rules: ReadingRules) -> _Batch:
    """In a worker: reads files, given with their keys; nothing leaves with the records that names a patient."""
    pseudonyms = rules.pseudonyms
    anonymiser = Anonymiser(pseudonyms, partial(applying, rules=rules.series_rules))
    headers = read_headers([file for _, file in task], accept_without_preamble=rules.accept_without_preamble)
    people = {header.person for header in headers if header.person is not None}
    return _Batch(
        entries=packed([anonymiser.entry(header, key) for (key, _), header in zip(task, headers, strict=True)]),
        identifiers={pseudonyms.patient(person.identifier): person.identifier for person in people if person.known},
        private_words={word for person in people for word in (person.identifier, person.name, person.birth_date)},
    )


@lru_cache(maxsize=1)
def source_hash() -> str:
    """Hash of the code that reads, decodes and stores, and of its libraries: with others the journals begin anew."""
    package = Path(__file__).parents[1]
    folders = (package / "dicom", package / "imaging", package / "pipelines/ingest")
    digest = hashlib.sha256(repr([(name, _version(name)) for name in _LIBRARIES]).encode())
    for path in [*(path for folder in folders for path in sorted(folder.rglob("*.py"))), package / "pixel_file.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
