"""The whole study in miniature: nothing that it leaves, weights included, names anybody of the simulated cohort."""

import mmap
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pydicom

from command_line import Study

RAW = "01_raw"
"""The simulated export and its truth: where the names come from."""

UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
DATES = ("StudyDate", "PatientBirthDate")


def searched(words: Iterable[str]) -> re.Pattern[bytes]:
    """Any of the words, standing for itself; their common beginning is written once, so that the search is quick."""
    listed = sorted({word for word in words if word})
    beginning = os.path.commonprefix(listed)  # noqa: RUF071  words, not paths
    rests = "|".join(re.escape(word.removeprefix(beginning)) for word in listed)
    return re.compile(f"{re.escape(beginning)}(?:{rests})(?![0-9])".encode())


def what_names_people(root: Path) -> tuple[list[re.Pattern[bytes]], re.Pattern[bytes]]:
    """Patterns of identifiers, names and UIDs; and of dates, which are digits and so are sought in text alone."""
    export = root / RAW / "simulated_cohort"
    table = pd.read_csv(export / "clinical.csv", dtype=str)
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in (export / "dicom").rglob("*.dcm")]
    people = {*table["patient_id"], *(str(header.PatientID) for header in headers)}
    assert len(people) == len(table) > 10
    names = {str(header.PatientName) for header in headers}
    uids = {str(header.get(keyword)) for header in headers for keyword in UIDS}
    days = {str(header.get(keyword)) for header in headers for keyword in DATES} | {*table["treatment_start"]}
    days |= {day.replace("-", "") for day in days} | {
        f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in days if "-" not in day
    }
    dates = re.compile(rb"(?<![\d.])(?:" + "|".join(sorted(days)).encode() + rb")(?!\d)")
    return [searched(people), searched(names), searched(uids)], dates


def left_behind(study: Study) -> Iterator[Path]:
    """Every file beside the export: results, journals, weights, the tracking store and its artifacts."""
    for path in sorted(study.root.parent.rglob("*")):
        if path.is_file() and path.stat().st_size and study.root / RAW not in path.parents:
            yield path


def as_text(path: Path) -> bytes | None:
    """What a table, page or database says; None of pixels, pictures and weights."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv().encode()
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as store:
            return "\n".join(store.iterdump()).encode()
    return path.read_bytes() if path.suffix in {".csv", ".json", ".html", ".yml", ".txt", ".journal", ".log"} else None


def test_nothing_that_the_study_leaves_names_anybody(miniature: Study) -> None:
    patterns, dates = what_names_people(miniature.root)
    kinds: set[str] = set()
    for path in left_behind(miniature):
        kinds.add(path.suffix)
        place = str(path.relative_to(miniature.root.parent))
        text = as_text(path)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for pattern in patterns:
                for searched_in in (content, place.encode(), text or b""):
                    found = pattern.search(searched_in)
                    assert found is None, f"{found[0]!r} in {place}"
        found = dates.search(text or b"")
        assert found is None, f"the date {found[0]!r} in {place}"
    assert {".csv", ".parquet", ".json", ".npy", ".png", ".safetensors", ".db", ".journal"} <= kinds
    assert any("mlartifacts" in path.parts for path in left_behind(miniature))
    for pattern in patterns:
        assert pattern.search(miniature.output.encode()) is None


def test_what_the_search_looks_for_is_found_where_it_stands(miniature: Study, tmp_path: Path) -> None:
    patterns, dates = what_names_people(miniature.root)
    export = miniature.root / RAW / "simulated_cohort"
    assert patterns[0].search((export / "clinical.csv").read_bytes())
    assert dates.search((export / "clinical.csv").read_bytes())
    header = next((export / "dicom").rglob("*.dcm")).read_bytes()
    assert all(pattern.search(header) for pattern in [*patterns, dates])
    pd.read_csv(export / "clinical.csv").to_parquet(tmp_path / "clinical.parquet")
    assert patterns[0].search(as_text(tmp_path / "clinical.parquet") or b"")
