"""What of a run's results goes to its MLflow run: the numbers people compare, and the files they open."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from npc_kedro.tracking import provenance

_REPORTING = "08_reporting"


def cohort_hash(catalog: Any) -> str | None:
    """The identity of the cohort in the catalog, None before ``ingest`` has stored one."""
    if not ("slices" in catalog and catalog.exists("slices") and catalog.exists("patients")):
        return None
    return provenance.cohort_hash(catalog.load("slices").table, catalog.load("patients"))


def metrics(catalog: Any, made: Collection[str]) -> dict[str, float]:
    """The headline numbers among the datasets that this run made."""
    values: dict[str, float] = {}
    if "table2" in made:
        values.update(_average_aucs(catalog.load("table2")))
    if "segmentation" in made:
        values.update(_dice(catalog.load("segmentation")))
    if "decision_comparison" in made:
        comparison = catalog.load("decision_comparison")
        values.update({f"{who}_correct_rate": comparison[who]["rate"] for who in ("model", "physician")})
        values.update({name: comparison[name] for name in ("pearson_p", "mcnemar_exact_p")})
    return {name: float(value) for name, value in values.items() if value is not None}


def _average_aucs(table2: pd.DataFrame) -> dict[str, float]:
    rows = table2[table2["network"] == "average"]
    return {f"auc_{row.model.replace('+', '_')}_{row.unit}".lower(): row.auc for row in rows.itertuples()}


def _dice(segmentation: pd.DataFrame) -> dict[str, float]:
    rows = segmentation[segmentation["level"] == "patient"]
    return {f"dice_{row.segmenter}_{row.part}": row.dice for row in rows.itertuples()}


def report_files(catalog: Any, made: Collection[str]) -> Iterator[Path]:
    """Tables, pages and figures of ``08_reporting`` that this run made and that hold no row of a patient."""
    for name in sorted(made):
        location = getattr(catalog.get(name), "_filepath", None)
        if location is None or _REPORTING not in Path(str(location)).parts:
            continue
        path = Path(str(location))
        for file in [path] if path.suffix else [path.with_suffix(".png"), path.with_suffix(".json")]:
            if file.is_file() and not _has_patient_rows(file):
                yield file


def _has_patient_rows(file: Path) -> bool:
    if file.suffix != ".csv":
        return False
    with file.open(encoding="utf-8") as text:
        return "patient_key" in text.readline()


def open_children(mlflow: Any, experiment: str, parent: str) -> list[str]:
    """Ids of the parent's child runs that are still marked as running."""
    runs = mlflow.search_runs(
        [experiment], filter_string=f"tags.`mlflow.parentRunId` = '{parent}' and attributes.status = 'RUNNING'"
    )
    return [run.info.run_id for run in runs]
