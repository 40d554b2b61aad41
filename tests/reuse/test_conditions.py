"""Every library that a node's code reaches is asked for its version by name, without a search of what is installed."""

from pathlib import Path

import pytest
from kedro.io import DataCatalog

import npc_kedro
from command_line import PROJECT
from npc_kedro.configuration import StudyConfigLoader
from npc_kedro.datasets.tables import CSVDataset
from npc_kedro.pipeline_registry import register_pipelines
from npc_kedro.reuse import conditions
from npc_kedro.reuse.sources import Sources
from npc_kedro.reuse.stored import Contents


def test_the_version_of_every_library_in_reach_is_known_at_once(monkeypatch):
    monkeypatch.setattr(conditions, "_distributions", lambda: {})
    conditions._version.cache_clear()
    sources = Sources("npc_kedro", Path(npc_kedro.__file__).parent)
    pipelines = register_pipelines()
    reached = {
        library
        for pipeline in pipelines.values()
        for node in pipeline.nodes
        for library in sources.reached_from(node.func).libraries
    }
    assert {"numpy", "pandas", "pydicom", "torch"} <= reached
    found = conditions._versions(frozenset(reached))
    conditions._version.cache_clear()
    assert [library for library, version in found.items() if version == "unknown"] == []


@pytest.mark.parametrize("text", ["a|" * 400, "a/" + "b" * 400])
def test_a_long_text_among_the_parameters_names_no_file(tmp_path, text):
    told = conditions.Conditioner(
        DataCatalog(), contents=Contents(tmp_path), root=tmp_path, kept=tmp_path / "code.json"
    )
    assert conditions.listings(told._named({"params:ingest.words": text})) == {}


def test_the_catalogs_entry_counts_without_the_place(tmp_path):
    def configured(folder, **arguments):
        catalog = DataCatalog({"table": CSVDataset(filepath=str(folder / "table.csv"), **arguments)})
        told = conditions.Conditioner(catalog, contents=Contents(folder), root=folder, kept=tmp_path / "code.json")
        return told._configuration("table")

    semicolons = configured(tmp_path / "a", save_args={"sep": ";"})
    assert configured(tmp_path / "a", save_args={"sep": ","}) != semicolons
    assert configured(tmp_path / "b", save_args={"sep": ";"}, metadata={"kedro-viz": {"layer": "x"}}) == semicolons


@pytest.mark.parametrize(
    ("pipeline", "node", "unread", "read"),
    [
        ("evaluate", "predict", {"n_resamples": 999, "baseline_ridge": 7.0}, {"batch_size": 3}),
        ("evaluate", "draw_grad_cam", {"n_resamples": 999, "seed": 1, "batch_size": 3}, {"grad_cam": {
            "network": "resnet50", "patients_per_outcome": 9,
        }}),
        ("evaluate", "fill_table2", {"calibration_bins": 3, "device": "cpu", "threads": 3}, {"n_resamples": 999}),
        ("evaluate", "trace_curves", {"device": "cpu", "baseline_ridge": 7.0}, {"calibration_bins": 3}),
        ("evaluate", "score_clinical_baseline", {"n_resamples": 999}, {"baseline_ridge": 7.0}),
        ("recommend_vs_physician", "predict_under_ccrt", {"propensity_ridge": 7.0, "seed": 1}, {"threads": 3}),
        ("recommend_vs_physician", "compare_with_null_policies", {"threads": 3}, {"n_permutations": 7}),
        ("recommend_vs_physician", "value_recommendation", {"n_permutations": 7}, {"propensity_ridge": 7.0}),
        ("ingest", "survey_files", {"workers": 7, "matrix": 17}, {"accept_without_preamble": True}),
        ("ingest", "decode_slices", {"workers": 7, "scratch": "elsewhere"}, {"matrix": 17}),
    ],
)  # fmt: skip
def test_a_node_depends_on_what_it_reads_and_on_nothing_else(pipeline, node, unread, read):
    settings = StudyConfigLoader(str(PROJECT / "conf"), base_env="base", default_run_env="base")
    parameters = settings["parameters"][pipeline]
    function = next(each.func for each in register_pipelines()[pipeline].nodes if each.name.endswith(node))
    before = conditions._flat(conditions._part(function, parameters), prefix="p")
    assert conditions._flat(conditions._part(function, parameters | unread), prefix="p") == before
    assert conditions._flat(conditions._part(function, parameters | read), prefix="p") != before
