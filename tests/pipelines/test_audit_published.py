"""The audit as a pipeline: its table, its page, anybody's folder, and nothing heavy imported."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.pandas import CSVDataset
from pydantic import ValidationError

from npc_kedro.datasets.page import PageDataset
from npc_kedro.pipelines.audit_published import create_pipeline
from npc_kedro.pipelines.audit_published.parameters import AuditPublishedParameters
from npc_kedro.published import shipped_folder


def run(tmp_path, published_dir=""):
    catalog = DataCatalog(
        {
            "params:audit_published": MemoryDataset({"published_dir": str(published_dir)}),
            "published_audit": CSVDataset(
                filepath=str(tmp_path / "published_audit.csv"),
                load_args={"dtype": str, "keep_default_na": False},
                save_args={"index": False, "lineterminator": "\n"},
            ),
            "published_audit_page": PageDataset(filepath=str(tmp_path / "published_audit.html")),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    return catalog["published_audit"].load(), catalog["published_audit_page"].load()


def test_shipped_tables_by_default(tmp_path):
    audit, page = run(tmp_path)
    assert list(audit.columns[:6]) == ["claim", "printed", "recomputed", "method", "verdict", "note"]
    assert set(audit["verdict"]) == {"reproduced", "consistent", "inconsistent", "not_checkable"}
    assert audit.loc[audit["claim"] == "Table 1, P of ajcc: IC_test_NRT_vs_RT", "verdict"].tolist() == ["inconsistent"]
    assert "Hua et al." in page
    assert page.count("<tr class=") == len(audit)


def test_anybodys_folder_changes_the_verdicts(tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name in ("table2.csv", "table3.csv"):
        shutil.copy(shipped_folder() / name, folder)
    table2 = pd.read_csv(folder / "table2.csv", dtype=str, keep_default_na=False)
    table2["auc"] = table2["auc"].replace("0.928", "0.927")
    table2.to_csv(folder / "table2.csv", index=False)
    audit, page = run(tmp_path, folder)
    verdicts = audit.set_index("claim")["verdict"]
    assert verdicts["Table 2, CCRT patient: average auc"] == "reproduced"
    assert verdicts["table1.csv"] == "not_checkable"
    assert str(tmp_path) not in page


def test_unknown_parameters_are_refused():
    with pytest.raises(ValidationError):
        AuditPublishedParameters.model_validate({"published_folder": "x"})


def test_no_heavy_import():
    program = (
        "import sys\n"
        "from npc_kedro.pipelines.audit_published.nodes import audit_published_tables, write_page\n"
        "page = write_page(audit_published_tables({}), {})\n"
        "heavy = {'torch', 'timm', 'mlflow', 'pydicom', 'nibabel', 'matplotlib', 'plotly', 'statsmodels'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
