"""The findings of preflight as one self-contained HTML page: what stops the run first, then what is left out."""

from collections.abc import Mapping
from html import escape

import pandas as pd

from npc_kedro.pipelines.preflight.findings import Severity, reason_meaning
from npc_kedro.pipelines.preflight.page_style import STYLE
from npc_kedro.study import RESEARCH_USE, SIMULATED_MARK

_TONE = {Severity.STOPS: "stops", Severity.LEAVES_OUT: "out", Severity.NOTE: "note"}
_MARK = {Severity.STOPS: "\u2717", Severity.LEAVES_OUT: "\u2212", Severity.NOTE: "i"}
"""Severities differ by sign as well as by colour."""

_LIMITS = (
    "Not looked at here, since it needs all pixels: whether every slice can be decoded, and whether the same pixels "
    "stand under two patients. <code>kedro run --pipelines=ingest</code> looks at both."
)


def preflight_page(findings: pd.DataFrame, counts: Mapping[str, int], *, simulated: bool, shown_of_a_kind: int) -> str:
    """The page.

    Args:
        findings: rows with :data:`npc_kedro.pipelines.preflight.findings.COLUMNS`.
        counts: how many there are of what, in words.
        simulated: whether the cohort is.
        shown_of_a_kind: rows per check and reason; the table on disk has the rest.

    Returns:
        HTML that needs no other file; every value is escaped.
    """
    stops = int((findings["severity"] == Severity.STOPS.value).sum())
    verdict = f"{stops} finding{'s' if stops != 1 else ''} would stop the run" if stops else "Nothing stops the run"
    mark = f"<p class='simulated'>{escape(SIMULATED_MARK)}</p>" if simulated else ""
    tiles = "".join(
        f'<div class="tile"><span class="count">{count}</span> {escape(what)}</div>' for what, count in counts.items()
    )
    sections = "".join(_section(severity, findings, shown_of_a_kind) for severity in Severity)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Preflight: {escape(verdict)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
{mark}
<h1 class="{"stops" if stops else "clear"}">{escape(verdict)}</h1>
<p>Files, series and patients go by their pseudonyms; the way back, to patients and to files, is in
<code>pseudonym_map.csv</code> and <code>file_map.csv</code> beside your key.
All findings are in <code>preflight.csv</code>. {_LIMITS} {escape(RESEARCH_USE)}</p>
<div class="tiles">{tiles}</div>
</header>
<main>{sections}</main>
</body>
</html>
"""


def _section(severity: Severity, findings: pd.DataFrame, shown: int) -> str:
    rows = findings[findings["severity"] == severity.value]
    if rows.empty:
        return ""
    kinds = "".join(
        _kind(str(check), str(reason), kind, shown) for (check, reason), kind in rows.groupby(["check", "reason"])
    )
    title = f"{_MARK[severity]} {severity.value.capitalize()}"
    return f'<section class="{_TONE[severity]}"><h2>{escape(title)} <small>{len(rows)}</small></h2>{kinds}</section>'


def _kind(check: str, reason: str, rows: pd.DataFrame, shown: int) -> str:
    """The findings of one check for one reason, as a table that opens."""
    title = f"{check}: {reason.replace('_', ' ')}" if reason else check
    meaning = reason_meaning(reason)
    body = "".join(_row(row) for row in rows.head(shown).to_dict("records"))
    more = f"<p>... and {len(rows) - shown} more in preflight.csv</p>" if len(rows) > shown else ""
    opened = " open" if not reason or len(rows) <= 20 else ""
    return (
        f"<details{opened}><summary>{escape(title)} <small>{len(rows)}</small> {escape(meaning)}</summary>"
        '<div class="scroll"><table><thead><tr><th>Where</th><th>Patient</th><th>Found</th><th>Expected</th>'
        f"<th>Remedy</th></tr></thead><tbody>{body}</tbody></table></div>{more}</details>"
    )


def _row(row: Mapping[str, object]) -> str:
    cells = "".join(f"<td>{escape(str(row[column]))}</td>" for column in ("patient_key", "found", "expected", "remedy"))
    return f'<tr><th scope="row">{escape(str(row["subject"]))}</th>{cells}</tr>'
