"""A cohort folder of tiny series, and the pipeline ``ingest`` run on it with the shipped catalog and parameters."""

import dataclasses
import functools
import json
from pathlib import Path

from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from omegaconf import OmegaConf

from mini_dicom import MiniSeries, clinical_row, write_clinical
from npc_kedro.clinical.attrition import check_attrition
from npc_kedro.cohort import CohortFolder
from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms
from npc_kedro.pipelines.ingest import create_pipeline

CONFIGURATION = Path(__file__).parents[2] / "conf/base/ingest"
KEYS = Pseudonyms(SIMULATED_KEY)
OUTPUTS = ("clinical", "file_survey", "series_survey", "series_judged", "series_choice", "slices", "outlines",
           "patients", "attrition_ingest", "rejected_files", "excluded_patients")  # fmt: skip


@functools.cache
def shipped_catalog() -> str:
    """The shipped catalog of ``ingest`` as JSON, with STORE for the data root."""
    written = (CONFIGURATION / "catalog.yml").read_text(encoding="utf-8").replace("${data_root:}", "STORE")
    entries = OmegaConf.to_container(OmegaConf.create(written), resolve=True)
    return json.dumps({name: entry for name, entry in entries.items() if not name.startswith("_")})  # type: ignore[union-attr]


def shipped_parameters() -> dict:
    """The shipped parameters, with the matrix of the tiny slices."""
    loaded = OmegaConf.load(CONFIGURATION / "parameters.yml")["ingest"]
    loaded["matrix"], loaded["scratch"], loaded["workers"] = 16, "unset", 1
    return OmegaConf.to_container(loaded, resolve=True)  # type: ignore[return-value]


@dataclasses.dataclass(frozen=True)
class Bench:
    """A cohort folder, and the pipeline run on it."""

    root: Path
    store: Path
    shipped: dict

    def add(self, *series: MiniSeries) -> None:
        for one in series:
            one.write(self.root / "dicom")

    def clinical(self, *patients: str, **changes: object) -> None:
        write_clinical(self.root, [clinical_row(patient, **changes) for patient in patients])

    def put(self, name: str, content: bytes) -> str:
        """Adds a file to the DICOM folder and returns its pseudonym."""
        path = self.root / "dicom" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return KEYS.file(name)

    def run(self, *, simulated: bool = True, **changes: object) -> dict:
        parameters = self.shipped | {"scratch": str(self.store / "scratch")} | changes
        catalog = DataCatalog.from_config(json.loads(shipped_catalog().replace("STORE", str(self.store))))
        catalog["cohort"] = MemoryDataset(CohortFolder(root=self.root, simulated=simulated), copy_mode="assign")
        catalog["params:ingest"] = MemoryDataset(parameters)
        SequentialRunner().run(create_pipeline(), catalog)
        found = {name: catalog.load(name) for name in OUTPUTS}
        check_attrition(found["attrition_ingest"])
        dicom_files = [path for path in (self.root / "dicom").rglob("*") if path.is_symlink() or path.is_file()]
        survey = found["file_survey"]
        rejected = found["rejected_files"][found["rejected_files"]["file"].isin(survey["file"])]
        assert rejected["file"].is_unique
        objects = set(survey.loc[survey["reason"] == "outline_object", "file"]) - set(rejected["file"])
        assert len(rejected) + found["slices"].table["file"].nunique() + len(objects) == len(dicom_files)
        assert not set(found["patients"]["patient_key"]) & set(found["excluded_patients"]["patient_key"])
        return found


def reasons(found: dict) -> dict[str, str]:
    """File pseudonym to reason code."""
    table = found["rejected_files"]
    return dict(zip(table["file"], table["reason"], strict=True))


def counts(found: dict, step: str, unit: str) -> dict:
    """Reason to count for a step and unit, with ``entered`` and ``used``."""
    table = found["attrition_ingest"]
    rows = table[(table["step"] == step) & (table["unit"] == unit)]
    excluded = rows[rows["excluded"] > 0]
    listed = dict(zip(excluded["reason"], excluded["excluded"], strict=True))
    return {"entered": rows["entered"].iloc[0], "used": rows["used"].iloc[0], **listed}
