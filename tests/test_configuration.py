"""Configuration: what reaches globals, where results go, and that one cohort never shares a folder with another."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from npc_kedro.configuration import StudyConfigLoader, cohort_folder_name

PROJECT = Path(__file__).parents[1]


def loader(env: str = "base", **params: object) -> StudyConfigLoader:
    return StudyConfigLoader(
        str(PROJECT / "conf"),
        env=env,
        runtime_params=params,
        base_env="base",
        default_run_env="base",
        merge_strategy={"parameters": "soft", "globals": "soft"},
    )


@pytest.fixture(autouse=True)
def no_cohort_in_the_environment(monkeypatch):
    monkeypatch.delenv("NPC_COHORT_ROOT", raising=False)


def test_the_simulated_cohort_lives_below_data():
    assert loader()["catalog"]["table1"]["filepath"] == "data/08_reporting/table1.csv"
    assert loader("paper")["catalog"]["table1"]["filepath"] == "data/paper/08_reporting/table1.csv"


def test_a_real_cohort_gets_a_folder_of_its_own(tmp_path):
    found = loader(cohort_root=str(tmp_path))["catalog"]["table1"]["filepath"]
    assert found == f"data/{cohort_folder_name(str(tmp_path))}/08_reporting/table1.csv"
    assert tmp_path.name not in found


def test_an_environment_variable_names_the_cohort_under_any_profile(tmp_path, monkeypatch):
    monkeypatch.setenv("NPC_COHORT_ROOT", str(tmp_path))
    folder = cohort_folder_name(str(tmp_path))
    assert loader("paper")["catalog"]["table1"]["filepath"] == f"data/paper/{folder}/08_reporting/table1.csv"
    elsewhere = tmp_path / "elsewhere"
    assert cohort_folder_name(str(elsewhere)) in loader(cohort_root=str(elsewhere))["catalog"]["table1"]["filepath"]


def test_scale_knobs_can_be_given_on_the_command_line():
    config = loader(seed=7, classifier={"epochs": 9})
    assert config["parameters"]["split"]["seed"] == 7
    scale = config.study_globals()
    assert scale["classifier"]["epochs"] == 9
    assert scale["classifier"]["crop_size"] == loader().study_globals()["classifier"]["crop_size"]


def test_other_keys_reach_the_pipelines_parameters_and_keep_their_siblings():
    split = loader(split={"test_share": 0.25})["parameters"]["split"]
    assert split["test_share"] == 0.25
    assert split["validation_share"] == 0.2


def test_the_paper_profile_states_the_publications_constants():
    scale = OmegaConf.create(loader("paper").study_globals())
    assert scale.simulation.patients == {"ccrt": 210, "ic_ccrt": 214}
    assert (scale.simulation.outlined, scale.matrix, scale.classifier.crop_size) == (80, 512, 224)
    assert (scale.segmenter.epochs, scale.classifier.epochs) == (20, 40)
    assert (scale.segmenter.batch_size, scale.classifier.batch_size) == (32, 32)
    assert (scale.segmenter.weights, scale.classifier.weights, scale.device) == ("hub", "hub", "auto")


def test_what_is_read_once_cannot_be_altered_by_who_reads_it():
    config = loader()
    config["parameters"]["split"]["seed"] = -1
    assert config["parameters"]["split"]["seed"] != -1
    config["parameters"] = {"split": {"seed": 5}}
    assert config["parameters"] == {"split": {"seed": 5}}
