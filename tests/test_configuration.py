"""Configuration: what reaches globals, where results go, and that one cohort never shares a folder with another."""

import shutil
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from npc_kedro.configuration import WITHOUT_LOCAL, StudyConfigLoader, cohort_folder_name
from npc_kedro.errors import ParameterError
from npc_kedro.settings import CONFIG_LOADER_ARGS

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


def test_the_paper_profile_keeps_none_of_the_laptops_own_knobs():
    """Parameters merge key by key: what the profile does not name is the laptop's."""
    found = loader("paper")["parameters"]
    training, segment, crop = found["train_classifiers"], found["segment"], found["crop"]
    assert training["augmentation"] == {"horizontal_flip": 0.5, "shift": 0.0}
    assert training["optimiser"] == {
        "name": "sgd", "learning_rate": 0.001, "momentum": 0.9, "weight_decay": 1e-4, "schedule": "step",
        "step_epochs": [30], "step_factor": 0.1,
    }  # fmt: skip
    assert training["head_ridge"] is None
    assert {network["epochs_factor"] for network in training["networks"].values() if "epochs_factor" in network} == {1}
    assert {network.get("learning_rate") for network in training["networks"].values()} == {None}
    assert (crop["parts"], crop["margin"], crop["square"], crop["min_side_mm"]) == ("all", 0.0, False, 0)
    assert (segment["min_area_mm2"], segment["empty_slice_share"], segment["loss"]) == (0.0, 1.0, "bce")
    assert segment["optimiser"]["learning_rate"] == 0.001


def test_an_environment_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(ParameterError, match=r"no folder conf/papre for --env=papre; expected one of .*paper"):
        loader("papre")


def test_what_is_read_once_cannot_be_altered_by_who_reads_it():
    config = loader()
    config["parameters"]["split"]["seed"] = -1
    assert config["parameters"]["split"]["seed"] != -1
    config["parameters"] = {"split": {"seed": 5}}
    assert config["parameters"] == {"split": {"seed": 5}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the configuration to write into."""
    shutil.copytree(PROJECT / "conf", tmp_path / "conf", ignore=lambda _, names: [n for n in names if n == "local"])
    (tmp_path / "conf/local").mkdir()
    return tmp_path


def local_loader(project: Path, env: str | None = None, **params: object) -> StudyConfigLoader:
    return StudyConfigLoader(str(project / "conf"), env=env, runtime_params=params, **CONFIG_LOADER_ARGS)


MINE = """
ingest:
  clinical:
    columns: {age: [Alter]}
    values: {ajcc_stage: {III: ["Ⅲ期"]}}
    missing: [only, "99"]
    age_years: [18, 100]
    covariates: {private: [Behandler]}
"""


@pytest.mark.parametrize("env", [None, "miniature"])
def test_conf_local_can_be_left_out(project: Path, env: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "conf/local/globals.yml").write_text("cohort_root: /somebodys/own\n", encoding="utf-8")
    assert local_loader(project, env).cohort_root() == "/somebodys/own"
    monkeypatch.setenv(WITHOUT_LOCAL, "1")
    assert local_loader(project, env).cohort_root() == ""


@pytest.mark.parametrize("env", [None, "local", "paper", "miniature"])
def test_conf_local_holds_whatever_the_environment_and_adds_to_the_lists(project: Path, env: str | None) -> None:
    shipped = loader()["parameters"]["ingest"]["clinical"]
    (project / "conf/local/parameters.yml").write_text(MINE, encoding="utf-8")
    (project / "conf/local/globals.yml").write_text("seed: 7\ndata_root: results\n", encoding="utf-8")
    config = local_loader(project, env)
    clinical = config["parameters"]["ingest"]["clinical"]
    assert clinical["columns"]["age"] == [*shipped["columns"]["age"], "Alter"]
    assert clinical["columns"]["sex"] == shipped["columns"]["sex"]
    assert clinical["values"]["ajcc_stage"]["III"] == ["3", "Ⅲ期"]
    assert clinical["age_years"] == [18, 100]
    assert clinical["missing"] == ["99"]
    assert clinical["covariates"]["private"] == [*shipped["covariates"]["private"], "Behandler"]
    assert config["parameters"]["split"]["seed"] == 7
    assert config["catalog"]["table1"]["filepath"].startswith("results/")
    assert config.study_globals()["classifier"]["epochs"] == (
        40 if env == "paper" else loader(env or "base").study_globals()["classifier"]["epochs"]
    )
    assert local_loader(project, env, seed=9)["parameters"]["split"]["seed"] == 9


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("ingest:\n  clinical:\n    columns: {age: [年龄]}\n".encode("gb18030"), "line 3: not UTF-8 text"),
        (b"- a\n- b\n", "line 1: a list; expected keys"),
        ("ingest：\n  clinical： x\n".encode(), "line 1: a text; expected keys with an ASCII colon"),
        (b"ingest:\n  clinical:\n    sheet: a\n    sheet: b\n", "line 4: duplicate key sheet; keep one of the two"),
        (b"ingest:\n\tclinical: x\n", "line 2: a tab; indent by blanks"),
        (b"ingest:\n  clinical: [x\n", "line 3: no YAML"),
        (b"ingest:\n  a: 1\n b: 2\n", "line 3: no YAML"),
        (b"ingest: \x00\n", "line 1: no YAML text"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["conf/local/parameters.yml", "conf/local/globals.yml"])
@pytest.mark.parametrize("env", [None, "paper"])
def test_a_mistake_in_a_file_is_one_sentence_with_the_line(
    project: Path, file: str, env: str | None, content: bytes, told: str
) -> None:
    (project / file).write_bytes(content)
    with pytest.raises(ParameterError) as caught:
        _ = local_loader(project, env)["parameters"]
    assert str(caught.value).startswith(f"{file}, {told}")
    assert "\n" not in str(caught.value)


def test_a_key_in_two_files_is_one_sentence(project: Path) -> None:
    for name in ("parameters.yml", "parameters_more.yml"):
        (project / "conf/local" / name).write_text("split:\n  seed: 1\n")
    with pytest.raises(ParameterError, match="conf/local/parameters") as caught:
        _ = local_loader(project)["parameters"]
    assert str(project) not in str(caught.value)


def test_a_file_with_a_misspelt_name_is_told(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "conf", tmp_path / "conf", ignore=lambda folder, names: names * folder.endswith("local"))
    local = tmp_path / "conf/local"
    (local / "parameters_more").mkdir()
    for name in ("parameters.yml", "catalog_mine.yml", "parameters_more/split.yml", "paramters.yml", "notes.txt"):
        (local / name).write_text("")
    loader = StudyConfigLoader(str(tmp_path / "conf"), env="paper", **CONFIG_LOADER_ARGS)
    assert loader.unread_files() == ["conf/local/paramters.yml"]


def test_words_and_rules_of_a_hospital_add_to_the_shipped_ones(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "conf", tmp_path / "conf", ignore=lambda folder, names: names * folder.endswith("local"))
    (tmp_path / "conf/local/parameters.yml").write_text(
        "ingest:\n  series_rules:\n    vocabulary: {agent: [kmgabe]}\n    evidence:\n      - {name: fat_saturated, "
        "aspect: preference, field: description, pattern: fs, points: 1}\n"
    )
    shipped = loader()["parameters"]["ingest"]["series_rules"]
    mine = StudyConfigLoader(str(tmp_path / "conf"), **CONFIG_LOADER_ARGS)["parameters"]["ingest"]["series_rules"]
    assert mine["vocabulary"]["agent"] == [*shipped["vocabulary"]["agent"], "kmgabe"]
    assert mine["evidence"][:-1] == shipped["evidence"]
    assert mine["evidence"][-1]["name"] == "fat_saturated"
