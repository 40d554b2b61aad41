"""The publication's tables as data, transcribed from Hua et al., Quant Imaging Med Surg 2023;13(6):3569-3586.

Figures only; percentages and decimals are kept as printed. See :mod:`npc_kedro.audit.tables` for the columns.
"""

from pathlib import Path


def shipped_folder() -> Path:
    """The folder of the publication's own tables."""
    return Path(__file__).parent
