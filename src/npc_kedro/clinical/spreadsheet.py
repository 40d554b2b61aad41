"""A table as a spreadsheet program leaves it: text in cells, whatever the encoding and separator."""

import csv
import io
from pathlib import Path

import pandas as pd

from npc_kedro.errors import CohortError

ENCODINGS = ("utf-8-sig", "gb18030")
"""Tried in this order. GB18030 accepts nearly anything, hence last; it covers what Chinese Excel writes."""

SEPARATORS = (",", ";", "\t")


def read_cells(path: Path) -> pd.DataFrame:
    """Every cell of a CSV file as text without surrounding blanks.

    Returns:
        The cells; columns are named as in the file; the index is the row's number as a spreadsheet shows it (the
        heading is row 1). Rows without any content are left out.

    Raises:
        CohortError: if the file is missing, undecodable, empty, or a row has more cells than the heading.
    """
    if not path.is_file():
        msg = (
            f"There is no {path.name} in the cohort folder. Expected: a CSV with one row per patient and the columns "
            "patient_id, arm, residual_tumor, age, sex, ajcc_stage, t_stage, n_stage (other names can be mapped in "
            "ingest.clinical.columns)."
        )
        raise CohortError(msg)
    text = _decoded(path)
    heading = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=heading.count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator)]
    filled = [(number, row) for number, row in enumerate(rows, start=1) if any(row)]
    if not filled:
        msg = f"{path.name} is empty; expected a heading and one row per patient"
        raise CohortError(msg)
    (_, names), body = filled[0], filled[1:]
    wide = [str(number) for number, row in body if any(row[len(names) :])]
    if wide:
        msg = (
            f"{path.name}: rows {', '.join(wide[:20])} have more cells than the heading has columns ({len(names)}); "
            "quote cells that contain the separator"
        )
        raise CohortError(msg)
    cells = [(row + [""] * len(names))[: len(names)] for _, row in body]
    return pd.DataFrame(cells, columns=names, index=[number for number, _ in body], dtype=object)


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    msg = f"{path.name} is neither UTF-8 nor GB18030; save it as 'CSV UTF-8'"
    raise CohortError(msg)
