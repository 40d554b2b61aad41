"""Table 1: who the patients are, by arm, cohort and outcome, and whether the groups differ.

The shape is that of the published copy (``published/table1.csv`` and ``table1_pvalues.csv``), so that both can be laid
side by side, and ``table1_pvalues_from_counts`` works from either.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import contingency, means
from npc_kedro.statistics.contingency import TestResult
from npc_kedro.study import Arm, Cohort, Outcome

LEVELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sex": ("male", "female"),
        "ajcc": ("III", "IVa"),
        "t_stage": ("T1", "T2", "T3", "T4"),
        "n_stage": ("N0", "N1", "N2", "N3"),
    }
)
"""Categorical variables by their published names, with every level in the printed order, empty ones included."""

COLUMN_OF: Mapping[str, str] = MappingProxyType({"ajcc": "ajcc_stage"})
"""Columns of ``patients`` whose name differs from the publication's."""

_Group = tuple[str, str, str]
_Parts = Mapping[tuple[str, str, str, str], pd.DataFrame]
_TRAIN, _TEST = Cohort.TRAIN.value, Cohort.TEST.value
_RT, _NRT = Outcome.RT.value, Outcome.NRT.value
_SHORT = {Arm.CCRT.value: "CCRT", Arm.IC_CCRT.value: "IC"}
_COLUMNS = ["arm", "cohort", "outcome", "variable", "level", "n", "percent_printed", "mean", "sd", "missing"]


def table1(patients: pd.DataFrame, cohorts: pd.DataFrame) -> pd.DataFrame:
    """Describe the patients of every arm, cohort and outcome.

    Args:
        patients: patient_key, arm, residual_tumor (0/1), age (years), sex, ajcc_stage, t_stage, n_stage.
        cohorts: patient_key, arm, residual_tumor, cohort (train or test).

    Returns:
        One row per arm, cohort, outcome, variable (patients, age, sex, ajcc, t_stage, n_stage) and level, as published:
        n; percent_printed, of all patients of that arm and cohort, to two decimals; mean and sample sd of age (NaN in
        other rows, and sd of a single patient); and ``missing``, the group's patients without the variable.

    Raises:
        StatisticsError: where the two inputs disagree on who the patients are, or a value is not one of the study's.
    """
    frame = _joined(patients, cohorts)
    group_of = frame.groupby(["arm", "cohort", "outcome"]).groups
    members = {group: frame.loc[group_of.get(group, [])] for group in _groups()}
    rows: list[dict[str, object]] = []
    for variable in ("patients", "age", *LEVELS):
        levels: Sequence[str | None] = LEVELS.get(variable, ("all",) if variable == "patients" else (None,))
        for level in levels:
            rows += [
                {"arm": arm, "cohort": cohort, "outcome": outcome, "variable": variable, "level": level}
                | _describe(members, (arm, cohort, outcome), variable=variable, level=level)
                for arm, cohort, outcome in _groups()
            ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def table1_pvalues(patients: pd.DataFrame, cohorts: pd.DataFrame) -> pd.DataFrame:
    """Test every variable between outcomes, cohorts and arms by the publication's rule.

    Args and columns returned are those of ``table1`` and ``table1_pvalues_from_counts``: the groups' counts, means and
    standard deviations are all that these tests use.

    Raises:
        StatisticsError: as ``table1``.
    """
    return table1_pvalues_from_counts(table1(patients, cohorts))


def table1_pvalues_from_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Test every variable from a tidy Table 1 alone, computed or published.

    Pooled-variance t for age; Pearson, likelihood ratio or Yates for counts (``contingency.publication_test``).

    Args:
        table: columns arm, cohort, outcome, variable, level, n, mean, sd.

    Returns:
        variable, comparison (named as published), p, p_printed (to three decimals), test, statistic, df, smd: the
        standardised mean difference (signed for age, first group minus second; a distance for categories). Where a test
        or SMD is not defined for the groups at hand its cells are missing and ``test`` says why.

    Raises:
        StatisticsError: where the table lacks a row that a comparison needs.
    """
    keys = ["variable", "arm", "cohort", "outcome"]
    parts = dict(iter(table.groupby(keys, sort=False)))
    rows = [
        {"variable": variable, "comparison": comparison} | _compare(parts, variable, first, second)
        for variable in ("patients", "age", *LEVELS)
        for comparison, first, second in comparisons()
        if variable != "patients" or not comparison.endswith("NRT_vs_RT")
    ]
    columns = ["variable", "comparison", "p", "p_printed", "test", "statistic", "df", "smd"]
    result = pd.DataFrame(rows, columns=columns)
    return result.astype(dict.fromkeys(("p", "p_printed", "statistic", "df", "smd"), float))


def comparisons() -> list[tuple[str, list[_Group], list[_Group]]]:
    """Return the seven comparisons: name, and the (arm, cohort, outcome) groups of either side."""
    found: list[tuple[str, list[_Group], list[_Group]]] = []
    for arm, short in _SHORT.items():
        for cohort in (_TRAIN, _TEST):
            found.append((f"{short}_{cohort}_NRT_vs_RT", [(arm, cohort, _NRT)], [(arm, cohort, _RT)]))
        sides = [[(arm, cohort, outcome) for outcome in (_NRT, _RT)] for cohort in (_TRAIN, _TEST)]
        found.append((f"{short}_train_vs_test", sides[0], sides[1]))
    sides = [[group for group in _groups() if group[0] == arm] for arm in _SHORT]
    return [*found, ("CCRT_vs_IC", sides[0], sides[1])]


def _groups() -> list[_Group]:
    return [(arm, cohort, outcome) for arm in _SHORT for cohort in (_TRAIN, _TEST) for outcome in (_NRT, _RT)]


def _joined(patients: pd.DataFrame, cohorts: pd.DataFrame) -> pd.DataFrame:
    """The patients with their cohort and outcome in words, after checking that both tables mean the same people."""
    for name, frame in (("patients", patients), ("cohorts", cohorts)):
        twice = int(frame["patient_key"].duplicated().sum())
        if twice:
            msg = f"{name} has {twice} repeated patient key(s); expected one row per patient"
            raise StatisticsError(msg)
    frame = cohorts[["patient_key", "arm", "residual_tumor", "cohort"]].merge(
        patients, on="patient_key", how="left", suffixes=("", "_of_patients"), indicator=True
    )
    unknown = int((frame["_merge"] != "both").sum())
    if unknown:
        msg = f"{unknown} of {len(frame)} patients of cohorts are not in patients; run both from the same ingest"
        raise StatisticsError(msg)
    for column in ("arm", "residual_tumor"):
        differ = int((frame[column].astype(str) != frame[f"{column}_of_patients"].astype(str)).sum())
        if differ:
            msg = f"cohorts and patients disagree on {column} of {differ} patient(s); run both from the same ingest"
            raise StatisticsError(msg)
    frame["outcome"] = frame["residual_tumor"].map({1: _RT, 0: _NRT})
    frame = frame.assign(**{variable: frame[COLUMN_OF.get(variable, variable)] for variable in LEVELS})
    allowed = {"arm": tuple(_SHORT), "cohort": (_TRAIN, _TEST), "outcome": (_NRT, _RT), **LEVELS}
    for variable, levels in allowed.items():
        strange = frame.loc[~frame[variable].isin(levels) & frame[variable].notna(), variable]
        if len(strange) or (variable not in LEVELS and frame[variable].isna().any()):
            found = sorted(set(strange.astype(str))) or ["a missing value"]
            msg = f"{variable} holds {', '.join(found)}; expected {', '.join(levels)}"
            raise StatisticsError(msg)
    return frame


def _describe(
    members: Mapping[_Group, pd.DataFrame], group: _Group, *, variable: str, level: str | None
) -> dict[str, object]:
    people = members[group]
    if variable == "age":
        age = people["age"].dropna().astype(float)
        return {"n": len(age), "mean": age.mean(), "sd": age.std(ddof=1), "missing": len(people) - len(age)}
    values = people["patient_key" if variable == "patients" else variable]
    n = len(people) if variable == "patients" else int((values == level).sum())
    of_arm_and_cohort = sum(len(members[group[0], group[1], outcome]) for outcome in (_NRT, _RT))
    percent = round(100 * n / of_arm_and_cohort, 2) if of_arm_and_cohort else np.nan
    return {"n": n, "percent_printed": percent, "missing": int(values.isna().sum())}


def _compare(parts: _Parts, variable: str, first: list[_Group], second: list[_Group]) -> dict[str, object]:
    if variable == "age":
        summary = {}
        for name, groups in (("a", first), ("b", second)):
            n, mean, sd = _combined_mean(parts, groups)
            summary |= {f"n_{name}": n, f"mean_{name}": mean, f"sd_{name}": sd}
        return _tested(
            lambda: means.pooled_t_from_summary(**summary),
            lambda: means.standardised_mean_difference_from_summary(**summary),
        )
    counts = [_counts(parts, variable, groups) for groups in (first, second)]
    return _tested(
        lambda: contingency.publication_test(counts),
        lambda: means.standardised_difference_of_counts(*counts),
    )


def _tested(test: Callable[[], TestResult], difference: Callable[[], float]) -> dict[str, object]:
    try:
        result = test()
        cells: dict[str, object] = {"p": result.p, "p_printed": round(result.p, 3), "test": result.test}
        cells |= {"statistic": result.statistic, "df": result.df}
    except StatisticsError as error:
        cells = {"test": f"not tested: {error}"}
    try:
        cells["smd"] = difference()
    except StatisticsError as error:
        cells["test"] = f"{cells['test']}; no SMD: {error}"
    return cells


def _rows(parts: _Parts, variable: str, group: _Group) -> pd.DataFrame:
    if (variable, *group) not in parts:
        msg = f"Table 1 has no row for {variable} of {', '.join(group)}; the comparison needs it"
        raise StatisticsError(msg)
    return parts[variable, *group]


def _counts(parts: _Parts, variable: str, groups: list[_Group]) -> list[int]:
    """Counts by level over all groups; for ``patients`` by outcome."""
    if variable == "patients":
        return [
            sum(int(_rows(parts, variable, group)["n"].sum()) for group in groups if group[2] == outcome)
            for outcome in (_NRT, _RT)
        ]
    total = np.zeros(len(LEVELS[variable]), dtype=int)
    for group in groups:
        by_level = _rows(parts, variable, group).set_index("level")["n"]
        lacking = [level for level in LEVELS[variable] if level not in by_level.index]
        if lacking:
            msg = f"Table 1 lacks {variable} level(s) {', '.join(lacking)} of {' '.join(group)}; expected every level"
            raise StatisticsError(msg)
        total += by_level.loc[list(LEVELS[variable])].to_numpy(dtype=int)
    return total.tolist()


def _combined_mean(parts: _Parts, groups: list[_Group]) -> tuple[int, float, float]:
    """Size, mean and sample sd of groups put together, exactly, from theirs."""
    summaries = [_rows(parts, "age", group).iloc[0] for group in groups]
    n = np.array([int(summary["n"]) for summary in summaries])
    # A group of one has no sd and no spread; an empty one neither mean nor weight.
    mean = np.array([float(summary["mean"]) if size > 0 else 0.0 for summary, size in zip(summaries, n, strict=True)])
    sd = np.array([float(summary["sd"]) if size > 1 else 0.0 for summary, size in zip(summaries, n, strict=True)])
    total = int(n.sum())
    if total < 2:
        return total, float(mean.sum()), 0.0
    overall = float((n * mean).sum() / total)
    spread = ((n - 1).clip(0) * sd**2 + n * (mean - overall) ** 2).sum()
    return total, overall, float(np.sqrt(spread / (total - 1)))
