"""What a function reaches of a package's code: followed through imports, blind to comments, silent about the rest."""

import os
import sys
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from npc_kedro.reuse.findings import newest_change
from npc_kedro.reuse.sources import Sources

FILES = {
    "__init__.py": "",
    "nodes.py": """
        from typing import TYPE_CHECKING
        from pack import tools
        from pack.deep import passed_on
        if TYPE_CHECKING:
            from pack.forms import Form
        def train(form: "Form"):
            from pack.loop import run
            return run(tools.scale(passed_on(1)))
        def draw():
            return tools.paint()
    """,
    "tools.py": """
        import numpy as np
        FACTOR = 2
        def scale(x):
            '''Docstring.'''
            return np.float64(FACTOR * x)  # comment
        def paint():
            return "train"
    """,
    "loop.py": """
        from pathlib import Path
        TABLE = Path(__file__).with_name("table.csv")
        def run(x):
            import torch
            return torch.ones(1) * x, TABLE
    """,
    "forms.py": "class Form:\n    def area(self):\n        return 1\n",
    "deep/__init__.py": "from pack.deep.inner import passed_on, other\n",
    "deep/inner.py": "def passed_on(x):\n    return x\ndef other():\n    return 2\n",
    "table.csv": "a,b\n",
}


@pytest.fixture
def pack(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / "pack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        indent = min((len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip()), default=0)
        path.write_text("\n".join(line[indent:] for line in text.splitlines()) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "pack"
    for name in [name for name in sys.modules if name.partition(".")[0] == "pack"]:
        del sys.modules[name]


def kept_at(pack: Path) -> Path:
    return pack.parent / "code.json"


def reached(pack: Path, name: str):
    """What the function reaches, what was found out before being kept; the same as with nothing kept."""
    function = getattr(import_module("pack.nodes"), name)
    sources = Sources("pack", pack, kept=kept_at(pack))
    found = sources.reached_from(function)
    sources.keep()
    assert found == Sources("pack", pack).reached_from(function)
    return found


def after(pack: Path, file: str, old: str, new: str, function: str) -> set[str]:
    """The entries of the function's account that an edit changes."""
    before = reached(pack, function).modules
    text = (pack / file).read_text()
    assert old in text
    (pack / file).write_text(text.replace(old, new))
    now = reached(pack, function).modules
    return {key for key in {*before, *now} if before.get(key) != now.get(key)}


def test_names_are_followed_through_imports_annotations_and_data(pack):
    found = reached(pack, "train")
    assert set(found.modules) == {
        "pack", "pack.nodes", "pack.tools", "pack.loop", "pack.forms", "pack.deep", "pack.deep.inner",
        "pack.loop (table.csv)",
    }  # fmt: skip
    assert found.libraries == {"numpy", "torch"}
    assert set(reached(pack, "draw").modules) == {"pack", "pack.nodes", "pack.tools"}


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("tools.py", "FACTOR = 2", "FACTOR = 3", "pack.tools"),
        ("tools.py", "Docstring.", "Other words.", None),
        ("tools.py", "# comment", "# remark", None),
        ("tools.py", '"train"', '"learn"', None),
        ("loop.py", "* x", "+ x", "pack.loop"),
        ("forms.py", "return 1", "return 4", "pack.forms"),
        ("deep/inner.py", "return x", "return -x", "pack.deep.inner"),
        ("deep/inner.py", "return 2", "return 3", None),
        ("table.csv", "a,b", "a,c", "pack.loop (table.csv)"),
        ("nodes.py", "tools.paint()", "tools.paint() * 2", None),
    ],
)
def test_what_an_edit_changes(pack, file, old, new, changed):
    assert after(pack, file, old, new, "train") == (set() if changed is None else {changed})


# What a function may depend on otherwise than by a name that it mentions: code of the function's module, of a module
# beside it, and an edit of one of the two.
ROUNDABOUT = {
    "a lambda": ("train = lambda x: x + 1", "", "nodes.py", "x + 1", "x + 2"),
    "a dotted import": (
        "import pack.b\ndef train():\n    return pack.b.h()", "def h():\n    return 1", "b.py", "1", "2",
    ),
    "a star": ("from pack.b import *\ndef train():\n    return h()", "def h():\n    return 1", "b.py", "1", "2"),
    "a local import of a name that the module has": (
        "def h():\n    return 0\ndef train():\n    from pack.b import h\n    return h()",
        "def h():\n    return 1", "b.py", "1", "2",
    ),
    "an import that may fail": (
        "try:\n    from pack.b import h\nexcept ImportError:\n    h = None\ndef train():\n    return h()",
        "def h():\n    return 1", "b.py", "1", "2",
    ),
    "an import under with": (
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import pack.b as b\n"
        "def train():\n    return b.h()",
        "def h():\n    return 1", "b.py", "1", "2",
    ),
    "an annotation in quotes beside texts that are no code": (
        "from typing import Annotated, Literal\ndef train(x: Annotated[int, 'in mm; or less'], "
        "y: Literal['a b'] = 'a b', *, z: 'b.H' = 1):\n    from pack import b",
        "class H:\n    X = 1", "b.py", "1", "2",
    ),
    "a condition": (
        "from pack.b import LIMIT\nif LIMIT > 2:\n    V = 1\nelse:\n    V = 2\ndef train():\n    return V",
        "LIMIT = 3", "b.py", "3", "1",
    ),
    "a module named in a text": (
        'from importlib import import_module\ndef train():\n    return import_module("pack.b").h()',
        "def h():\n    return 1", "b.py", "1", "2",
    ),
    "a register that another module fills": (
        "from pack.register import KNOWN\nimport pack.b\ndef train():\n    return KNOWN['h']()",
        "from pack.register import known\n@known\ndef h():\n    return 1", "b.py", "1", "2",
    ),
    "what is set from outside": (
        "from pack import b\nb.X = 5\ndef train():\n    return b.h()",
        "X = 1\ndef h():\n    return X", "nodes.py", "5", "6",
    ),
    "what a package does when it is imported": (
        "from pack.side.inner import k\ndef train():\n    return k()",
        "def h():\n    return 1", "side/__init__.py", "2", "3",
    ),
    "a file in a folder below": (
        "from pathlib import Path\ndef train():\n    return (Path(__file__).parent / 'below/t.csv').read_text()",
        "", "below/t.csv", "1", "2",
    ),
    "a file by importlib": (
        "from importlib import resources\ndef train():\n    return resources.files('pack') / 'below/t.csv'",
        "", "below/t.csv", "1", "2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", ROUNDABOUT)
def test_what_is_reached_in_a_roundabout_way(pack, how):
    nodes, beside, file, old, new = ROUNDABOUT[how]
    written = {
        "nodes.py": nodes, "b.py": beside, "below/t.csv": "1",
        "register.py": "KNOWN = {}\ndef known(f):\n    KNOWN[f.__name__] = f\n    return f",
        "side/__init__.py": "import pack.b as b\nb.h = lambda: 2", "side/inner.py": "def k():\n    return 1",
    }  # fmt: skip
    for name, text in written.items():
        (pack / name).parent.mkdir(exist_ok=True)
        (pack / name).write_text(text + "\n")
    assert after(pack, file, old, new, "train")


def test_unchanged_code_is_read_once(pack, monkeypatch):
    found = reached(pack, "train")
    monkeypatch.setattr("ast.parse", None)
    assert Sources("pack", pack, kept=kept_at(pack)).reached_from(import_module("pack.nodes").train) == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"state": "of another day", "found": []}', "\N{NULL}"])
def test_what_was_kept_of_other_code_or_is_damaged_counts_for_nothing(pack, text):
    found = reached(pack, "train")
    kept_at(pack).write_text(text)
    assert reached(pack, "train") == found
    for damage in (-3, None):  # cut; and whole, with a letter changed
        kept_at(pack).write_text(kept_at(pack).read_text().replace("pack.loop", "pack.lope", 1)[:damage])
        assert reached(pack, "train") == found


def test_what_was_found_while_the_code_was_edited_is_not_kept(pack):
    sources = Sources("pack", pack, kept=kept_at(pack))
    (pack / "tools.py").write_text((pack / "tools.py").read_text().replace("FACTOR = 2", "FACTOR = 3"))
    sources.reached_from(import_module("pack.nodes").train)
    sources.keep()
    assert not kept_at(pack).exists()


def test_two_runs_that_keep_at_the_same_moment_do_not_disturb_each_other(pack, monkeypatch):
    import npc_kedro.reuse.findings as findings

    function = import_module("pack.nodes").train
    first, second = (Sources("pack", pack, kept=kept_at(pack)) for _ in range(2))
    found = [sources.reached_from(function) for sources in (first, second)]
    replacing_file = findings.replacing_file

    @contextmanager
    def interrupted(path):
        with replacing_file(path) as partial:
            monkeypatch.setattr(findings, "replacing_file", replacing_file)
            yield partial
            second.keep()  # takes the partial file away

    monkeypatch.setattr(findings, "replacing_file", interrupted)
    first.keep()
    assert Sources("pack", pack, kept=kept_at(pack)).reached_from(function) == found[0] == found[1]


def test_when_the_code_last_changed_is_told_by_the_system(pack):
    """The time of the last edit may be copied with a file, or lie in the future."""
    before = time.time()
    (pack / "tools.py").write_text("FACTOR = 3\n")
    for edited in (0.0, before + 86_400.0):
        os.utime(pack / "tools.py", (edited, edited))
        assert before - 1 < newest_change(pack) <= time.time()


def test_functions_of_other_packages_count_as_libraries(pack):
    found = Sources("pack", pack).reached_from(sys.modules["json"].dumps, Path)
    assert found.modules == {}
    assert found.libraries == set()


def test_every_node_of_the_study_can_be_read():
    import npc_kedro
    from npc_kedro.pipeline_registry import register_pipelines

    sources = Sources("npc_kedro", Path(npc_kedro.__file__).parent)
    reach = {node.name: sources.reached_from(node.func) for node in register_pipelines()["__default__"].nodes}
    training = reach["train_classifiers.ccrt.resnet50.image.train"]
    assert "npc_kedro.training.bags" in training.modules
    assert {"torch", "timm"} <= training.libraries
    assert "npc_kedro.training.segmentation_table" not in reach["segment.unet.train"].modules
    assert "npc_kedro.training.segmentation_loop" not in reach["segment.choose_segmenter"].modules
    assert "npc_kedro.simulation.anatomy (anatomy.csv)" in reach["simulate_cohort.simulate"].modules
