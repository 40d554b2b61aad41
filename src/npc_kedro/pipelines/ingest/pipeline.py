"""The wiring of ``ingest``.

::

    cohort ──┬── read_clinical_table ── clinical ──┐
             ├── survey_files ◀── clinical         ├── decode_slices ── slices, outlines, patients,
             │      └── file_survey, series_survey │                    attrition_ingest, rejected_files
             └── choose_series ── series_judged ───┘
                        └── series_choice

    clinical, file_survey, series_judged, patients ── list_excluded_patients ── excluded_patients
    slices, outlines, patients ── draw_outlines ── outline_pictures

Raw paths and identifiers stay inside the nodes; what lies between them holds pseudonyms.
"""

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.ingest.nodes import (
    choose_series,
    decode_slices,
    draw_outlines,
    list_excluded_patients,
    read_clinical_table,
    survey_files,
)


def create_pipeline(**_: object) -> Pipeline:
    """The pipeline ``ingest``."""
    return Pipeline(
        [
            Node(read_clinical_table, ["cohort", "params:ingest"], "clinical", name="read_clinical_table"),
            Node(
                survey_files,
                ["cohort", "clinical", "params:ingest"],
                ["file_survey", "series_survey"],
                name="survey_files",
            ),
            Node(
                choose_series,
                ["cohort", "clinical", "series_survey", "params:ingest"],
                ["series_judged", "series_choice"],
                name="choose_series",
            ),
            Node(
                decode_slices,
                ["cohort", "clinical", "file_survey", "series_judged", "params:ingest"],
                ["slices", "outlines", "patients", "attrition_ingest", "rejected_files"],
                name="decode_slices",
            ),
            Node(
                list_excluded_patients,
                ["clinical", "file_survey", "series_judged", "patients"],
                "excluded_patients",
                name="list_excluded_patients",
            ),
            Node(draw_outlines, ["slices", "outlines", "patients"], "outline_pictures", name="draw_outlines"),
        ],
        namespace="ingest",
        prefix_datasets_with_namespace=False,
    )
