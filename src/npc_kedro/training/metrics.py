"""The few numbers that a training looks at while it runs."""

import numpy as np
from scipy.stats import rankdata


def per_patient_mean(values: np.ndarray, patients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sorted patients and the mean of each one's values."""
    keys, index = np.unique(patients, return_inverse=True)
    return keys, np.bincount(index, weights=values) / np.bincount(index)


def per_patient_sum(values: np.ndarray, patients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sorted patients and the sum of each one's values."""
    keys, index = np.unique(patients, return_inverse=True)
    return keys, np.bincount(index, weights=values)


def area_under_curve(labels: np.ndarray, scores: np.ndarray) -> float:
    """Probability that a positive scores above a negative, ties counting half; nan if one of the two is missing."""
    positive = labels == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean negative log-likelihood in nats; probabilities are kept 1e-7 away from 0 and 1."""
    p = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p)))


def youden_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The threshold with the highest sensitivity + specificity, halfway between two neighbouring probabilities.

    Among equals the one nearest 0.5; 0.5 itself where only one outcome occurs.
    """
    if len(np.unique(labels)) < 2:
        return 0.5
    values = np.unique(probabilities)
    candidates = np.unique(np.concatenate([[0.5], (values[:-1] + values[1:]) / 2]))
    called = probabilities[None, :] >= candidates[:, None]
    sensitivity = (called & (labels == 1)).sum(1) / (labels == 1).sum()
    specificity = (~called & (labels == 0)).sum(1) / (labels == 0).sum()
    youden = np.round(sensitivity + specificity, 12)
    best = candidates[youden == youden.max()]
    return float(best[np.argmin(np.abs(best - 0.5))])


def dice(intersection: np.ndarray, size_a: np.ndarray, size_b: np.ndarray) -> np.ndarray:
    """2 |A and B| / (|A| + |B|), element by element; nan where both are empty."""
    total = np.asarray(size_a, dtype=np.float64) + np.asarray(size_b, dtype=np.float64)
    total = np.broadcast_to(total, np.broadcast_shapes(total.shape, np.shape(intersection)))
    return np.divide(2.0 * np.asarray(intersection), total, out=np.full(total.shape, np.nan), where=total > 0)
