"""Known identifiers in every tag and field of an export, and a search through everything that a run leaves behind.

Bad inputs 25 and 26: names in the character sets of East Asia and Arabia, identifiers that are paths, markup, formulas.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import PROJECT, environment_of, kedro
from mini_dicom import MiniSeries, clinical_row, encoded, write_clinical

NAMES = {
    "GB18030": "\u738b\u82b3^\u79d8\u5bc6",
    "ISO 2022 IR 87": "Yamada^Tarou=\u5c71\u7530^\u592a\u90ce",
    "ISO 2022 IR 149": "Hong^Gildong=\u6d2a^\u5409\u6d1e=\ud64d^\uae38\ub3d9",
    "ISO_IR 127": "\u0642\u0628\u0627\u0646\u064a^\u0644\u0646\u0632\u0627\u0631",
}
"""Character set to name, after DICOM PS3.5, annexes H to J."""

IDENTIFIERS = ("../../PLANTED0", "<script>PLANTED1</script>", "=cmd|PLANTED2!A1", "PLANTED3 \u738b")
PLANTED = "PLANTED"
TEXT_TAGS = (
    "SeriesDescription", "ProtocolName", "SequenceName", "ContrastBolusAgent", "InstitutionName", "AccessionNumber",
    "ReferringPhysicianName", "OtherPatientNames", "PatientAddress", "PatientComments", "StudyDescription", "StudyID",
    "OperatorsName", "StationName", "DeviceSerialNumber", "ImageComments", "PerformedProcedureStepDescription",
)  # fmt: skip
BIRTH_DATE = "19370419"


_SHORTEST = 4
"""Bytes of a needle: two or three stand in random pixels by chance."""


def plant(root: Path) -> None:
    """An export whose every text names somebody, with damaged files among the sound ones."""
    rows = []
    for place, (identifier, (character_set, name)) in enumerate(zip(IDENTIFIERS, NAMES.items(), strict=True)):
        sets = ["", character_set] if character_set.startswith("ISO 2022") else character_set
        sets = "GB18030" if not identifier.isascii() else sets
        tags = {"SpecificCharacterSet": sets, "PatientName": name, "PatientBirthDate": BIRTH_DATE}
        tags |= {"SeriesDescription": f"Ax T1 +C {PLANTED}"}
        series = MiniSeries(identifier, tags=tags)
        folder = root / "dicom" / f"{PLANTED} patient {place}"
        folder.mkdir(parents=True)
        for index in range(3):
            dataset = series.dataset(index)
            for keyword in TEXT_TAGS[1:]:
                setattr(dataset, keyword, f"{PLANTED}X"[:16])
            content = encoded(dataset)
            (folder / f"{PLANTED}{index}.dcm").write_bytes(content)
            (folder / f"{PLANTED}{index}.cut").write_bytes(content[: 200 + 400 * index])
        rows.append(clinical_row(identifier.replace(",", ""), name=name, birth_date=BIRTH_DATE))
    (root / "dicom" / f"{PLANTED}-link").symlink_to(root / f"{PLANTED}-nowhere")
    write_clinical(root, rows)


def secrets() -> list[str]:
    """What must not be found: every planted word, in each of its parts."""
    parts = {part for name in NAMES.values() for part in [*name.split("="), *name.replace("=", "^").split("^")]}
    return [PLANTED, BIRTH_DATE, "1937-04-19", *sorted(parts)]


def left_behind(folder: Path) -> dict[str, bytes]:
    """Everything below a folder by relative path; of a database what its tables say, too."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
        if path.suffix == ".db":
            with sqlite3.connect(path) as store:
                found[f"{path.name} as text"] = "\n".join(store.iterdump()).encode()
    return found


def assert_nothing_private(found: dict[str, bytes]) -> None:
    for secret in secrets():
        for encoding in ("utf-8", "gb18030", "utf-16-le"):
            needle = secret.encode(encoding, "ignore")
            if len(needle) < _SHORTEST:
                continue
            places = [name for name, content in found.items() if needle in content or secret in name]
            assert not places, f"{secret!r} as {encoding} in {places}"
        escaped = secret.encode("unicode_escape")
        assert not [name for name, content in found.items() if escaped in content]


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    root = tmp_path / "hospital"
    root.mkdir()
    plant(root)
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    results = tmp_path / "results"
    results.mkdir()
    return environment_of(results) | {"NPC_PSEUDONYM_KEY": "a key that nobody can guess"}


def run(cohort: Path, environment: dict[str, str], pipelines: str) -> str:
    key_file = cohort.parent / "private" / "pseudonym.key"
    words = ("run", "--env=miniature", f"--pipelines={pipelines}")
    given = f"cohort_root={cohort},ingest.pseudonym_key_file={key_file}"
    done = kedro(*words, "--params", given, environment=environment)
    return done.stdout + done.stderr


def test_bad_input_25_26_preflight_and_ingest_leave_nothing_private(
    cohort: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    before = left_behind(cohort)
    told = run(cohort, environment, "preflight") + run(cohort, environment, "ingest")
    results = tmp_path / "results"
    found = left_behind(results)
    assert any(name.endswith("preflight.html") for name in found)
    assert any(name.endswith("patients.parquet") for name in found)
    assert any(name.endswith("rejected_files.csv") for name in found)
    assert_nothing_private(found | {"what the run said": told.encode()})
    assert left_behind(cohort) == before
    assert b"<script" not in next(content for name, content in found.items() if name.endswith("preflight.html"))
    key = environment["NPC_PSEUDONYM_KEY"].encode()
    assert not [name for name, content in found.items() if key in content]


def test_bad_input_25_an_error_names_nobody(cohort: Path, environment: dict[str, str], tmp_path: Path) -> None:
    first = sorted((cohort / "dicom").rglob("*0.dcm"))[0]
    copy = first.read_bytes()
    (cohort / "dicom" / "other").write_bytes(copy[:-2] + b"\x01\x01")
    told = run(cohort, environment, "ingest")
    assert "share one SOPInstanceUID but differ" in " ".join(told.split())
    assert_nothing_private(left_behind(tmp_path / "results") | {"what the run said": told.encode()})


AUDITOR = """
import ipaddress, os, sys

def audit(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not ipaddress.ip_address(address[0]).is_loopback:
            os.write(2, f"OUTSIDE CONNECTION to {address[0]}\\n".encode())
            os._exit(97)
    elif event == "socket.getaddrinfo" and arguments[0] not in (None, "", "localhost", "127.0.0.1", "::1"):
        os.write(2, f"OUTSIDE NAME {arguments[0]}\\n".encode())
        os._exit(97)

sys.addaudithook(audit)
"""
"""Loaded by every Python process that starts, before anything else: whoever looks outside ends at once."""


def test_only_local_connections_are_opened(cohort: Path, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit/sitecustomize.py").write_text(AUDITOR, encoding="utf-8")
    paths = [str(tmp_path / "audit"), str(PROJECT / "src"), os.environ.get("PYTHONPATH", "")]
    watched = environment | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    reach = "import socket; socket.create_connection(('192.0.2.1', 9), timeout=0.1)"
    assert subprocess.run([sys.executable, "-c", reach], env=watched, check=False, capture_output=True).returncode == 97
    told = run(cohort, watched, "preflight,ingest")
    assert "OUTSIDE" not in told
    assert "Pipeline execution completed successfully" in " ".join(told.split())
