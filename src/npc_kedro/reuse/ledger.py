"""The account of what is already there: which nodes of a run need not run, and why the others must."""

import logging
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import npc_kedro
from npc_kedro.reuse.conditions import PACKAGE, Code, Conditioner, digests_of, listings
from npc_kedro.reuse.findings import file_states, newest_change
from npc_kedro.reuse.manifest import Conditions, Manifest, differences
from npc_kedro.reuse.stored import Contents, Place

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)

FOLDER = ".manifests"
POSITIONS = "06_models/.progress"
"""Where trainings under way keep their positions."""

_EDITED = "(edited while the node ran)"
_SPARE = ".spare"
_FINDINGS = ".code.json"


@dataclass(frozen=True)
class Verdict:
    """Whether a node's stored outputs are what running it again would give.

    Attributes:
        reuse: whether they are.
        reasons: why not, in words; [] where the node never ran here.
        run: the MLflow run in which they were made.
    """

    reuse: bool
    reasons: list[str]
    run: str = ""


@dataclass(frozen=True)
class Entry:
    """What a worker needs to note that it has run a node; worked out before the node starts.

    Attributes:
        path: of the manifest.
        root: the data root.
        conditions: what the outputs will have been made from.
        outputs: where they will be.
        named: files and folders that parameters may name.
        state: of the package's files when the run began, "" where they had been edited already.
        code: what leads to the node's own.
        afresh: whether a training must not go on from a position that it kept before.
    """

    path: Path
    root: Path
    conditions: Conditions
    outputs: dict[str, Place]
    named: dict[str, Path]
    state: str
    code: Code
    afresh: bool = False

    @property
    def positions(self) -> Path:
        """The folder for the node's positions, if it is a training."""
        return self.root / POSITIONS / self.path.stem

    def write(self, run: str) -> None:
        """Notes that all outputs are stored; not if their code was edited since the run began: which made them?"""
        if self._is_edited():
            logger.warning("the project's code was edited during the run: the next one repeats %s", self.path.stem)
            sources = {**self.conditions.sources, _EDITED: ""}
            Manifest(replace(self.conditions, sources=sources), {}, run).write(self.path)
            return
        # A node may itself create what a parameter names: the key of the pseudonyms.
        conditions = replace(self.conditions, named=listings(self.named) | self.conditions.named)
        contents = Contents(self.root)
        found = {name: contents.of(place) for name, place in self.outputs.items()}
        stored = {name: content for name, content in found.items() if content is not None}
        Manifest(conditions, stored, run).write(self.path)

    def _is_edited(self) -> bool:
        """Whether what the node depends on of the package may not be what was loaded."""
        if self.state == file_states(PACKAGE):
            return False
        return not self.state or digests_of(self.code) != self.conditions.sources


class Ledger:
    """Compares nodes with their manifests.

    Args:
        root: the data root; manifests lie in a folder of it.
        catalog: of the run.
        nodes: of the run; their code is looked at now, while it is what was loaded.
        enabled: whether anything may be reused; manifests are written in any case.
    """

    def __init__(self, root: Path, catalog: Any, nodes: Iterable["Node"], *, enabled: bool = True) -> None:
        self._root, self._enabled = root, enabled
        self._contents = Contents(root)
        self._conditioner = Conditioner(catalog, contents=self._contents, root=root, kept=root / FOLDER / _FINDINGS)
        before = file_states(PACKAGE) if newest_change(PACKAGE) < npc_kedro.LOADED_AT else ""
        for node in nodes:
            self._conditioner.reached(node)
        self._state = before if before == file_states(PACKAGE) else ""

    def judge(self, node: "Node") -> tuple[Verdict, Entry | None]:
        """Whether the node can be left out, and what to note if not; None where something is in memory only."""
        places = {name: self._conditioner.place(name) for name in node.outputs}
        outputs = {name: place for name, place in places.items() if place is not None}
        if len(outputs) < len(places) or not self._conditioner.knows_inputs(node):
            return Verdict(False, []), None
        conditions, named = self._conditioner.of(node)
        path = self._root / FOLDER / f"{node.name}.json"
        code = self._conditioner.code_of(node)
        entry = Entry(path, self._root, conditions, outputs, named, self._state, code, afresh=not self._enabled)
        if not self._enabled:
            return Verdict(False, ["reuse is off"]), entry
        manifest = Manifest.read(entry.path)
        if manifest is None:
            return Verdict(False, ["its manifest cannot be read"] if entry.path.exists() else []), entry
        for content in manifest.outputs.values():
            self._contents.remember(content)
        reasons = differences(manifest.conditions, entry.conditions) + self._altered(manifest, outputs)
        return Verdict(not reasons, reasons, manifest.run), entry

    def learn(self, entry: Entry) -> None:
        """Takes over what a worker noted, so that its outputs need not be read again as inputs of others."""
        self._contents.forget_listings()
        manifest = Manifest.read(entry.path)
        for content in manifest.outputs.values() if manifest is not None else ():
            self._contents.remember(content)

    def clear_up(self) -> None:
        """All nodes have run: what their trainings needed on the way goes, what was found out about the code stays."""
        self._conditioner.keep()
        positions = self._root / POSITIONS
        shutil.rmtree(positions / _SPARE, ignore_errors=True)
        with suppress(OSError):  # not empty: trainings of another run on the same results keep their positions there
            positions.rmdir()

    def _altered(self, manifest: Manifest, outputs: dict[str, Place]) -> Iterable[str]:
        reasons = []
        for name, place in outputs.items():
            found, noted = self._contents.of(place), manifest.outputs.get(name)
            if found is None:
                reasons.append(f"output {name} is missing")
            elif noted is None or found.digest != noted.digest:
                reasons.append(f"output {name} was altered")
        return reasons
