"""From a folder of DICOM files, outlines and a spreadsheet to slices, outlines and patients behind pseudonyms."""

from npc_kedro.pipelines.ingest.pipeline import create_pipeline

__all__ = ["create_pipeline"]
