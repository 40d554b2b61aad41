"""Consistent made-up tables are flagged nowhere; one changed cell is flagged exactly where it is used."""

import itertools

import pytest

from npc_kedro.audit import audit_tables, tables_from_frames

from .made_up_tables import Setting, make

SETTINGS = [
    Setting(seed=1, train=32, test=8, se_of="RT", interval="hanley"),
    Setting(seed=2, train=64, test=16, interval="logit", whole_ages=False),
    Setting(seed=3, train=64, test=16, se_of="RT", interval="bootstrap", separation=0.5),
    Setting(seed=5, train=32, test=8, whole_ages=False, separation=5.0),
    Setting(seed=7, train=168, test=42, always_pearson=True),
]


def judged(frames):
    return {claim.claim: claim for claim in audit_tables(tables_from_frames(frames))}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: f"seed{setting.seed}")
def test_consistent_tables_have_no_inconsistent_claim(setting):
    claims = judged(make(setting))
    assert [name for name, claim in claims.items() if claim.verdict == "inconsistent"] == []
    assert sum(claim.verdict == "reproduced" for claim in claims.values()) > 350


@pytest.fixture(scope="module")
def base():
    # IC+CCRT test: 16 patients; chosen so that no number of Table 2 is 0 or 1.
    frames = make(Setting(seed=4, train=64, test=16))
    return frames, judged(frames)


TABLE1 = {"arm": "CCRT", "cohort": "train", "outcome": "RT"}
RESNET = {"model": "CCRT", "unit": "patient", "network": "resnet50"}


def changed(frames, table, where, column, change):
    """The frames with one cell changed; its old text goes through ``change``."""
    copy = dict(frames)
    frame = copy[table] = frames[table].copy()
    row = frame.index[(frame[list(where)] == list(where.values())).all(axis=1)]
    assert len(row) == 1
    old = frame.loc[row[0], column]
    frame.loc[row[0], column] = change(old)
    assert frame.loc[row[0], column] != old
    return copy


def plus(amount, decimals):
    return lambda text: f"{float(text) + amount:.{decimals}f}"


CHANGES = {
    "percentage": (
        ("table1", {**TABLE1, "variable": "sex", "level": "male"}, "percent_printed", plus(0.05, 2)),
        "table1:CCRT/train/RT/sex/male/percent_printed",
        ["Table 1, CCRT train RT: percentage of sex male"],
    ),
    "p": (
        ("table1_pvalues", {"variable": "age", "comparison": "IC_test_NRT_vs_RT"}, "p_printed", lambda _: "0.002"),
        "table1_pvalues:age/IC_test_NRT_vs_RT/p_printed",
        ["Table 1, P of age: IC_test_NRT_vs_RT"],
    ),
    "deviation": (
        ("table1", {**TABLE1, "variable": "age"}, "sd", lambda _: "80.00"),
        "table1:CCRT/train/RT/age/sd",
        [
            "Table 1, CCRT train RT: standard deviation of age is possible",
            "Table 1, P of age: CCRT_train_NRT_vs_RT",
            "Table 1, P of age: CCRT_train_vs_test",
            "Table 1, P of age: CCRT_vs_IC",
        ],
    ),
    "average": (
        ("table2", {**RESNET, "network": "average"}, "sp", plus(-0.004, 3)),
        "table2:CCRT/patient/average/sp",
        ["Table 2, CCRT patient: average sp"],
    ),
    "auc interval": (
        ("table2", {**RESNET, "unit": "image"}, "auc_lo", plus(-0.05, 3)),
        "table2:CCRT/image/resnet50/auc_lo",
        ["Table 2, CCRT image resnet50: AUC is the middle of its interval"],
    ),
    "acc": (
        ("table2", RESNET, "acc", lambda _: "0.123"),
        "table2:CCRT/patient/resnet50/acc",
        [
            "Table 2, CCRT patient resnet50: ACC lies between Se and Sp",
            "Table 2, CCRT patient resnet50: ACC is a count of patients",
            "Table 2, CCRT patient resnet50: ACC follows from Se, Sp and the numbers of patients",
            "Table 2, CCRT patient: average acc",
        ],
    ),
    "recommendation": (
        ("table3", {"situation": "1"}, "recommendation", lambda text: "IBT" if text != "IBT" else "CCRT"),
        "table3:1/recommendation",
        ["Table 3, situation 1: recommendation"],
    ),
    "patients in the text": (
        ("headline", {"key": "n_patients_total"}, "printed", lambda text: str(int(text) + 1)),
        "headline:n_patients_total",
        ["Text, n_patients_total: all patients of Table 1", "Text, n_patients_total: sum of the arms in the text"],
    ),
    "ratio": (
        ("headline", {"key": "rt_ratio_ic_test"}, "printed", lambda text: text.replace("/16", "/17")),
        "headline:rt_ratio_ic_test",
        [
            "Text, rt_ratio_ic_test: the percentage is that of the fraction",
            "Text, rt_ratio_ic_test: RT and all patients of Table 1",
        ],
    ),
    "dose": (
        ("headline", {"key": "dose_gy"}, "printed", lambda _: "2.24 x 33 = 73.82"),
        "headline:dose_gy",
        ["Text, dose_gy: product"],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_cell_is_flagged_in_exactly_its_claims(base, name):
    frames, before = base
    change, cell, expected = CHANGES[name]
    after = judged(changed(frames, *change))
    flagged = [claim for claim in after if after[claim].verdict == "inconsistent"]
    assert sorted(flagged) == sorted(expected)
    assert all(cell in after[claim].cells for claim in flagged)
    others = {claim: c.verdict for claim, c in before.items() if cell not in c.cells}
    assert {claim: after[claim].verdict for claim in others} == others


COUNTS = [
    ("table1", {**TABLE1, "variable": "n_stage", "level": "N2"}, "n", "table1:CCRT/train/RT/n_stage/N2/n"),
    ("table1", {**TABLE1, "variable": "patients", "level": "all"}, "n", "table1:CCRT/train/RT/patients/all/n"),
    ("table3", {"situation": "2"}, "cases", "table3:2/cases"),
    ("table2", RESNET, "se", "table2:CCRT/patient/resnet50/se"),
    ("table2", RESNET, "auc", "table2:CCRT/patient/resnet50/auc"),
]


@pytest.mark.parametrize(("place", "amount"), list(itertools.product(COUNTS, (1,))), ids=lambda p: str(p)[:40])
def test_a_changed_count_is_flagged_only_where_it_is_used(base, place, amount):
    frames, _ = base
    table, where, column, cell = place
    change = plus(amount, 0) if column in ("n", "cases") else plus(-0.137, 3)
    after = judged(changed(frames, table, where, column, change))
    flagged = [claim for claim in after.values() if claim.verdict == "inconsistent"]
    assert flagged
    assert all(cell in claim.cells for claim in flagged)
