"""A claim of a published table, what computation makes of it, and the verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from npc_kedro.audit.printed import Printed

CLAIM_COLUMNS: tuple[str, ...] = ("claim", "printed", "recomputed", "method", "verdict", "note", "cells")


class AuditVerdict(StrEnum):
    """What computation says of a printed number.

    ``reproduced``: the stated method gives the printed digits. ``consistent``: nothing contradicts it, or only another
    variant of the method gives it. ``inconsistent``: it cannot be right together with the other numbers it depends on.
    ``not_checkable``: nothing that was given determines it.
    """

    REPRODUCED = "reproduced"
    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    NOT_CHECKABLE = "not_checkable"


@dataclass(frozen=True)
class Claim:
    """One judged statement.

    Attributes:
        claim: what is claimed; made of the rows' names only, so that it stays the same when numbers change.
        printed: the number or word as printed.
        recomputed: what the other numbers give.
        method: how it was computed.
        verdict: the judgement.
        note: why, where the verdict alone does not say it.
        cells: the printed cells it depends on, e.g. ``table2:CCRT/patient/resnet50/acc``.
    """

    claim: str
    printed: str
    recomputed: str
    method: str
    verdict: AuditVerdict
    note: str = ""
    cells: tuple[str, ...] = ()


def cells_of(*numbers: Printed | Iterable[Printed | None] | None) -> tuple[str, ...]:
    """The addresses of the given printed numbers, each once, in order; None (not printed) is left out."""
    names: dict[str, None] = {}
    for number in numbers:
        if number is None:
            continue
        for one in (number,) if isinstance(number, Printed) else number:
            if one is not None:
                names[one.cell] = None
    return tuple(names)


def verdict_if(holds: bool, otherwise: AuditVerdict = AuditVerdict.INCONSISTENT) -> AuditVerdict:
    """``reproduced`` if the recomputation gives the printed digits, else ``otherwise``."""
    return AuditVerdict.REPRODUCED if holds else otherwise


def claims_frame(claims: Iterable[Claim]) -> pd.DataFrame:
    """The claims as a table with :data:`CLAIM_COLUMNS`, in the order given; cells joined by blanks."""
    rows = [
        {
            "claim": claim.claim,
            "printed": claim.printed,
            "recomputed": claim.recomputed,
            "method": claim.method,
            "verdict": claim.verdict.value,
            "note": claim.note,
            "cells": " ".join(claim.cells),
        }
        for claim in claims
    ]
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))
