"""Foreign folders: what is absent is named, what cannot be read is an error with its place."""

import shutil

import pandas as pd
import pytest

from npc_kedro.audit import audit_tables, read_tables
from npc_kedro.errors import CohortError
from npc_kedro.published import shipped_folder


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "tables"
    copy.mkdir()
    for path in shipped_folder().glob("*.csv"):
        shutil.copy(path, copy)
    return copy


def rewrite(path, change):
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(frame).to_csv(path, index=False)


def test_an_absent_folder_is_an_error(tmp_path):
    with pytest.raises(CohortError, match=r"is not a folder; give the folder that holds table1\.csv"):
        read_tables(tmp_path / "nowhere")


def test_a_folder_without_tables_is_an_error(tmp_path):
    with pytest.raises(CohortError, match=r"holds none of table1\.csv, table1_pvalues\.csv"):
        read_tables(tmp_path)


def test_absent_files_are_named_and_the_rest_is_judged(folder):
    for name in ("table1", "table1_pvalues", "headline"):
        (folder / f"{name}.csv").unlink()
    claims = {claim.claim: claim for claim in audit_tables(read_tables(folder))}
    assert claims["table1.csv"].verdict == "not_checkable"
    assert "headline.csv" in claims
    assert claims["Table 2, CCRT patient resnet50: Se is a count of patients"].verdict == "not_checkable"
    assert claims["Table 2, CCRT patient resnet50: width of the AUC interval"].verdict == "not_checkable"
    assert claims["Table 2, CCRT patient: average auc"].verdict == "inconsistent"
    assert claims["Table 3, situation 3: model verdict"].verdict == "reproduced"


def test_absent_columns_are_named(folder):
    rewrite(folder / "table2.csv", lambda frame: frame.drop(columns=["auc_lo", "auc_hi"]))
    rewrite(folder / "table3.csv", lambda frame: frame.drop(columns=["cases"]))
    claims = {claim.claim: claim.verdict for claim in audit_tables(read_tables(folder))}
    assert claims["table2.csv, column auc_lo"] == "not_checkable"
    assert claims["table3.csv, column cases"] == "not_checkable"
    assert claims["Table 2, CCRT patient: average auc"] == "inconsistent"
    assert not any("width" in name for name in claims)


def test_rows_with_unknown_words_are_left_out_and_named(folder):
    rewrite(folder / "table2.csv", lambda frame: frame.replace({"model": {"IC+CCRT": "induction"}}))
    claims = {claim.claim: claim.verdict for claim in audit_tables(read_tables(folder))}
    assert claims["table2.csv, row 12: induction, image"] == "not_checkable"


@pytest.mark.parametrize(
    ("table", "column", "text", "message"),
    [
        ("table1", "n", "many", r"table1:CCRT/train/NRT/patients/all/n: found 'many'"),
        ("table2", "auc", "0,713", r"table2:CCRT/image/efficientnet_b0/auc: found '0,713' where a number is expected"),
        ("table3", "cases", "-3", r"table3:1/cases: found '-3' where a number of patients or images is expected"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_place(folder, table, column, text, message):
    def spoil(frame):
        frame.loc[0, column] = text
        return frame

    rewrite(folder / f"{table}.csv", spoil)
    with pytest.raises(CohortError, match=message):
        read_tables(folder)


def test_a_row_given_twice_is_an_error(folder):
    rewrite(folder / "table2.csv", lambda frame: pd.concat([frame, frame.head(1)]))
    with pytest.raises(CohortError, match="table2:CCRT/image/efficientnet_b0 is given twice"):
        read_tables(folder)


def test_a_ragged_file_is_an_error(folder):
    (folder / "table3.csv").write_text("a,b\n1,2,3,4\n1,2\n", encoding="utf-8")
    (folder / "headline.csv").write_bytes(b"key,printed\n\xff\xfe,1\n")
    with pytest.raises(CohortError, match=r"cannot be read as a comma-separated table in UTF-8"):
        read_tables(folder)
