"""Consistent made-up tables: patients are simulated and every number is computed from them by code of its own.

Nothing here uses npc_kedro: scipy on raw data, counting in loops, and the 16 verdicts written out by hand.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

ARMS = ("CCRT", "IC+CCRT")
NETWORKS = ("efficientnet_b0", "inception_resnet_v2", "resnet50", "xception")
LEVELS = {
    "sex": ("male", "female"),
    "ajcc": ("III", "IVa"),
    "t_stage": ("T1", "T2", "T3", "T4"),
    "n_stage": ("N0", "N1", "N2", "N3"),
}

# (CCRT model, IC+CCRT model, given, outcome) -> recommendation, model, physician; from the publication's text.
VERDICTS = {
    ("NRT", "NRT", "CCRT", "NRT"): ("CCRT", "correct", "correct"),
    ("NRT", "NRT", "CCRT", "RT"): ("CCRT", "wrong", "undetermined"),
    ("NRT", "NRT", "IC+CCRT", "NRT"): ("CCRT", "correct", "wrong"),
    ("NRT", "NRT", "IC+CCRT", "RT"): ("CCRT", "wrong", "wrong"),
    ("NRT", "RT", "CCRT", "NRT"): ("CCRT", "correct", "correct"),
    ("NRT", "RT", "CCRT", "RT"): ("CCRT", "wrong", "undetermined"),
    ("NRT", "RT", "IC+CCRT", "NRT"): ("CCRT", "wrong", "correct"),
    ("NRT", "RT", "IC+CCRT", "RT"): ("CCRT", "correct", "wrong"),
    ("RT", "NRT", "CCRT", "NRT"): ("IC+CCRT", "wrong", "correct"),
    ("RT", "NRT", "CCRT", "RT"): ("IC+CCRT", "correct", "wrong"),
    ("RT", "NRT", "IC+CCRT", "NRT"): ("IC+CCRT", "correct", "correct"),
    ("RT", "NRT", "IC+CCRT", "RT"): ("IC+CCRT", "wrong", "undetermined"),
    ("RT", "RT", "CCRT", "NRT"): ("IBT", "wrong", "correct"),
    ("RT", "RT", "CCRT", "RT"): ("IBT", "undetermined", "undetermined"),
    ("RT", "RT", "IC+CCRT", "NRT"): ("IBT", "wrong", "correct"),
    ("RT", "RT", "IC+CCRT", "RT"): ("IBT", "undetermined", "undetermined"),
}


@dataclass(frozen=True)
class Setting:
    """What to make up. ``se_of`` is the outcome whose recall is printed as Se; ages whole or with decimals."""

    seed: int
    train: int = 64
    test: int = 16
    se_of: str = "NRT"
    interval: str = "delong"
    whole_ages: bool = True
    always_pearson: bool = False
    separation: float = 1.5


def make(setting: Setting) -> dict[str, pd.DataFrame]:
    """All six tables as they would be printed, every cell a text."""
    rng = np.random.default_rng(setting.seed)
    patients = _patients(rng, setting)
    scores = _scores(rng, patients, setting)
    table2, averages = _table2(rng, patients, scores, setting)
    table3 = _table3(patients, scores)
    frames = {
        "table1": _table1(patients),
        "table1_pvalues": _pvalues(patients, setting),
        "table2": table2,
        "table3": table3,
        "decision_table_16": _table16(table3),
        "headline": _headline(patients, scores, table3, averages),
    }
    return {name: frame.astype(str) for name, frame in frames.items()}


def _patients(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    rows = []
    for arm in ARMS:
        for cohort, size in (("train", setting.train), ("test", setting.test)):
            for i in range(size):
                while True:
                    t, n = rng.choice(4, p=[0.1, 0.2, 0.4, 0.3]), rng.choice(4, p=[0.15, 0.3, 0.4, 0.15])
                    if t >= 2 or n >= 2:
                        break
                # Both outcomes occur at least twice in every cohort.
                residual = i < 2 or (i >= 4 and rng.random() < 0.15 + 0.4 * (t == 3))
                age = rng.normal(50, 11)
                rows.append(
                    {
                        "arm": arm,
                        "cohort": cohort,
                        "outcome": "RT" if residual else "NRT",
                        "age": round(age) if setting.whole_ages else age,
                        "sex": "male" if rng.random() < 0.72 else "female",
                        "ajcc": "IVa" if t == 3 or n == 3 else "III",
                        "t_stage": f"T{t + 1}",
                        "n_stage": f"N{n}",
                        "slices": int(rng.integers(3, 9)),
                    }
                )
    return pd.DataFrame(rows)


def _scores(rng: np.random.Generator, patients: pd.DataFrame, setting: Setting) -> dict[tuple[str, str], np.ndarray]:
    """Probability of RT for every patient by (model's arm, network)."""
    signal = setting.separation * (patients["outcome"] == "RT").to_numpy()
    return {
        (arm, network): 1 / (1 + np.exp(-(signal - setting.separation / 2 + rng.normal(0, 1, len(patients)))))
        for arm in ARMS
        for network in NETWORKS
    }


def _table1(patients: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (arm, cohort, outcome), group in patients.groupby(["arm", "cohort", "outcome"], sort=False):
        everyone = len(patients[(patients["arm"] == arm) & (patients["cohort"] == cohort)])
        head = {"arm": arm, "cohort": cohort, "outcome": outcome, "percent_printed": "", "mean": "", "sd": ""}

        def counted(variable, level, n, head=head, everyone=everyone):
            return {
                **head,
                "variable": variable,
                "level": level,
                "n": n,
                "percent_printed": f"{100 * n / everyone:.2f}",
            }

        rows.append(counted("patients", "all", len(group)))
        mean, sd = f"{group['age'].mean():.2f}", f"{group['age'].std(ddof=1):.2f}"
        rows.append({**head, "variable": "age", "level": "", "n": len(group), "mean": mean, "sd": sd})
        for variable, levels in LEVELS.items():
            rows += [counted(variable, level, int((group[variable] == level).sum())) for level in levels]
    return pd.DataFrame(rows)[["arm", "cohort", "outcome", "variable", "level", "n", "percent_printed", "mean", "sd"]]


def _pvalues(patients: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    comparisons = {"CCRT_vs_IC": (patients, "arm")}
    for arm, short in zip(ARMS, ("CCRT", "IC"), strict=True):
        of_arm = patients[patients["arm"] == arm]
        comparisons[f"{short}_train_vs_test"] = (of_arm, "cohort")
        for cohort in ("train", "test"):
            comparisons[f"{short}_{cohort}_NRT_vs_RT"] = (of_arm[of_arm["cohort"] == cohort], "outcome")
    rows = []
    for comparison, (group, by) in comparisons.items():
        first, second = (part for _, part in group.groupby(by, sort=False))
        rows.append(("age", comparison, stats.ttest_ind(first["age"], second["age"]).pvalue))
        for variable in [*LEVELS, *(["outcome"] if by != "outcome" else [])]:
            table = pd.crosstab(group[by], group[variable]).to_numpy()
            if min(table.shape) > 1:
                p = _chi_square(table, always_pearson=setting.always_pearson)
                rows.append(("patients" if variable == "outcome" else variable, comparison, p))
    return pd.DataFrame([(v, c, f"{p:.3f}") for v, c, p in rows], columns=["variable", "comparison", "p_printed"])


def _chi_square(table: np.ndarray, *, always_pearson: bool) -> float:
    small = stats.contingency.expected_freq(table).min() < 5 and not always_pearson
    if small and table.shape == (2, 2):
        return stats.chi2_contingency(table, correction=True).pvalue
    return stats.chi2_contingency(table, correction=False, lambda_="log-likelihood" if small else "pearson").pvalue


def _measures(residual: np.ndarray, score: np.ndarray, setting: Setting, rng: np.random.Generator) -> dict[str, float]:
    called = score >= 0.5
    recall = {"RT": (called & residual).sum() / residual.sum(), "NRT": (~called & ~residual).sum() / (~residual).sum()}
    other = "RT" if setting.se_of == "NRT" else "NRT"
    positives, negatives = score[residual], score[~residual]
    wins = (positives[:, None] > negatives[None, :]) + 0.5 * (positives[:, None] == negatives[None, :])
    auc = wins.mean()
    lo, hi = _interval(wins, auc, setting, rng)
    acc = (called == residual).mean()
    return {"acc": acc, "se": recall[setting.se_of], "sp": recall[other], "auc": auc, "auc_lo": lo, "auc_hi": hi}


def _interval(wins: np.ndarray, auc: float, setting: Setting, rng: np.random.Generator) -> tuple[float, float]:
    m, n = wins.shape
    if setting.interval == "bootstrap":
        draws = [wins[rng.integers(m, size=m)][:, rng.integers(n, size=n)].mean() for _ in range(400)]
        lo, hi = np.quantile(draws, [0.025, 0.975])
        return min(lo, auc), max(hi, auc)
    if setting.interval == "hanley":
        q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
        se = math.sqrt((auc * (1 - auc) + (m - 1) * (q1 - auc**2) + (n - 1) * (q2 - auc**2)) / (m * n))
    else:
        se = math.sqrt(wins.mean(axis=1).var(ddof=1) / m + wins.mean(axis=0).var(ddof=1) / n)
    if setting.interval == "logit" and 0 < auc < 1:
        centre, half = math.log(auc / (1 - auc)), 1.96 * se / (auc * (1 - auc))
        return 1 / (1 + math.exp(half - centre)), 1 / (1 + math.exp(-half - centre))
    return max(0.0, auc - 1.96 * se), min(1.0, auc + 1.96 * se)


def _table2(
    rng: np.random.Generator, patients: pd.DataFrame, scores: dict[tuple[str, str], np.ndarray], setting: Setting
) -> tuple[pd.DataFrame, dict[tuple[str, str], float]]:
    rows, averages = [], {}
    for arm in ARMS:
        here = ((patients["arm"] == arm) & (patients["cohort"] == "test")).to_numpy()
        residual, slices = (patients["outcome"] == "RT").to_numpy()[here], patients["slices"].to_numpy()[here]
        for unit in ("image", "patient"):
            found = []
            for network in NETWORKS:
                score = scores[(arm, network)][here]
                if unit == "image":
                    noisy = np.repeat(score, slices) + rng.normal(0, 0.2, slices.sum())
                    found.append(_measures(np.repeat(residual, slices), noisy, setting, rng))
                else:
                    found.append(_measures(residual, score, setting, rng))
                rows.append({"model": arm, "unit": unit, "network": network, **_printed(found[-1])})
            means = {key: float(np.mean([one[key] for one in found])) for key in ("acc", "se", "sp", "auc")}
            averages[(arm, unit)] = means["auc"]
            average = {**_printed(means), "auc_lo": "", "auc_hi": ""}
            rows.append({"model": arm, "unit": unit, "network": "average", **average})
    return pd.DataFrame(rows), averages


def _printed(numbers: dict[str, float]) -> dict[str, str]:
    return {key: f"{value:.3f}" for key, value in numbers.items()}


def _table3(patients: pd.DataFrame, scores: dict[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    rows = []
    for i in np.flatnonzero(patients["cohort"] == "test"):
        predicted = tuple("RT" if scores[(arm, "resnet50")][i] >= 0.5 else "NRT" for arm in ARMS)
        rows.append((*predicted, patients["arm"][i], patients["outcome"][i]))
    situations = []
    for number, key in enumerate([key for key in VERDICTS if key in rows], start=1):
        recommendation, model, physician = VERDICTS[key]
        situations.append(
            {
                "situation": number,
                "ccrt_model_pred": key[0],
                "ic_model_pred": key[1],
                "recommendation": recommendation,
                "predicted_effect": "RT" if recommendation == "IBT" else "NRT",
                "physician_arm": key[2],
                "actual_effect": key[3],
                "cases": rows.count(key),
                "model_verdict": model,
                "physician_verdict": physician,
            }
        )
    return pd.DataFrame(situations)


def _table16(table3: pd.DataFrame) -> pd.DataFrame:
    keys = ["ccrt_model_pred", "ic_model_pred", "physician_arm", "actual_effect"]
    cases = {tuple(row[keys]): row["cases"] for _, row in table3.iterrows()}
    return pd.DataFrame(
        [
            {"cell": i, **dict(zip(keys, key, strict=True)), "recommendation": rule[0], "model_verdict": rule[1],
             "physician_verdict": rule[2], "cases": cases.get(key, 0)}
            for i, (key, rule) in enumerate(VERDICTS.items(), start=1)
        ]
    )  # fmt: skip


def _headline(
    patients: pd.DataFrame,
    scores: dict[tuple[str, str], np.ndarray],
    table3: pd.DataFrame,
    averages: dict[tuple[str, str], float],
) -> pd.DataFrame:
    rows = {
        "n_patients_total": len(patients),
        "n_test_total": int((patients["cohort"] == "test").sum()),
        "split_ratio_train_test": "4:1",
        "n_situations": len(table3),
        "n_conditions_claimed": 12,
        "n_prediction_pairs": 4,
        "matrix": "512x512",
        "pixel_mm": "0.47x0.47",
        "dose_gy": "2.24 x 33 = 73.92",
        "seg_epochs": 20,
    }
    for arm, long, short in (("CCRT", "ccrt", "ccrt"), ("IC+CCRT", "ic_ccrt", "ic")):
        of_arm = patients[patients["arm"] == arm]
        rows[f"n_{long}"], rows[f"n_images_{long}"] = len(of_arm), int(of_arm["slices"].sum())
        for cohort in ("train", "test"):
            group = of_arm[of_arm["cohort"] == cohort]
            residual = int((group["outcome"] == "RT").sum())
            share = f"{100 * residual / len(group):.2f}%"
            rows[f"rt_ratio_{short}_{cohort}"] = f"{residual}/{len(group)} = {share}"
        for unit in ("image", "patient"):
            rows[f"aauc_{short}_{unit}"] = f"{averages[(arm, unit)]:.3f}"
    tallies = []
    for who in ("physician", "model"):
        counts = {v: int(table3.loc[table3[f"{who}_verdict"] == v, "cases"].sum()) for v in ("correct", "wrong")}
        rows |= {f"{who}_{verdict}": count for verdict, count in counts.items()}
        rows[f"{who}_undetermined"] = rows["n_test_total"] - sum(counts.values())
        rows[f"{who}_correct_rate"] = f"{100 * counts['correct'] / sum(counts.values()):.2f}%"
        tallies.append(list(counts.values()))
    if np.array(tallies).sum(axis=0).min() > 0:
        rows["p_model_vs_physician"] = f"{stats.chi2_contingency(tallies, correction=False).pvalue:.3f}"
    table = [{"key": key, "printed": printed, "ci_lo": "", "ci_hi": ""} for key, printed in rows.items()]
    table.append({"key": "dice_unet", "printed": "0.689", "ci_lo": "0.675", "ci_hi": "0.703"})
    return pd.DataFrame(table)
