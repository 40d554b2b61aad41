"""The two override files: read like any other table, and told of with all their faults at once."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ingest_bench import shipped_parameters
from npc_kedro.clinical.identifiers import read_aliases
from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.clinical.spreadsheet import ROUNDED
from npc_kedro.dicom.choices import Choices
from npc_kedro.dicom.outlines.folder import OutlineSearch, find_outlines, read_choices
from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms
from npc_kedro.dicom.selection import choose_series, read_override
from npc_kedro.errors import CohortError

KEYS = Pseudonyms(SIMULATED_KEY)
SERIES = pd.DataFrame(
    {"patient_key": [KEYS.patient("P9")], "series_key": [KEYS.series("1.9")], "reason": ["not_axial"]}
)


def told(choices: Choices, follow: Callable[[Choices], object]) -> list[str]:
    with pytest.raises(CohortError, match="cannot be followed; correct these rows") as caught:
        follow(choices)
    return str(caught.value).split("\n- ")[1:]


def follow_series(choices: Choices) -> None:
    choose_series(SERIES, excluded_patients={}, override=choices)


@pytest.mark.parametrize("read", [read_override, read_choices])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize(
    "text",
    [
        "Patient ID{0}SeriesInstanceUID{0}File{0}w\n\u738b\u82b3{0}1.2{0}1.2{0}x\n{0}{0}{0}\n\n 8.0 {0}1.3{0}1.3{0}\n",
        "note\nFILE{0}patient_id{0}series_instance_uid\n1.2{0}\u738b\u82b3{0}1.2\n1.3{0}008{0}1.3\n",
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_overrides_are_read_like_any_table(
    tmp_path: Path, read: Callable, encoding: str, text: str, separator: str
) -> None:
    (tmp_path / "t.csv").write_bytes(text.format(separator).encode(encoding))
    meaning = KEYS.series if read is read_override else str
    choices = read(tmp_path / "t.csv", KEYS)
    assert choices.chosen == {KEYS.patient("\u738b\u82b3"): meaning("1.2"), KEYS.patient("8"): meaning("1.3")}
    assert choices.table.faults == []


def test_no_file_is_no_choice_and_a_column_must_be_there(tmp_path: Path) -> None:
    assert read_override(tmp_path / "series_override.csv", KEYS).chosen == {}
    (tmp_path / "series_override.csv").write_text("patient_id,uid\nP1,1.2\n")
    with pytest.raises(CohortError, match=r"series_override\.csv lacks series_instance_uid"):
        read_override(tmp_path / "series_override.csv", KEYS)


def test_all_faults_of_a_series_override_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "series_override.csv"
    path.write_text("patient_id,series_instance_uid\nP1,1.1\nP2\n,\nP1,1.4\n1.2E+11,1.5\nP9,1.9\n,1.6\n")
    one, other, nine = KEYS.patient("P1"), KEYS.series("1.1"), KEYS.patient("P9")
    assert told(read_override(path, KEYS), follow_series) == [
        f"row 2: patient {one} has no readable series {other}",
        "row 3: series_instance_uid is empty",
        f"row 5: patient {one} is in row 2 already; keep one row",
        f"row 6: patient_id is {ROUNDED}",
        f"row 7: series {KEYS.series('1.9')} of patient {nine} is not axial",
        "row 8: patient_id is empty",
    ]


def test_all_faults_of_an_outline_override_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "outline_override.csv"
    path.write_text("patient_id;file\nP1;outlines/none.nii\n3.4E+10;x\nP2;\nP3;outlines\\P4.nii\n")
    (tmp_path / "outlines").mkdir()
    (tmp_path / "outlines" / "P4.nii").write_bytes(b"")

    def follow(choices: Choices) -> None:
        search = OutlineSearch(KEYS, {KEYS.patient("P4")}, {}, "(?P<patient_id>.+)", choices)
        find_outlines(tmp_path / "outlines", [], search)

    assert told(read_choices(path, KEYS), follow) == [
        f"row 2: patient {KEYS.patient('P1')}: no outline lies at the path given in column file; give it as seen from "
        "the cohort folder",
        f"row 3: patient_id is {ROUNDED}",
        "row 4: file is empty",
        f"row 5: patient {KEYS.patient('P3')}: the file named belongs to patient {KEYS.patient('P4')}",
    ]


@pytest.mark.parametrize("cell", ["#REF!", "#N/A", "#NAME?", "NA", "-", "?", "Unknown"])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", ["identifiers", "series_override", "outline_override"])
def test_a_cell_that_says_nothing_is_no_identifier_in_the_small_tables(
    tmp_path: Path, name: str, place: int, cell: str
) -> None:
    is_missing = ClinicalMapping.model_validate(shipped_parameters()["clinical"]).is_missing
    columns = {
        "identifiers": "identifier,patient_id",
        "series_override": "patient_id,series_instance_uid",
        "outline_override": "patient_id,file",
    }[name]
    cells = ["P1", "P2"]
    cells[place] = cell
    path = tmp_path / f"{name}.csv"
    path.write_text(f"{columns}\n{','.join(cells)}\n")
    what = "is an error of the spreadsheet's own" if cell.startswith("#") else "says that nothing is known"
    followed = {
        "identifiers": lambda: read_aliases(path, is_missing),
        "series_override": lambda: read_override(path, KEYS, is_missing).table.require_sound(),
        "outline_override": lambda: read_choices(path, KEYS, is_missing).table.require_sound(),
    }
    with pytest.raises(CohortError, match=rf"row 2: {columns.split(',')[place]} {what}"):
        followed[name]()
