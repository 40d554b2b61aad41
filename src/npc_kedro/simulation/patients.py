"""Who the simulated patients are: stage, latent factors, both potential outcomes, and the physicians' choice.

The factors of a candidate come from the two published arms pooled. Physicians choose by the odds that Table 1 implies
for this stage, age and sex, so that each arm has its published factors and treatment is confounded by stage.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.stats import norm

from npc_kedro.simulation.calibration import LogisticRisk, calibrate, realised_auc
from npc_kedro.simulation.plan import SimulationPlan
from npc_kedro.simulation.table1 import LOCALLY_ADVANCED, N_STAGES, PUBLISHED, STAGE_IVA, T_STAGES, stage_distribution
from npc_kedro.study import Arm

_POPULATION_SEED = 20230601
_POPULATION = 40_000
"""Candidates on whom the risks are calibrated; the same for every seed, so that the population has one truth."""

_POOL = 12
"""Candidates kept per place in an arm, out of whom the arm's patients are a systematic sample."""

_T_EFFECT = np.array([-1.1, -0.75, -0.1, 1.05])
"""Mean radioresistance at T1..T4: advanced tumours are harder to clear (published: T stage alone reaches AUC 0.84)."""

_OWN_SD = 0.72
"""Spread of radioresistance among tumours of one T stage."""

_INDUCTION_WEIGHTS = (0.85, 0.5)
"""Weight of radioresistance, and of lacking benefit from induction, in the risk after induction chemotherapy."""


@dataclass(frozen=True)
class Patients:
    """A drawn cohort.

    Attributes:
        clinical: one row a patient, the columns of ``clinical.csv``.
        truth: the same patients with latent factors, both probabilities and both potential outcomes.
        risks: the calibrated law of each arm.
    """

    clinical: pd.DataFrame
    truth: pd.DataFrame
    risks: dict[Arm, LogisticRisk]

    def summary(self, plan: SimulationPlan) -> dict[str, object]:
        """Oracle AUC, residual shares and counts by arm, in the population and in this cohort; JSON types only."""
        arms = {}
        for arm, risk in self.risks.items():
            given = self.truth[self.truth["arm"] == arm.value]
            probability, outcome = given[f"p_rt_{arm.slug}"].to_numpy(), given[f"rt_{arm.slug}"].to_numpy()
            auc = realised_auc(probability, outcome)
            arms[arm.value] = {
                "patients": len(given),
                "residual_tumor": int(outcome.sum()),
                "residual_share": round(float(outcome.mean()), 4),
                "residual_share_population": round(risk.share, 4),
                "oracle_auc": None if np.isnan(auc) else round(auc, 4),
                "oracle_auc_population": round(risk.auc, 4),
            }
        return {"simulated": True, "seed": plan.seed, "arms": arms}


def draw_patients(plan: SimulationPlan) -> Patients:
    """Draws the cohort of ``plan``: same plan, same patients, in the order of their identifiers."""
    risks = arm_risks(plan.oracle_auc, plan.residual_share[Arm.CCRT], plan.residual_share[Arm.IC_CCRT])
    rng = np.random.default_rng([plan.seed, 1])
    pool = _candidates(rng, _POOL * 4 * max(max(plan.patients.values()), 1))
    while any((pool["arm"] == arm.value).sum() < _POOL * n for arm, n in plan.patients.items()):
        pool = pd.concat([pool, _candidates(rng, len(pool))], ignore_index=True)
    for arm in Arm:
        pool[f"p_rt_{arm.slug}"] = risks[arm].probability(_score(pool, arm))
    arms = [_fill_arm(rng, pool[pool["arm"] == arm.value], arm, plan.patients[arm]) for arm in Arm]
    drawn = pd.concat(arms, ignore_index=True)
    drawn = drawn.iloc[rng.permutation(len(drawn))].reset_index(drop=True)
    width = max(4, len(str(len(drawn))))
    drawn.insert(0, "patient_id", [f"SIM{i + 1:0{width}d}" for i in range(len(drawn))])
    return Patients(_clinical(rng, drawn), _truth(drawn), risks)


@lru_cache(maxsize=8)
def arm_risks(oracle_auc: float, share_ccrt: float, share_ic_ccrt: float) -> dict[Arm, LogisticRisk]:
    """Risk of residual tumour under each treatment, calibrated on the patients to whom physicians give it."""
    population = _candidates(np.random.default_rng(_POPULATION_SEED), _POPULATION)
    shares = {Arm.CCRT: share_ccrt, Arm.IC_CCRT: share_ic_ccrt}
    return {
        arm: calibrate(
            _score(population[population["arm"] == arm.value], arm).to_numpy(), share=shares[arm], auc=oracle_auc
        )
        for arm in Arm
    }


def _candidates(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Draws ``n`` candidates with factors, latent values and the physicians' choice."""
    source = rng.random(n) < 0.5
    cell = np.where(source, _draw_stage(rng, n, Arm.IC_CCRT), _draw_stage(rng, n, Arm.CCRT))
    t, n_stage = cell // 4, cell % 4
    ages = {arm: rng.normal(PUBLISHED[arm].age_mean, PUBLISHED[arm].age_sd, n) for arm in Arm}
    age = np.clip(np.where(source, ages[Arm.IC_CCRT], ages[Arm.CCRT]), 18, 82).round()
    share_male = np.where(source, *(_share_male(arm) for arm in (Arm.IC_CCRT, Arm.CCRT)))
    male = rng.random(n) < share_male
    induction = rng.random(n) < _chance_of_induction(t, n_stage, age=age, male=male)
    resistance = _T_EFFECT[t] + _OWN_SD * rng.standard_normal(n)
    return pd.DataFrame(
        {
            "age": age.astype(int),
            "sex": np.where(male, "male", "female"),
            "ajcc_stage": np.where(STAGE_IVA[t, n_stage], "IVa", "III"),
            "t_stage": np.array(T_STAGES)[t],
            "n_stage": np.array(N_STAGES)[n_stage],
            "radioresistance": resistance,
            "induction_benefit": rng.standard_normal(n),
            "arm": np.where(induction, Arm.IC_CCRT.value, Arm.CCRT.value),
        }
    )


def _draw_stage(rng: np.random.Generator, n: int, arm: Arm) -> np.ndarray:
    """T and N of ``n`` patients as one number, ``4 * t + n``."""
    return rng.choice(16, size=n, p=stage_distribution(PUBLISHED[arm]).ravel())


def _share_male(arm: Arm) -> float:
    return PUBLISHED[arm].male / PUBLISHED[arm].patients


def _chance_of_induction(t: np.ndarray, n: np.ndarray, *, age: np.ndarray, male: np.ndarray) -> np.ndarray:
    """The physicians' rule: probability of induction chemotherapy for stage, age and sex (Bayes on Table 1)."""
    weight = {}
    for arm in Arm:
        stage = np.where(LOCALLY_ADVANCED, stage_distribution(PUBLISHED[arm]), 1)[t, n]
        sex = np.where(male, _share_male(arm), 1 - _share_male(arm))
        weight[arm] = stage * sex * norm.pdf(age, PUBLISHED[arm].age_mean, PUBLISHED[arm].age_sd)
    return weight[Arm.IC_CCRT] / (weight[Arm.IC_CCRT] + weight[Arm.CCRT])


def _score(candidates: pd.DataFrame, arm: Arm) -> pd.Series:
    """What the risk of an arm is monotone in."""
    if arm is Arm.CCRT:
        return candidates["radioresistance"]
    resistance, lack = _INDUCTION_WEIGHTS
    return resistance * candidates["radioresistance"] - lack * candidates["induction_benefit"]


def _fill_arm(rng: np.random.Generator, pool: pd.DataFrame, arm: Arm, n: int) -> pd.DataFrame:
    """A systematic sample of ``n`` of the arm's candidates, with both potential outcomes.

    Ordered by T stage and risk, every ``_POOL``-th candidate is taken, and outcomes cross whole numbers of the running
    sum of probabilities: each patient keeps exactly his probability, and small cohorts keep the shares of large ones.
    """
    if n == 0:
        return pool.iloc[:0].assign(rt_ccrt=0, rt_ic_ccrt=0)
    given, other = f"p_rt_{arm.slug}", f"p_rt_{_other(arm).slug}"
    pool = pool.iloc[: _POOL * n].sort_values(["t_stage", given], kind="stable")
    drawn = pool.iloc[rng.integers(_POOL) :: _POOL].sort_values(given, kind="stable").reset_index(drop=True)
    reached = np.floor(np.concatenate([[0.0], np.cumsum(drawn[given])]) + rng.random())
    event = np.diff(reached) > 0
    # one uniform number decides both outcomes, so that who clears under the riskier treatment clears under the safer
    chance = drawn[given].to_numpy()
    uniform = np.where(event, chance * rng.random(n), chance + (1 - chance) * rng.random(n))
    drawn[f"rt_{arm.slug}"] = event.astype(int)
    drawn[f"rt_{_other(arm).slug}"] = (uniform < drawn[other]).astype(int)
    return drawn


def _other(arm: Arm) -> Arm:
    return Arm.IC_CCRT if arm is Arm.CCRT else Arm.CCRT


def _clinical(rng: np.random.Generator, drawn: pd.DataFrame) -> pd.DataFrame:
    """The table a hospital would send, with the one outcome that happened and the dates of treatment."""
    induction = drawn["arm"] == Arm.IC_CCRT.value
    start = pd.Timestamp("2015-01-05") + pd.to_timedelta(rng.integers(0, 1800, len(drawn)), unit="D")
    return pd.DataFrame(
        {
            "patient_id": drawn["patient_id"],
            "arm": drawn["arm"],
            "residual_tumor": np.where(induction, drawn["rt_ic_ccrt"], drawn["rt_ccrt"]),
            **{name: drawn[name] for name in ("age", "sex", "ajcc_stage", "t_stage", "n_stage")},
            "treatment_start": start.strftime("%Y-%m-%d"),
            "regimen": np.where(induction, np.where(rng.random(len(drawn)) < 0.6, "TP", "GP"), "none"),
        }
    )


def _truth(drawn: pd.DataFrame) -> pd.DataFrame:
    names = ["radioresistance", "induction_benefit", "p_rt_ccrt", "p_rt_ic_ccrt"]
    columns = ["patient_id", *names, "rt_ccrt", "rt_ic_ccrt", "arm"]
    return drawn[columns].round(dict.fromkeys(names, 6))
