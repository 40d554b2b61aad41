"""Datasets tell where they lie without the folders of the machine."""

from pathlib import Path

import pandas as pd
import pytest

from npc_kedro.datasets.shown import shown
from npc_kedro.datasets.tables import CSVDataset, JSONDataset, ParquetDataset


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/somebody/study/data/08_reporting/table2.csv", "data_root/08_reporting/table2.csv"),
        ("/home/01_somebody/data/06_models/unet", "data_root/06_models/unet"),
        ("data/08_reporting/figures/roc", "data_root/08_reporting/figures/roc"),
        ("/home/somebody/table.csv", "table.csv"),
    ],
)
def test_a_path_begins_with_its_layer(path: str, expected: str) -> None:
    assert shown(path) == expected


@pytest.mark.parametrize("kind", [CSVDataset, ParquetDataset])
def test_tables_are_stored_as_ever_and_described_without_folders(kind: type, tmp_path: Path) -> None:
    dataset = kind(filepath=str(tmp_path / "08_reporting" / "table"))
    table = pd.DataFrame({"a": [1, 2]})
    dataset.save(table)
    assert dataset.load()["a"].tolist() == [1, 2]
    assert (tmp_path / "08_reporting" / "table").is_file()
    assert str(tmp_path) not in str(dataset)
    assert "data_root/08_reporting/table" in str(dataset)


def test_json_likewise(tmp_path: Path) -> None:
    dataset = JSONDataset(filepath=str(tmp_path / "08_reporting" / "x.json"))
    dataset.save({"a": 1})
    assert dataset.load() == {"a": 1}
    assert str(tmp_path) not in str(dataset)
