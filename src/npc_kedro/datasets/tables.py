"""kedro-datasets' types for tables and JSON, which do not tell where on the machine they lie."""

from typing import Any

from kedro_datasets import json, pandas

from npc_kedro.datasets.shown import shown


class _Shown:
    """What is in the file is as ever; only the description changes."""

    def _describe(self) -> dict[str, Any]:
        described: dict[str, Any] = super()._describe()  # type: ignore[misc]
        return described | {"filepath": shown(described["filepath"])}


class CSVDataset(_Shown, pandas.CSVDataset):
    """A table as CSV."""


class ParquetDataset(_Shown, pandas.ParquetDataset):
    """A table as Parquet."""


class JSONDataset(_Shown, json.JSONDataset):
    """A dictionary as JSON."""
