"""Numbers of patients and images in the running text, against Table 1 and Table 3."""

import re
from collections.abc import Iterable

from npc_kedro.audit.aucs import IMAGES_KEY, whole_number
from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of, verdict_if
from npc_kedro.audit.printed import Printed, decimal_text, parse_printed
from npc_kedro.audit.tables import HeadlineRow, PublishedTables
from npc_kedro.study import Arm, Cohort, Outcome, Recommendation

PATIENTS_KEY = {Arm.CCRT: "n_ccrt", Arm.IC_CCRT: "n_ic_ccrt"}
_RATIO_KEYS = {Arm.CCRT: "rt_ratio_ccrt", Arm.IC_CCRT: "rt_ratio_ic"}
_RATIO = re.compile(r"^\s*(\d+)\s*/\s*(\d+)\s*=\s*([\d.]+)\s*%\s*$")
_SPLIT = re.compile(r"^\s*(\d+)\s*:\s*(\d+)\s*$")


def check_patients(tables: PublishedTables) -> list[Claim]:
    """Patients in all, by arm and in the test cohorts."""
    by_arm = {arm: _groups(tables, [arm], Cohort) for arm in Arm}
    claims = [
        _sum(tables, PATIENTS_KEY[arm], groups, "patients of the arm in Table 1") for arm, groups in by_arm.items()
    ]
    everyone = [number for groups in by_arm.values() for number in groups]
    claims.append(_sum(tables, "n_patients_total", everyone, "all patients of Table 1"))
    claims.append(_sum(tables, "n_test_total", _groups(tables, Arm, [Cohort.TEST]), "test patients of Table 1"))
    cases = [row.cases for row in tables.table3]
    claims.append(_sum(tables, "n_test_total", cases, "cases of Table 3"))
    return [claim for claim in claims if claim is not None] + _check_parts(tables)


def _check_parts(tables: PublishedTables) -> list[Claim]:
    total = tables.headline.get("n_patients_total")
    parts = [tables.headline.get(key) for key in PATIENTS_KEY.values()]
    numbers = [whole_number(part) for part in parts]
    if total is None or whole_number(total) is None or None in numbers:
        return []
    return [
        Claim(
            claim="Text, n_patients_total: sum of the arms in the text",
            printed=total.printed,
            recomputed=f"{' + '.join(map(str, numbers))} = {sum(numbers)}",
            method="sum",
            verdict=verdict_if(sum(numbers) == whole_number(total)),
            cells=(total.cell, *(part.cell for part in parts)),
        )
    ]


def _groups(tables: PublishedTables, arms: Iterable[Arm], cohorts: Iterable[Cohort]) -> list[Printed | None]:
    cohorts = list(cohorts)
    return [tables.patients(arm, cohort, outcome) for arm in arms for cohort in cohorts for outcome in Outcome]


def _sum(tables: PublishedTables, key: str, parts: list[Printed | None], what: str) -> Claim | None:
    row = tables.headline.get(key)
    if row is None or not parts or None in parts:
        return None
    total, printed = sum(part.count for part in parts), whole_number(row)
    if printed is None:
        return _not_whole(row)
    return Claim(
        claim=f"Text, {key}: {what}",
        printed=row.printed,
        recomputed=str(total),
        method="sum",
        verdict=verdict_if(printed == total),
        cells=(row.cell, *cells_of(parts)),
    )


def check_images(tables: PublishedTables) -> list[Claim]:
    """At least one image for every patient, in each arm and among the outlined."""
    claims = []
    pairs = [(IMAGES_KEY[arm], PATIENTS_KEY[arm]) for arm in Arm] + [
        ("n_images_segmentation", "n_patients_segmentation")
    ]
    for images_key, patients_key in pairs:
        images, patients = tables.headline.get(images_key), tables.headline.get(patients_key)
        n_images, n_patients = whole_number(images), whole_number(patients)
        if not n_images or not n_patients:
            continue
        claims.append(
            Claim(
                claim=f"Text, {images_key}: at least one image for each of {patients_key}",
                printed=images.printed,
                recomputed=f"{n_images / n_patients:.2f} images a patient",
                method="images / patients",
                verdict=AuditVerdict.CONSISTENT if n_images >= n_patients else AuditVerdict.INCONSISTENT,
                cells=(images.cell, patients.cell),
            )
        )
    outlined, everyone = tables.headline.get("n_patients_segmentation"), tables.headline.get("n_patients_total")
    if whole_number(outlined) is not None and whole_number(everyone) is not None:
        few = whole_number(outlined) <= whole_number(everyone)
        claims.append(
            Claim(
                claim="Text, n_patients_segmentation: no more than all patients",
                printed=outlined.printed,
                recomputed=f"of {everyone.printed}",
                method="comparison",
                verdict=AuditVerdict.CONSISTENT if few else AuditVerdict.INCONSISTENT,
                cells=(outlined.cell, everyone.cell),
            )
        )
    return claims


def check_split(tables: PublishedTables) -> list[Claim]:
    """The ratio of training to test patients is that of Table 1, to the nearest patient, in both arms."""
    row = tables.headline.get("split_ratio_train_test")
    match = _SPLIT.match(row.printed) if row is not None else None
    if match is None:
        return []
    train_part, test_part = int(match[1]), int(match[2])
    claims = []
    for arm in Arm:
        train, test = (_groups(tables, [arm], [cohort]) for cohort in Cohort)
        if None in train or None in test:
            continue
        n_train, n_test = sum(part.count for part in train), sum(part.count for part in test)
        expected = (n_train + n_test) * test_part / (train_part + test_part)
        claims.append(
            Claim(
                claim=f"Text, split_ratio_train_test: {arm.value} in Table 1",
                printed=row.printed,
                recomputed=f"{n_train}:{n_test}; {row.printed} would be {expected:.1f} test patients",
                method="at most one patient from the exact ratio, since each outcome may be split by itself",
                verdict=verdict_if(abs(n_test - expected) <= 1 + 1e-9),
                cells=(row.cell, *cells_of(train, test)),
            )
        )
    return claims


def check_ratios(tables: PublishedTables) -> list[Claim]:
    """Ratios such as "58/168 = 34.52%": their own arithmetic, and their numbers in Table 1."""
    claims = []
    for arm in Arm:
        for cohort in Cohort:
            row = tables.headline.get(f"{_RATIO_KEYS[arm]}_{cohort.value}")
            match = _RATIO.match(row.printed) if row is not None else None
            if match is None:
                continue
            above, below = int(match[1]), int(match[2])
            percent = parse_printed(match[3], cell=row.cell)
            if below:
                share = 100 * above / below
                claims.append(
                    Claim(
                        claim=f"Text, {row.key}: the percentage is that of the fraction",
                        printed=row.printed,
                        recomputed=decimal_text(share, percent.decimals),
                        method="quotient",
                        verdict=verdict_if(percent.stands_for(share)),
                        cells=(row.cell,),
                    )
                )
            claims += _ratio_in_table1(tables, arm, cohort, row, (above, below))
    return claims


def _ratio_in_table1(
    tables: PublishedTables, arm: Arm, cohort: Cohort, row: HeadlineRow, ratio: tuple[int, int]
) -> list[Claim]:
    residual = tables.patients(arm, cohort, Outcome.RT)
    clear = tables.patients(arm, cohort, Outcome.NRT)
    if residual is None or clear is None:
        return []
    counts = (residual.count, residual.count + clear.count)
    return [
        Claim(
            claim=f"Text, {row.key}: RT and all patients of Table 1",
            printed=f"{ratio[0]}/{ratio[1]}",
            recomputed=f"{counts[0]}/{counts[1]}",
            method="Table 1's patients",
            verdict=verdict_if(ratio == counts),
            cells=(row.cell, *cells_of(residual, clear)),
        )
    ]


def check_designs(tables: PublishedTables) -> list[Claim]:
    """How many situations, conditions and pairs of predictions there are."""
    claims = []
    observed = [row for row in tables.table3 if row.cases is None or row.cases.count]
    mixed = _mixed_conditions(tables)
    numbers = {
        "n_situations": (len(observed), "rows of Table 3 with cases", "") if tables.table3 else None,
        "n_conditions_claimed": (
            len(Recommendation) * len(Arm) * len(Outcome),
            "recommendations x arms x outcomes",
            mixed,
        ),
        "n_prediction_pairs": (len(Outcome) ** 2, "outcomes predicted under either treatment", ""),
    }
    for key, found in numbers.items():
        row = tables.headline.get(key)
        if row is None or found is None:
            continue
        number, method, note = found
        printed = whole_number(row)
        if printed is None:
            claims.append(_not_whole(row))
            continue
        used = cells_of(r.cases for r in tables.table3) if key == "n_situations" else ()
        claims.append(
            Claim(
                f"Text, {key}", row.printed, str(number), method, verdict_if(printed == number), note, (row.cell, *used)
            )
        )
    return claims


def _mixed_conditions(tables: PublishedTables) -> str:
    """Says which conditions hold situations with different verdicts, so that they cannot carry the rules."""
    verdicts: dict[tuple[str, str, str], dict[tuple[str, str], list[str]]] = {}
    for row in tables.table3:
        condition = (row.words.get("recommendation", ""), row.physician_arm.value, row.actual_effect.value)
        pair = (row.words.get("model_verdict", ""), row.words.get("physician_verdict", ""))
        verdicts.setdefault(condition, {}).setdefault(pair, []).append(row.name)
    mixed = [
        f"{', '.join(condition)} holds situations {' and '.join(name for names in pairs.values() for name in names)}"
        for condition, pairs in verdicts.items()
        if len(pairs) > 1
    ]
    return f"conditions do not determine the verdicts: {'; '.join(mixed)}" if mixed else ""


def _not_whole(row: HeadlineRow) -> Claim:
    why = "the text is not a whole number"
    return Claim(f"Text, {row.key}", row.printed, "", "", AuditVerdict.NOT_CHECKABLE, why, (row.cell,))
