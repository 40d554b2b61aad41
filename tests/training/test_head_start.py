"""The head's optimum, against an independent solver and by hand."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from npc_kedro.training.bags import bag_losses
from npc_kedro.training.head_start import fit_head, pooled_features

RIDGE = 3.0


def features(n=40, d=3):
    rng = np.random.default_rng(0)
    x = rng.normal([5.0, -2.0, 0.0], [10.0, 0.1, 1.0], (n, d))
    return x, (x[:, 2] + rng.normal(0, 1, n) > 0).astype(float)


def fitted(x, loss):
    head = nn.Linear(x.shape[1], 1)
    fit_head(head, torch.from_numpy(x), loss=loss, ridge=RIDGE)
    return head(torch.from_numpy(x).float())[:, 0].detach().numpy()


def test_it_is_ridge_logistic_regression_on_standardised_features():
    x, y = features()
    z = np.c_[(x - x.mean(0)) / x.std(0, ddof=1), np.ones(len(x))]

    def objective(w):
        logits = z @ w
        return np.logaddexp(0, logits).sum() - (y * logits).sum() + RIDGE / 2 * (w[:-1] ** 2).sum()

    expected = z @ minimize(objective, np.zeros(4), tol=1e-12).x
    target = torch.from_numpy(y)
    got = fitted(x, lambda logits: binary_cross_entropy_with_logits(logits, target, reduction="sum"))
    np.testing.assert_allclose(got, expected, atol=1e-3)


def test_the_bags_own_loss_is_minimised():
    x, _ = features()
    y = np.array([1.0, 0.0] * 5)
    x[:, 2] += np.repeat(1.5 * y, 4)
    z = np.c_[(x - x.mean(0)) / x.std(0, ddof=1), np.ones(len(x))]

    def objective(w):
        p = (1 / (1 + np.exp(-z @ w))).reshape(10, 4).mean(1)
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum() + RIDGE / 2 * (w[:-1] ** 2).sum()

    expected = z @ minimize(objective, np.zeros(4), tol=1e-12).x
    targets = torch.from_numpy(y)
    got = fitted(x, lambda logits: bag_losses(logits, [4] * 10, targets).sum())
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_a_feature_that_never_changes_gets_no_weight():
    x, y = features()
    x[:, 0] = 7.0
    head = nn.Linear(3, 1)
    target = torch.from_numpy(y)
    fit_head(
        head,
        torch.from_numpy(x),
        loss=lambda logits: binary_cross_entropy_with_logits(logits, target, reduction="sum"),
        ridge=RIDGE,
    )
    assert head.weight[0, 0].item() == pytest.approx(0.0, abs=1e-9)


def test_features_are_what_the_head_receives():
    from npc_kedro.networks.classifiers import ClassifierSpec, build_classifier

    network = build_classifier(ClassifierSpec("test_resnet", "r160_in1k", 32), seed=1).train()
    images = torch.rand(4, 3, 32, 32)
    seen = pooled_features(network, [images[:2], images[2:]])
    assert network.training
    with torch.no_grad():
        torch.testing.assert_close(network.get_classifier()(seen.float()), network.eval()(images))
