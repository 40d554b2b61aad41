"""The audit as one self-contained HTML page: counts, then every claim, inconsistent ones first, filterable."""

from collections.abc import Mapping
from html import escape

import pandas as pd

from npc_kedro.audit.claims import AuditVerdict
from npc_kedro.audit.page_style import SCRIPT, STYLE
from npc_kedro.study import RESEARCH_USE

_ORDER: tuple[AuditVerdict, ...] = (
    AuditVerdict.INCONSISTENT,
    AuditVerdict.CONSISTENT,
    AuditVerdict.REPRODUCED,
    AuditVerdict.NOT_CHECKABLE,
)
_WORDS: Mapping[AuditVerdict, tuple[str, str]] = {
    AuditVerdict.INCONSISTENT: ("inconsistent", "cannot be right together with the other printed numbers"),
    AuditVerdict.CONSISTENT: ("consistent", "possible, or given only by another variant of the method"),
    AuditVerdict.REPRODUCED: ("reproduced", "recomputation gives the printed digits"),
    AuditVerdict.NOT_CHECKABLE: ("not checkable", "nothing that was given determines it"),
}
_MARKS: Mapping[AuditVerdict, str] = {
    AuditVerdict.INCONSISTENT: "\u2717",
    AuditVerdict.CONSISTENT: "\u2248",
    AuditVerdict.REPRODUCED: "\u2713",
    AuditVerdict.NOT_CHECKABLE: "?",
}
"""Verdicts differ by sign as well as by colour."""


def audit_page(audit: pd.DataFrame, *, source: str) -> str:
    """The page for an audit.

    Args:
        audit: rows with :data:`npc_kedro.audit.claims.CLAIM_COLUMNS`.
        source: what was audited, in words.

    Returns:
        HTML that needs no other file; every value is escaped.
    """
    counts = audit["verdict"].value_counts()
    tiles = "".join(_tile(verdict, int(counts.get(verdict.value, 0))) for verdict in _ORDER)
    sections = "".join(_section(verdict, audit[audit["verdict"] == verdict.value]) for verdict in _ORDER)
    places = list(dict.fromkeys(_place(claim) for claim in audit["claim"]))
    options = "".join(f'<option value="{escape(place)}">{escape(place)}</option>' for place in places)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit of published tables</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>Audit of published tables</h1>
<p>{escape(source)} {len(audit)} claims, each recomputed from the other printed numbers. A printed decimal stands for
every value that rounds to it. {escape(RESEARCH_USE)}</p>
<div class="tiles" role="group" aria-label="Verdicts to show">{tiles}</div>
<div class="find">
<label>Table <select id="place"><option value="">all</option>{options}</select></label>
<label>Find <input id="text" type="search" placeholder="e.g. resnet50, age, 0.928"></label>
<output id="shown" aria-live="polite"></output>
</div>
</header>
<main>{sections}</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _tile(verdict: AuditVerdict, count: int) -> str:
    name, meaning = _WORDS[verdict]
    return (
        f'<label class="tile {verdict.value}"><input type="checkbox" value="{verdict.value}" checked>'
        f'<span class="count">{count}</span><span class="name"><b>{_MARKS[verdict]}</b> {escape(name)}</span>'
        f'<span class="meaning">{escape(meaning)}</span></label>'
    )


def _section(verdict: AuditVerdict, claims: pd.DataFrame) -> str:
    if claims.empty:
        return ""
    name, _ = _WORDS[verdict]
    rows = "".join(_row(verdict, row) for row in claims.to_dict("records"))
    return (
        f'<section data-verdict="{verdict.value}"><h2>{escape(name.capitalize())} <small>{len(claims)}</small></h2>'
        '<div class="scroll"><table><thead><tr><th>Claim</th><th>Printed</th><th>Recomputed</th>'
        f"<th>Method and note</th></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _row(verdict: AuditVerdict, row: Mapping[str, str]) -> str:
    value = {key: escape(str(text)) for key, text in row.items()}
    note = f'<p class="note">{value["note"]}</p>' if value["note"] else ""
    cells = (
        f"<details><summary>cells</summary><code>{value['cells'].replace(' ', '<br>')}</code></details>"
        if value["cells"]
        else ""
    )
    return (
        f'<tr class="{verdict.value}" data-place="{escape(_place(row["claim"]))}">'
        f'<th scope="row"><span class="mark" aria-label="{escape(_WORDS[verdict][0])}">{_MARKS[verdict]}</span>'
        f'{value["claim"]}</th><td class="number">{value["printed"]}</td><td class="number">{value["recomputed"]}</td>'
        f'<td><p class="method">{value["method"]}</p>{note}{cells}</td></tr>'
    )


def _place(claim: str) -> str:
    """The table that a claim is about: the beginning of its text."""
    for place in ("Table 1, P", "Table 1", "Table 2", "Table 3", "16-cell table", "Text"):
        if claim.startswith(place):
            return "Table 1, P values" if place == "Table 1, P" else place
    return "Files"
