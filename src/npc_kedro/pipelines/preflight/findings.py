"""What a check found wrong: the one form in which preflight tells of files, series, patients, outlines and tables."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

import pandas as pd

from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.errors import CohortError, StudyError
from npc_kedro.pipelines.preflight.remedies import expectation_of, remedy_of


class Severity(StrEnum):
    """What a finding means for the run."""

    STOPS = "stops the run"
    LEAVES_OUT = "left out"
    NOTE = "to be known"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as expected.

    Attributes:
        severity: what it means for the run.
        check: the check that found it: clinical table, files, series, patients, decoding, outlines, division.
        patient_key: "" where no one patient is meant.
        subject: pseudonym of a file or series, or row and column.
        reason: reason code, or "" where the message says it all.
        found: the value or state.
        expected: what it should be.
        remedy: what to do.
        first: whether it stands before others of its kind.
    """

    severity: Severity
    check: str
    patient_key: str
    subject: str
    reason: str
    found: str
    expected: str
    remedy: str
    first: bool = False


_INSIDE = "\0"
"""Stands for a semicolon inside brackets while a sentence is parted."""

COLUMNS = ["severity", "check", "patient_key", "subject", "reason", "found", "expected", "remedy"]


def table_of(findings: Iterable[Finding]) -> pd.DataFrame:
    """The findings as rows, the gravest first."""
    order = list(Severity)
    rows = sorted(
        findings,
        key=lambda one: (
            *(order.index(one.severity), one.check, one.reason, not one.first),
            *(one.patient_key, _counted(one.subject)),
        ),
    )
    return pd.DataFrame([asdict(row) | {"severity": row.severity.value} for row in rows], columns=COLUMNS)


def _counted(subject: str) -> list[tuple[int, str]]:
    """A key that puts row 2 before row 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", subject)]


def refusal(check: str, reason: str, detail: str, *, patient_key: str = "", subject: str = "") -> Finding:
    """A file, series or patient that is left out for a reason code."""
    return Finding(
        Severity.LEAVES_OUT, check, patient_key, subject, reason, detail, expectation_of(reason), remedy_of(reason)
    )


def findings_of(check: str, error: StudyError) -> Iterator[Finding]:
    """The sentences of an error that would stop the run, one finding each."""
    text = error.everything if isinstance(error, CohortError) else str(error)
    heading, *sentences = text.split("\n- ")
    if not sentences:
        yield _stop(check, heading, remedy="see the message")
        return
    *listed, last = sentences
    last, _, closing = last.partition("\n")
    for sentence in [*listed, last]:
        yield _stop(check, sentence, remedy=(closing or heading).rstrip(":").strip())


def _stop(check: str, sentence: str, *, remedy: str) -> Finding:
    place = re.match(r"(?P<subject>row \d+(?:, column [\w ]+)?|column [\w ]+|patient [0-9a-f]{16}): ", sentence)
    found, expected, own_remedy = _parted(sentence[place.end() :] if place else sentence)
    subject = place["subject"] if place else ""
    key = re.search(r"patient ([0-9a-f]{16})", sentence)
    return Finding(Severity.STOPS, check, key[1] if key else "", subject, "", found, expected, own_remedy or remedy)


def _parted(sentence: str) -> tuple[str, str, str]:
    """What was found, what was expected and what to do, as semicolons part them; not those inside brackets."""
    depth, marked = 0, ""
    for sign in sentence:
        depth = max(depth + (sign == "(") - (sign == ")"), 0)
        marked += _INSIDE if sign == ";" and depth else sign
    if depth:  # a bracket that nothing closes tells nothing
        marked = sentence
    found, _, expected = marked.partition("; expected ")
    expected, _, remedy = expected.partition("; ")
    if not expected and "; " in found:
        found, _, remedy = found.rpartition("; ")
    return found.replace(_INSIDE, ";"), expected.replace(_INSIDE, ";"), remedy.replace(_INSIDE, ";")


def reason_meaning(code: str) -> str:
    """The reason in words, "" if it is no reason code."""
    return RejectReason(code).meaning if code in set(RejectReason) else ""
