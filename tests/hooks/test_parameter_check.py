"""Unknown and impossible parameters are refused before anything runs, all at once."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from npc_kedro.configuration import StudyConfigLoader
from npc_kedro.hooks.parameter_check import _results_in_the_export, model_of, problems_of
from npc_kedro.pipeline_registry import ASIDE, STUDY
from npc_kedro.settings import CONFIG_LOADER_ARGS

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["base", "paper", "miniature"])
def config(request):
    return StudyConfigLoader(
        str(PROJECT / "conf"),
        env=request.param,
        base_env="base",
        default_run_env="base",
        merge_strategy={"parameters": "soft", "globals": "soft"},
    )


def test_the_shipped_configuration_is_sound(config):
    assert problems_of(config.study_globals(), config["parameters"]) == []


@pytest.mark.parametrize("inside", ["", "results", "../{}/results"])
def test_results_in_the_cohort_folder_are_refused(tmp_path: Path, inside: str) -> None:
    def problems(data_root: Path) -> list[str]:
        given = {"cohort_root": str(tmp_path), "data_root": str(data_root)}
        return _results_in_the_export(
            StudyConfigLoader(str(PROJECT / "conf"), runtime_params=given, **CONFIG_LOADER_ARGS)
        )

    assert len(problems(tmp_path / inside.format(tmp_path.name))) == 1
    assert problems(tmp_path.parent / "elsewhere") == []


def test_every_problem_is_listed_with_its_place(config):
    scale = config.study_globals() | {"sead": 1, "threads_per_training": 0}
    parameters = config["parameters"] | {
        "split": config["parameters"]["split"] | {"test_share": 2},
        "spilt": {},
    }
    problems = problems_of(scale, parameters)
    assert len(problems) == 4
    assert any(text.startswith("globals.sead: unknown key") for text in problems)
    assert any("globals.threads_per_training" in text and "found 0" in text for text in problems)
    assert any(text.startswith("split.test_share") and "less than 1" in text for text in problems)
    assert any(text.startswith("spilt: no pipeline") for text in problems)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"outlines": {"name_pattern": "(?P<patient_id>[0-9]+"}}, "is no regular expression"),
        ({"clinical": {"values": {"residual_tumor": {"0": ["clear"], "1": ["clear"]}}}}, "stands for two values"),
        ({"clinical": {"missing": [99]}}, "expected a text; found 99. Write it in quotes"),
        ({"clinical": {"columns": {"age": "years"}}}, "expected a list; found 'years'. Write it in square brackets"),
    ],
)
def test_a_wrong_entry_is_told_without_all_that_stands_around_it(config, changes, said):
    (problem,) = problems_of(config.study_globals(), {"ingest": _changed(config["parameters"]["ingest"], changes)})
    assert said in problem
    assert len(problem) < 300


def _changed(values, changes):
    return values | {
        key: _changed(values[key], change) if isinstance(change, dict) else change for key, change in changes.items()
    }


@pytest.mark.parametrize("module", [*STUDY, *ASIDE], ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_pipeline_has_a_strict_model(module):
    model = model_of(module.__name__.rpartition(".")[2])
    assert model is not None
    assert issubclass(model, BaseModel)
    assert model.model_config["extra"] == "forbid"
