"""Every statistic with an exact counterpart in R, to 1e-8: stored references always, a live Rscript where there is one.

Both go through ``references/make_references.R``. ``python test_against_r.py`` rewrites the stored inputs.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from npc_kedro.statistics import calibration, contingency, means, paired, proportions, roc

REFERENCES = Path(__file__).parent / "references"
STORED_SEED = 20230613
TOLERANCE = 1e-8
VAL_PROB_TOLERANCE = 1e-4
"""rms' lrm.fit stops iterating early, so its slope agrees to this only; a tight glm is the reference to 1e-8."""


def write_inputs(folder: Path, *, seed: int) -> None:
    """Write random inputs of every kind: ties in scores, extremes in proportions, sparse and dense tables."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)

    def save(frame: pd.DataFrame, name: str) -> None:
        frame.to_csv(folder / name, index=False, lineterminator="\n")

    outcome = np.r_[0, 0, 1, 1, rng.random(116) < 0.35].astype(int)
    latent = rng.normal(size=120)
    scores = pd.DataFrame(
        {
            "outcome": outcome,
            "score_a": np.round(outcome + latent, 1),
            "score_b": np.round(0.5 * outcome + 0.6 * latent + 0.8 * rng.normal(size=120), 3),
            "probability": np.round(1 / (1 + np.exp(0.3 - outcome - 1.5 * latent)), 6),
        }
    )
    save(scores, "scores.csv")
    other = np.r_[0, 0, 1, 1, rng.random(71) < 0.5].astype(int)
    save(pd.DataFrame({"outcome": other, "score": np.round(2 * other + rng.normal(size=75), 1)}), "unpaired.csv")

    n = np.r_[10, 10, rng.integers(1, 300, size=6)]
    x = np.r_[0, 10, rng.integers(0, n[2:] + 1)]
    save(pd.DataFrame({"x": x, "n": n}), "proportions.csv")
    discordant = rng.integers(0, 25, size=(6, 4)) + np.array([0, 1, 0, 0])
    save(pd.DataFrame(discordant, columns=["both", "b", "c", "neither"]), "discordant.csv")

    tables = []
    shapes = [(2, 2, 3), (2, 2, 12), (2, 2, 40), (2, 4, 5), (2, 4, 12), (3, 3, 5), (3, 4, 4), (4, 2, 6)]
    for number, (rows, columns, mean) in enumerate(shapes):
        counts = rng.poisson(mean * rng.uniform(0.3, 1.7, size=(rows, columns)))
        counts[np.arange(rows), np.arange(rows) % columns] += 1
        counts[np.arange(columns) % rows, np.arange(columns)] += 1
        cells = pd.DataFrame(np.argwhere(counts >= 0) + 1, columns=["row", "column"])
        tables.append(cells.assign(table=f"table{number}", n=counts.ravel()))
    save(pd.concat(tables)[["table", "row", "column", "n"]], "tables.csv")
    a, b = rng.normal(50, 10, size=23), rng.normal(47, 15, size=31)
    values = np.round(np.r_[a, b], 2)
    save(pd.DataFrame({"sample": ["a"] * 23 + ["b"] * 31, "value": values}), "samples.csv")


def ours(folder: Path) -> dict[str, float]:
    """Compute what make_references.R computes, under the same names."""
    return _ours_roc(folder) | _ours_counts(folder) | _ours_tables(folder) | _ours_values(folder)


def _ours_roc(folder: Path) -> dict[str, float]:
    scores, other = pd.read_csv(folder / "scores.csv"), pd.read_csv(folder / "unpaired.csv")
    found: dict[str, float] = {}
    for name, outcome, score in (
        ("roc.a", scores.outcome, scores.score_a),
        ("roc.b", scores.outcome, scores.score_b),
        ("roc.other", other.outcome, other.score),
    ):
        for level in (0.9, 0.95):
            interval = roc.auc_interval(outcome, score, level=level)
            found |= {f"{name}.lo.{level}": interval.lo, f"{name}.hi.{level}": interval.hi}
        found |= {f"{name}.auc": roc.auc(outcome, score), f"{name}.se": interval.se}
    same_cases = roc.compare_aucs(scores.outcome, scores.score_a, scores.score_b)
    found |= {"paired.z": same_cases.z, "paired.p": same_cases.p}
    two_groups = roc.compare_unpaired_aucs(scores.outcome, scores.score_a, other.outcome, other.score)
    found |= {"unpaired.t": two_groups.z, "unpaired.df": two_groups.df, "unpaired.p": two_groups.p}
    curve = roc.roc_curve(scores.outcome, scores.score_a)
    found |= {"curve.points": len(curve), "curve.sum_sensitivity": curve.sensitivity.sum()}
    return found | {"curve.sum_specificity": curve.specificity.sum()}


def _ours_counts(folder: Path) -> dict[str, float]:
    found: dict[str, float] = {}

    def add(name: str, interval) -> None:
        found.update({f"{name}.lo": interval.lo, f"{name}.hi": interval.hi})

    pairs = list(pd.read_csv(folder / "proportions.csv").itertuples(index=False))
    for number, (x, n) in enumerate(pairs, start=1):
        add(f"wilson.{number}", proportions.wilson(x, n))
        add(f"exact.{number}", proportions.clopper_pearson(x, n))
        add(f"exact90.{number}", proportions.clopper_pearson(x, n, level=0.9))
        if number < len(pairs):
            add(f"newcombe.{number}", proportions.newcombe_difference(x, n, *pairs[number]))
    for number, (both, b, c, neither) in enumerate(pd.read_csv(folder / "discordant.csv").itertuples(index=False), 1):
        found |= {f"mcnemar.{number}": paired.mcnemar_exact(b, c).p, f"midp.{number}": paired.mcnemar_midp(b, c).p}
        add(f"newcombe_paired.{number}", proportions.newcombe_paired_difference(both, b, c, neither))
    return found


def _ours_tables(folder: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, cells in pd.read_csv(folder / "tables.csv").groupby("table"):
        counts = cells.pivot(index="row", columns="column", values="n").to_numpy()
        tests = {"pearson": contingency.pearson, "likelihood_ratio": contingency.likelihood_ratio}
        tests |= {"trend": contingency.linear_trend}
        if counts.shape == (2, 2):
            tests["yates"] = contingency.yates
        for test, function in tests.items():
            result = function(counts)
            found |= {f"{name}.{test}.statistic": result.statistic, f"{name}.{test}.p": result.p}
        found[f"{name}.fisher.p"] = contingency.fisher_exact(counts).p
    return found


def _ours_values(folder: Path) -> dict[str, float]:
    samples = pd.read_csv(folder / "samples.csv").groupby("sample")["value"]
    a, b = samples.get_group("a"), samples.get_group("b")
    found = {"smd": means.standardised_mean_difference(a, b)}
    for name, result in (("pooled_t", means.pooled_t(a, b)), ("welch_t", means.welch_t(a, b))):
        found |= {f"{name}.statistic": result.statistic, f"{name}.df": result.df, f"{name}.p": result.p}
    scores = pd.read_csv(folder / "scores.csv")
    fitted = calibration.calibration(scores.outcome, scores.probability)
    found |= {"calibration.intercept": fitted.intercept, "calibration.slope": fitted.slope}
    return found | {"val_prob.slope": fitted.slope, "val_prob.brier": fitted.brier}


def assert_agreement(folder: Path, *, about: str) -> None:
    references = pd.read_csv(folder / "references.csv").set_index("quantity")["value"]
    computed = ours(folder)
    assert set(computed) == set(references.index)
    wrong = {
        name: (computed[name], value)
        for name, value in references.items()
        if not abs(computed[name] - value) <= (VAL_PROB_TOLERANCE if name == "val_prob.slope" else TOLERANCE)
    }
    assert not wrong, f"{about}: (ours, R) differ in {wrong}"


def test_stored_references_of_r():
    assert_agreement(REFERENCES, about="stored references")


def test_stored_inputs_are_those_of_the_stated_seed(tmp_path):
    write_inputs(tmp_path, seed=STORED_SEED)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (REFERENCES / path.name).read_bytes(), path.name


@pytest.fixture(scope="session")
def rscript() -> str:
    found = shutil.which("Rscript")
    if found is None:
        pytest.skip("Rscript is not installed; the stored references are compared all the same")
    packages = "quit(status = !all(nzchar(sapply(c('pROC', 'rms'), function(x) system.file(package = x)))))"
    if subprocess.run([found, "-e", packages], capture_output=True, check=False).returncode:
        pytest.skip("R lacks pROC or rms; the stored references are compared all the same")
    return found


def test_fresh_random_data_against_r_in_this_run(rscript, tmp_path):
    seed = int(np.random.SeedSequence().entropy % 2**32)
    write_inputs(tmp_path, seed=seed)
    command = [rscript, str(REFERENCES / "make_references.R"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    assert_agreement(tmp_path, about=f"seed {seed}")


if __name__ == "__main__":
    write_inputs(REFERENCES, seed=STORED_SEED)
