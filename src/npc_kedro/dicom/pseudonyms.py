"""Keyed-hash pseudonyms: the only names that patients, series and files have past the door.

A pseudonym is HMAC-SHA256 of the identifier under a secret key, cut to 16 hexadecimal digits: without the key nobody
can test a guessed identifier against it (RFC 2104). The simulated cohort uses a published key, so that every clone of
the project gives the same keys.
"""

import contextlib
import csv
import hashlib
import hmac
import os
import re
import secrets
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from npc_kedro.errors import CohortError
from npc_kedro.study import PatientKey

KEY_VARIABLE = "NPC_PSEUDONYM_KEY"
SIMULATED_KEY = hashlib.sha256(b"simulated").digest()
_SHORTEST_KEY = 16
_PRIVATE = 0o600
_BLANKS = " \t\r\n\0\u00a0\u3000"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_CALENDAR_SHIFT_DAYS = 7305

_CARRIAGE_RETURN = "\ud800"
"""Stands in while a map is read for what a csv reader takes for the end of a line; no file holds it."""


def normalised_identifier(value: object) -> str:
    """One spelling for one patient identifier, whether it comes from DICOM, a spreadsheet or a file name.

    Blanks and NUL padding at the ends go, and the apostrophe by which a spreadsheet keeps a number as text; so do signs
    without width or of direction (U+200B, U+202D), wherever they stand. Full-width letters and digits become plain
    (NFKC); ``123.0`` and ``123,0`` (a number after a spreadsheet) become ``123``, but not ``1.000``, which may be one
    thousand; leading zeros of all-digit identifiers go, so that ``00123``, ``'123`` and ``123.0`` are one patient.
    Everything else stays as it is.
    """
    return _normalised(str(value if value is not None else ""))


@lru_cache(maxsize=4096)
def _normalised(text: str) -> str:
    """Cached, since the slices of a series repeat their patient."""
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    text = unicodedata.normalize("NFKC", text).strip(_BLANKS).lstrip(f"'{_BLANKS}")
    whole = re.fullmatch(r"(\d+)(?:[.,](?:0{0,2}|0{4,}))?", text, flags=re.ASCII)
    return (whole[1].lstrip("0") or "0") if whole else text


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms under one key. The kinds are kept apart: a patient and a series never share a hash."""

    key: bytes = field(repr=False)
    aliases: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Normalised identifier to the one under which the patient stands in the clinical table, also normalised."""

    def patient(self, identifier: object) -> PatientKey:
        """The key of a patient; the identifier is normalised, and joined with the patient's others, first."""
        normalised = normalised_identifier(identifier)
        return PatientKey(self._digest("patient", self.aliases.get(normalised, normalised)))

    def shifted_day(self, patient_key: str, day: date) -> int:
        """A day on a calendar of the patient's own: distances between days stay, the dates themselves are gone.

        The shift, up to twenty years, depends on the key: without it no date can be told.
        """
        return day.toordinal() + int(self._digest("calendar", patient_key), 16) % _CALENDAR_SHIFT_DAYS

    def series(self, uid: str) -> str:
        """The key of a series (SeriesInstanceUID)."""
        return self._digest("series", uid)

    def study(self, uid: str) -> str:
        """The key of a study (StudyInstanceUID)."""
        return self._digest("study", uid)

    def instance(self, uid: str) -> str:
        """The key of an instance (SOPInstanceUID)."""
        return self._digest("instance", uid)

    def mark(self, kind: str, value: str) -> str:
        """A hash by which two values of one kind can be held together without being kept; "" for an empty value."""
        return self._digest(kind, value) if value else ""

    def file(self, relative_path: str) -> str:
        """The key of a file (path relative to its folder); undecodable file names are hashed byte by byte."""
        return self._digest("file", relative_path)

    def _digest(self, kind: str, value: str) -> str:
        return _digest(self.key, kind, value)


@lru_cache(maxsize=4096)
def _digest(key: bytes, kind: str, value: str) -> str:
    """Cached, since the slices of a series repeat their patient, study and series."""
    message = kind.encode() + b"\0" + value.encode("utf-8", "surrogateescape")
    return hmac.digest(key, message, "sha256").hex()[:16]


def load_pseudonyms(*, simulated: bool, key_file: Path, aliases: Mapping[str, str] | None = None) -> Pseudonyms:
    """The pseudonyms of a cohort.

    A simulated cohort uses the published key. A real one uses the environment variable NPC_PSEUDONYM_KEY or else
    ``key_file``, which is created at first use, readable by its owner only. Losing the key means new pseudonyms.
    ``aliases`` joins a patient's several identifiers.

    Raises:
        CohortError: if the key given is shorter than 16 characters.
    """
    if simulated:
        return Pseudonyms(SIMULATED_KEY, aliases or {})
    given = os.environ.get(KEY_VARIABLE, "").encode()
    key = given or _read_or_create(key_file)
    if len(key) < _SHORTEST_KEY:
        source = f"the environment variable {KEY_VARIABLE}" if given else f"the key file {key_file.name}"
        msg = f"{source} holds {len(key)} characters; expected at least {_SHORTEST_KEY} that nobody can guess"
        raise CohortError(msg)
    return Pseudonyms(key, aliases or {})


def _read_or_create(key_file: Path) -> bytes:
    if not key_file.exists():
        key_file.parent.mkdir(parents=True, exist_ok=True)
        partial = _private_file(key_file.parent, secrets.token_hex(32))
        # A link, unlike a rename, never replaces the key of another process that came first: that key is read below.
        with contextlib.suppress(FileExistsError):
            os.link(partial, key_file)
        partial.unlink()
    return key_file.read_bytes().strip()


def read_key_map(path: Path) -> dict[str, str]:
    """Patient key to identifier as :func:`write_key_map` wrote them; empty if there is no such table."""
    return _read_map(path)


def write_key_map(path: Path, identifiers: Mapping[PatientKey, str]) -> None:
    """Adds to the table that leads from pseudonyms back to patients; readable by its owner only.

    It belongs beside the key and nowhere else: with it, a rejected patient of a real cohort can be found again.
    """
    _add_to_map(path, identifiers, columns=("patient_key", "identifier"))


def write_file_map(path: Path, files: Mapping[str, str]) -> None:
    """Adds to the table that leads from pseudonyms back to files (paths below the cohort folder); see the other one."""
    _add_to_map(path, files, columns=("file", "path"))


def _read_map(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = csv.reader(line.replace("\r", _CARRIAGE_RETURN) for line in _lines(file.read()))
        next(rows, None)
        return {row[0]: _as_written(row[1].replace(_CARRIAGE_RETURN, "\r")) for row in rows}


def _lines(text: str) -> list[str]:
    """Lines that end with a line feed, as the maps are written: other ends may stand in a file's name."""
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def _add_to_map(path: Path, entries: Mapping[str, str], *, columns: tuple[str, str]) -> None:
    known = _read_map(path)
    merged = {**known, **entries}
    if merged == known:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _private_file(path.parent, "")
    with partial.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        usual, quoted = (
            csv.writer(file, lineterminator="\n", quoting=how) for how in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )
        usual.writerow(columns)
        for key, value in sorted(merged.items()):
            # the usual one quotes line feeds only
            (quoted if "\r" in value else usual).writerow((key, _as_text(value)))
    partial.replace(path)


def _as_text(value: str) -> str:
    """The value with an apostrophe in front if a spreadsheet would take it for a formula, or it begins with one."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _as_written(cell: str) -> str:
    """What :func:`_as_text` was given."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _private_file(folder: Path, text: str) -> Path:
    """A new file in ``folder`` with mode 0600."""
    descriptor, name = tempfile.mkstemp(prefix=".pseudonym-", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, _PRIVATE)
        file.write(text)
    return Path(name)
