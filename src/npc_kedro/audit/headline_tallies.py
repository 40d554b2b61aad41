"""The comparison of model and physicians in the running text, against Table 3."""

import re
from dataclasses import replace

from npc_kedro.audit.aucs import whole_number
from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of, verdict_if
from npc_kedro.audit.printed import parse_printed
from npc_kedro.audit.pvalues import count_variants, judge_p
from npc_kedro.audit.tables import DecisionRow, HeadlineRow, PublishedTables
from npc_kedro.decisions.tally import JUDGED
from npc_kedro.errors import CohortError, StatisticsError
from npc_kedro.statistics import paired
from npc_kedro.study import Verdict

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
P_KEY = "p_model_vs_physician"


def check_tallies(tables: PublishedTables) -> list[Claim]:
    """Correct, wrong and undetermined decisions of model and physicians are those that Table 3 adds up to."""
    claims = []
    for who in JUDGED:
        for verdict in Verdict:
            row = tables.headline.get(f"{who}_{verdict.value}")
            counted = _cases(tables, who, verdict)
            if row is None or counted is None:
                continue
            printed = whole_number(row)
            claims.append(
                Claim(
                    claim=f"Text, {row.key}: cases of Table 3",
                    printed=row.printed,
                    recomputed=str(counted),
                    method=f"sum of cases with {who} verdict {verdict.value}",
                    verdict=verdict_if(printed == counted),
                    cells=(row.cell, *_used(tables, who)),
                )
            )
    return claims


def check_rates(tables: PublishedTables) -> list[Claim]:
    """Every correct rate is correct / (correct + wrong), from the text's own counts or from Table 3."""
    claims = []
    for who in JUDGED:
        row = tables.headline.get(f"{who}_correct_rate")
        counts = _judged(tables, who)
        if row is None or counts is None or not sum(counts[0]):
            continue
        (correct, wrong), used = counts
        rate = 100 * correct / (correct + wrong)
        texts = _PERCENT.findall(row.printed)
        printed = [parse_printed(text, cell=row.cell) for text in texts]
        if not printed:
            continue
        claims.append(
            Claim(
                claim=f"Text, {row.key}",
                printed=row.printed,
                recomputed=f"{correct}/{correct + wrong} = {rate:.3f}%",
                method="correct / (correct + wrong)",
                verdict=verdict_if(all(number.stands_for(rate) for number in printed)),
                cells=(row.cell, *used),
            )
        )
    return claims


def check_p(tables: PublishedTables) -> list[Claim]:
    """The P value between model and physicians, unpaired as published; the paired tests stand in the note."""
    row = tables.headline.get(P_KEY)
    counts = [_judged(tables, who) for who in JUDGED]
    if row is None or None in counts:
        return []
    name = f"Text, {P_KEY}"
    try:
        printed = parse_printed(row.printed, cell=row.cell)
        variants = count_variants(
            [list(pair) for pair, _ in counts], cells=tuple(c for _, used in counts for c in used)
        )
    except (CohortError, StatisticsError) as error:
        return [Claim(name, row.printed, "", "", AuditVerdict.NOT_CHECKABLE, str(error), (row.cell,))]
    if printed is None:
        return []
    claim = judge_p(name, printed, variants)
    return [replace(claim, note="; ".join(filter(None, (claim.note, _paired_note(tables)))))]


def _paired_note(tables: PublishedTables) -> str:
    rows = tables.table3
    if not rows or any(row.cases is None for row in rows):
        return ""
    pair = (Verdict.CORRECT.value, Verdict.WRONG.value)

    def discordant(model: str, physician: str) -> int:
        return sum(
            row.cases.count
            for row in rows
            if row.words.get("model_verdict") == model and row.words.get("physician_verdict") == physician
        )

    b, c = discordant(*pair), discordant(*reversed(pair))
    exact, mid = paired.mcnemar_exact(b, c), paired.mcnemar_midp(b, c)
    return f"both judge the same patients: {b} against {c} discordant, McNemar exact {exact.p:.4f}, mid-P {mid.p:.4f}"


def _judged(tables: PublishedTables, who: str) -> tuple[tuple[int, int], tuple[str, ...]] | None:
    """Correct and wrong decisions with their cells: the text's counts, else Table 3's."""
    rows: list[HeadlineRow | None] = [tables.headline.get(f"{who}_{verdict}") for verdict in ("correct", "wrong")]
    numbers = [whole_number(row) for row in rows]
    if None not in numbers:
        return (numbers[0], numbers[1]), tuple(row.cell for row in rows)
    counted = [_cases(tables, who, verdict) for verdict in (Verdict.CORRECT, Verdict.WRONG)]
    return None if None in counted else ((counted[0], counted[1]), _used(tables, who))


def _cases(tables: PublishedTables, who: str, verdict: Verdict) -> int | None:
    rows = tables.table3
    if not rows or any(row.cases is None or not row.words.get(f"{who}_verdict") for row in rows):
        return None
    return sum(row.cases.count for row in rows if row.words[f"{who}_verdict"] == verdict.value)


def _used(tables: PublishedTables, who: str) -> tuple[str, ...]:
    rows: tuple[DecisionRow, ...] = tables.table3
    return (*cells_of(row.cases for row in rows), *(row.address("table3", f"{who}_verdict") for row in rows))
