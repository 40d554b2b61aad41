"""The pipelines, by name. ``kedro run`` runs ``__default__``: the whole study, simulated cohort first."""

from kedro.pipeline import Pipeline

from npc_kedro.pipelines import (
    audit_published,
    crop,
    evaluate,
    ingest,
    preflight,
    recommend_vs_physician,
    segment,
    simulate_cohort,
    split,
    train_classifiers,
)

STUDY = (simulate_cohort, ingest, segment, crop, split, train_classifiers, evaluate, recommend_vs_physician)
"""The study in its order: one package each, joined by the datasets they share."""

ASIDE = (preflight, audit_published)
"""Pipelines that stand beside the study and run only when named."""


def register_pipelines() -> dict[str, Pipeline]:
    """Every pipeline under its folder's name, and the whole study as ``__default__``."""
    named = {module.__name__.rpartition(".")[2]: module.create_pipeline() for module in (*STUDY, *ASIDE)}
    study = sum((named[module.__name__.rpartition(".")[2]] for module in STUDY), Pipeline([]))
    return {**named, "__default__": study}
