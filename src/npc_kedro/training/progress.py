"""A training's position after each finished epoch, on disk, so that a killed training goes on where it was.

Two files are written in turn, so that the last but one position is whole while the last is written. A position counts
once its note, written last, is in place: with the key of what is trained, the epoch and the checksums.
"""

import json
import logging
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load

from npc_kedro.errors import StudyError
from npc_kedro.networks.tensor_file import overwrite

logger = logging.getLogger(__name__)

SPARE = ".spare"
_SLOTS = ("a", "b")


class ProgressError(StudyError):
    """A position could not be stored."""


@dataclass(frozen=True)
class Position:
    """Where a training stands after a finished epoch.

    Attributes:
        epoch: counted from 1.
        tensors: by name.
        about: plain JSON.
    """

    epoch: int
    tensors: Mapping[str, torch.Tensor]
    about: Mapping[str, Any]


class Keeper(Protocol):
    """Keeps the positions of one training."""

    def newest(self) -> Position | None:
        """The last sound position of this very training, None where there is none."""

    def keep(self, position: Position) -> None:
        """Stores a position."""


class NobodyKeeps:
    """Outside a run nothing is kept."""

    def newest(self) -> Position | None:
        """Nothing."""
        return None

    def keep(self, position: Position) -> None:
        """Forgets it."""
        del position


_keeper: Keeper = NobodyKeeps()


def current() -> Keeper:
    """The keeper of the training in hand."""
    return _keeper


@contextmanager
def kept_by(keeper: Keeper) -> Iterator[None]:
    """Installs ``keeper`` for the duration of the block."""
    global _keeper
    before, _keeper = _keeper, keeper
    try:
        yield
    finally:
        _keeper = before


class PositionFiles:
    """The positions of one training in a folder of its own.

    Args:
        folder: made at need; a folder ``.spare`` beside it holds files that other trainings need no more.
        key: hash of all that the training depends on: positions with another key are of another training.
    """

    def __init__(self, folder: Path, *, key: str) -> None:
        self._folder, self._key = folder, key
        self._spare = folder.parent / SPARE
        self._last = ""

    def newest(self) -> Position | None:
        """The last sound position; a damaged one is reported and passed over."""
        notes = {slot: note for slot in _SLOTS if (note := self._note(slot)) is not None}
        for slot in sorted(notes, key=lambda slot: -notes[slot]["epoch"]):
            note = notes[slot]
            if note["key"] != self._key:
                logger.info("a position after epoch %d is of another training: not used", note["epoch"])
                continue
            # Read, not mapped: the file is written over while what came from it is in use.
            content = self._data(slot).read_bytes() if self._data(slot).is_file() else b""
            if zlib.crc32(content) == note["checksum"]:
                self._last = slot
                return Position(note["epoch"], load(content), note["about"])
            logger.warning("the position after epoch %d is damaged: passed over", note["epoch"])
        return None

    def keep(self, position: Position) -> None:
        """Stores a position over the last but one.

        Raises:
            ProgressError: if it cannot be written; the position before it stays whole.
        """
        slot = _SLOTS[self._last == _SLOTS[0]]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._text(slot).unlink(missing_ok=True)
            self._take_spare(slot)
            checksum = overwrite(self._data(slot), position.tensors)
            note = {"key": self._key, "epoch": position.epoch, "checksum": checksum, "about": dict(position.about)}
            _write_note(self._text(slot), json.dumps(note))
        except OSError as error:
            before = position.epoch - 1
            then = (
                f"it goes on after epoch {before}" if before else "no epoch of this training is stored, it begins anew"
            )
            msg = (
                f"the position after epoch {position.epoch} could not be stored ({error.strerror or error}). Free "
                f"space or mend the folder of the results, and run the same command again: {then}"
            )
            raise ProgressError(msg) from error
        self._last = slot

    def forget(self) -> None:
        """The training's results are stored: its positions are needed no more, but their files are, by others."""
        self._spare.mkdir(parents=True, exist_ok=True)
        for slot in _SLOTS:
            self._text(slot).unlink(missing_ok=True)
            if self._data(slot).is_file():
                # Another run on the same results, on another machine perhaps, may be clearing the spare files away.
                with suppress(FileNotFoundError):
                    self._data(slot).replace(self._spare / f"{self._folder.name}.{slot}")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _take_spare(self, slot: str) -> None:
        """A file that has its pages already is quicker to fill than a new one."""
        if self._data(slot).exists() or not self._spare.is_dir():
            return
        for spare in self._spare.iterdir():
            try:
                spare.replace(self._data(slot))
            except FileNotFoundError:
                continue  # another training was quicker
            return

    def _note(self, slot: str) -> dict[str, Any] | None:
        try:
            return _read_note(self._text(slot))
        except FileNotFoundError:
            return None
        except ValueError:
            logger.warning("the note of a position is damaged: passed over")
            return None

    def _data(self, slot: str) -> Path:
        return self._folder / f"{slot}.safetensors"

    def _text(self, slot: str) -> Path:
        return self._folder / f"{slot}.json"


def _write_note(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(f"{zlib.crc32(text.encode()):08x}\n{text}\n", encoding="utf-8")
    partial.replace(path)


def _read_note(path: Path) -> dict[str, Any]:
    checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
    text = text.removesuffix("\n")
    if int(checksum, 16) != zlib.crc32(text.encode()):
        msg = "checksum does not fit"
        raise ValueError(msg)
    note: dict[str, Any] = json.loads(text)
    return note
