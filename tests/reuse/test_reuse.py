"""A second run repeats what depends on a change, and nothing else; the log says what and why."""

import json
import logging
import os

import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.framework.project import configure_project
from kedro.io import MemoryDataset, SharedMemoryDataCatalog
from kedro.pipeline import Node, Pipeline
from kedro_datasets.json import JSONDataset
from pydantic import BaseModel

from npc_kedro.knobs import reads
from npc_kedro.reuse import policy
from npc_kedro.reuse.ledger import Entry
from npc_kedro.reuse.stored import Contents, Place
from npc_kedro.runner import StudyRunner


class Half(BaseModel):
    """Only one of the two parameters."""

    factor: int


def scale(start: int, parameters: dict) -> int:
    return start * parameters["factor"]


@reads(Half.model_validate)
def halved(start: int, parameters: dict) -> int:
    return start * Half.model_validate(parameters).factor


def parity(value: int) -> int:
    return value % 2


def describe(value: int, weights: str) -> str:
    return f"{value} of {bool(weights)}"


class Listener:
    def __init__(self):
        self.reused = {}

    @hook_impl
    def after_node_reused(self, node, run):
        self.reused[node.name] = run


class Study:
    """A chain of nodes: start -> scaled -> parity -> text; and one that reads half of the parameters."""

    pipeline = Pipeline(
        [
            Node(scale, ["start", "params:p"], "scaled", name="scale"),
            Node(halved, ["start", "params:p"], "half", name="halved"),
            Node(parity, "scaled", "parity", name="parity"),
            Node(describe, ["parity", "params:weights"], "text", name="describe"),
        ]
    )

    def __init__(self, root, caplog):
        self.root, self.caplog = root, caplog
        self.parameters, self.weights = {"factor": 2, "unused": 1}, ""
        self.save_args, self.in_memory = {}, set()
        self.save("start", 3)

    def file(self, name):
        return self.root / "data" / f"{name}.json"

    def save(self, name, value):
        self.file(name).parent.mkdir(exist_ok=True)
        self.file(name).write_text(json.dumps(value))

    def run(self, *, enabled=True):
        """The nodes that ran, and the log."""
        stored = {
            name: JSONDataset(filepath=str(self.file(name)), save_args=self.save_args)
            for name in self.pipeline.datasets() - self.in_memory
            if ":" not in name
        }
        parameters = {"params:p": self.parameters, "params:weights": self.weights}
        memory = {name: MemoryDataset(value) for name, value in parameters.items()}
        policy.install(policy.Policy(self.root / "data", enabled))
        hooks, listener = _create_hook_manager(), Listener()
        hooks.register(listener)
        self.caplog.clear()
        try:
            with self.caplog.at_level(logging.INFO, logger="npc_kedro"):
                StudyRunner(max_workers=1).run(self.pipeline, SharedMemoryDataCatalog(stored | memory), hooks)
        finally:
            policy.install(None)
        return {node.name for node in self.pipeline.nodes} - set(listener.reused), self.caplog.text


@pytest.fixture
def study(tmp_path, caplog):
    configure_project("npc_kedro")
    made = Study(tmp_path, caplog)
    ran, _ = made.run()
    assert ran == {"scale", "halved", "parity", "describe"}
    return made


def test_nothing_changed_nothing_runs(study):
    ran, log = study.run()
    assert ran == set()
    assert "reused, nothing it depends on has changed: scale" in log
    assert "4 nodes reused; --params reuse=false" in log


def test_a_parameter_repeats_what_reads_it_and_equal_results_stop_there(study):
    study.parameters["factor"] = 4
    ran, log = study.run()
    assert ran == {"scale", "halved", "parity"}  # 6 % 2 == 12 % 2: what comes after stands
    assert "repeats scale: params:p.factor changed" in log
    assert "repeats parity: input scaled changed" in log
    study.parameters["unused"] = 5
    assert study.run()[0] == {"scale"}  # `halved` says that it does not read it
    study.parameters["factor"] = 3
    assert study.run()[0] == {"scale", "halved", "parity", "describe"}  # 9 % 2 is another matter


def test_an_input_repeats_what_takes_it(study):
    study.save("start", 4)
    ran, log = study.run()
    assert ran == {"scale", "halved", "parity"}
    assert "repeats halved: input start changed" in log


def test_an_output_that_was_altered_or_removed_is_made_again(study):
    study.save("scaled", 7)
    study.file("half").unlink()
    ran, log = study.run()
    assert ran == {"scale", "halved"}
    assert "repeats scale: output scaled was altered" in log
    assert "repeats halved: output half is missing" in log
    assert json.loads(study.file("scaled").read_text()) == 6


def test_a_file_that_is_written_again_as_it_was_changes_nothing(study):
    study.save("start", 3)
    assert study.run()[0] == set()


def test_a_folder_that_a_parameter_names_counts(study, tmp_path):
    (tmp_path / "weights").mkdir()
    study.weights = str(tmp_path / "weights")
    study.run()
    (tmp_path / "weights" / "resnet.safetensors").write_text("new")
    ran, log = study.run()
    assert ran == {"describe"}
    assert "what params:weights names changed" in log


def test_a_folder_inside_the_data_root_that_a_parameter_names_counts(study):
    weights = study.root / "data/weights"
    weights.mkdir()
    (weights / "resnet.safetensors").write_text("old")
    study.weights = str(weights)
    assert study.run()[0] == {"describe"}
    assert study.run()[0] == set()
    (weights / "resnet.safetensors").write_text("newer")
    ran, log = study.run()
    assert ran == {"describe"}
    assert "what params:weights names changed" in log


def test_the_data_root_itself_is_no_input(study):
    study.weights = str(study.root / "data")
    assert study.run()[0] == {"describe"}
    assert study.run()[0] == set()


def test_results_can_be_moved_with_the_scratch_folder_that_a_parameter_names(study, tmp_path):
    study.weights = str(study.root / "data/.scratch")
    assert study.run()[0] == {"describe"}
    (study.root / "data").rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "moved").rename(tmp_path / "elsewhere/data")
    study.root = tmp_path / "elsewhere"
    study.weights = str(study.root / "data/.scratch")
    assert study.run()[0] == set()


def test_reuse_can_be_turned_off(study):
    assert study.run(enabled=False)[0] == {"scale", "halved", "parity", "describe"}
    assert study.run()[0] == set()


def test_another_version_of_a_library_repeats(study):
    file = study.root / "data/.manifests/scale.json"
    manifest = json.loads(file.read_text())
    manifest["conditions"]["libraries"]["python"] = "2.7"
    file.write_text(json.dumps(manifest))
    ran, log = study.run()
    assert ran == {"scale"}
    assert "repeats scale: python 2.7 became 3." in log


def test_a_damaged_manifest_is_as_good_as_none(study):
    (study.root / "data/.manifests/halved.json").write_text("{")
    ran, log = study.run()
    assert ran == {"halved"}
    assert "repeats halved: its manifest cannot be read" in log


def test_a_manifest_names_no_folder_of_the_machine(study):
    for file in (study.root / "data/.manifests").iterdir():
        assert str(study.root) not in file.read_text()


def subtracted(left: int, right: int) -> int:
    return left - right


def test_the_order_of_arguments_and_the_catalogs_entry_count(study, monkeypatch):
    def made_with(*inputs):
        monkeypatch.setattr(Study, "pipeline", Pipeline([Node(subtracted, [*inputs], "left_over", name="subtract")]))
        return study.run()

    study.save("other", 5)
    assert made_with("start", "other")[0] == {"subtract"}
    assert made_with("start", "other")[0] == set()
    ran, log = made_with("other", "start")
    assert ran == {"subtract"}
    assert "the function, or what is fixed in the wiring, changed" in log
    study.save_args = {"indent": 3}
    ran, log = made_with("other", "start")
    assert ran == {"subtract"}
    assert "the catalog's entry left_over changed" in log


def one() -> int:
    return 1


def test_what_is_only_in_memory_is_never_taken_to_be_as_it_was(study, monkeypatch):
    pipeline = Pipeline([Node(one, None, "passing", name="pass"), Node(parity, "passing", "kept", name="keep")])
    monkeypatch.setattr(Study, "pipeline", pipeline)
    study.in_memory = {"passing"}
    assert study.run()[0] == study.run()[0] == {"pass", "keep"}


def edited_meanwhile(monkeypatch):
    parent = os.getpid()
    monkeypatch.setattr("npc_kedro.reuse.ledger.file_states", lambda package: str(os.getpid() == parent))


def test_results_of_code_that_was_edited_meanwhile_are_not_noted(study, monkeypatch):
    edited_meanwhile(monkeypatch)
    monkeypatch.setattr("npc_kedro.reuse.ledger.digests_of", lambda code: {"npc_kedro.other": "edited"})
    study.save("start", 4)
    ran, log = study.run()
    assert ran == {"scale", "halved", "parity"}
    monkeypatch.undo()
    assert "the project's code was edited during the run: the next one repeats scale" in log
    ran, log = study.run()
    assert ran == {"scale", "halved", "parity"}
    assert "repeats scale: source (edited while the node ran) changed" in log
    assert study.run()[0] == set()


def test_an_edit_meanwhile_of_code_that_a_node_does_not_depend_on_costs_nothing(study, monkeypatch):
    edited_meanwhile(monkeypatch)
    study.save("start", 4)
    ran, log = study.run()
    assert ran == {"scale", "halved", "parity"}
    monkeypatch.undo()
    assert "edited" not in log
    assert study.run()[0] == set()


def test_code_that_was_edited_while_it_was_being_loaded_is_not_trusted(study, monkeypatch):
    study.save("start", 4)
    monkeypatch.setattr("npc_kedro.LOADED_AT", 0.0)
    study.run()
    monkeypatch.undo()
    assert study.run()[0] == {"scale", "halved", "parity"}


def test_a_folder_named_without_a_separator_counts(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    study.weights = "weights"
    study.run()
    (tmp_path / "weights" / "resnet.safetensors").write_text("new")
    assert study.run()[0] == {"describe"}


def test_weights_exchanged_during_the_run_are_not_noted_as_those_it_read(study, tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    study.weights = str(tmp_path / "weights")
    write = Entry.write

    def exchanged_first(entry, run):
        (tmp_path / "weights" / "resnet.safetensors").write_text("new")
        write(entry, run)

    monkeypatch.setattr(Entry, "write", exchanged_first)
    assert "describe" in study.run()[0]
    monkeypatch.undo()
    assert study.run()[0] == {"describe"}


@pytest.mark.parametrize("litter", [".DS_Store", "Thumbs.db", "desktop.ini", "._weights.safetensors"])
def test_what_file_managers_leave_in_a_stored_folder_repeats_nothing(tmp_path, litter):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights.safetensors").write_bytes(b"weights")
    place = Place((tmp_path / "model",))
    before = Contents(tmp_path).of(place)
    (tmp_path / "model" / litter).write_bytes(b"seen")
    assert Contents(tmp_path).of(place) == before
    (tmp_path / "model/more.safetensors").write_bytes(b"weights")
    assert Contents(tmp_path).of(place) != before


def test_every_file_of_a_listed_folder_counts(tmp_path):
    place = Place((tmp_path,), listed=True)
    before = Contents(tmp_path).of(place)
    (tmp_path / ".DS_Store").write_bytes(b"seen")  # ingest accounts for it
    assert Contents(tmp_path).of(place) != before


def test_the_tables_of_a_listed_folder_count_by_content(tmp_path):
    place, table, image = Place((tmp_path,), listed=True), tmp_path / "clinical.csv", tmp_path / "dicom" / "1"
    image.parent.mkdir()
    for path in (table, image):
        path.write_text("P1,0\n")
        os.utime(path, ns=(1, 1))
    before = Contents(tmp_path).of(place)
    table.write_text("P1,1\n")
    os.utime(table, ns=(1, 1))  # as a copy that keeps times
    assert Contents(tmp_path).of(place) != before
    table.write_text("P1,0\n")
    os.utime(table, ns=(2, 2))  # saved without a change
    assert Contents(tmp_path).of(place) == before
    os.utime(image, ns=(2, 2))
    assert Contents(tmp_path).of(place) != before
