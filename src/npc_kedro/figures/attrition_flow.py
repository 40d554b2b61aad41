"""Who and what was left out, step by step: a flow diagram as STROBE asks for."""

import textwrap
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from npc_kedro.errors import ConsistencyError
from npc_kedro.figures.canvas import Arrow, Axis, Box, Figure, Ink, Mark, Note, Panel
from npc_kedro.figures.palette import BLUE, FRAME, GREY
from npc_kedro.figures.tables import require

_WIDTH, _MAIN, _SIDE = 7.0, (0.1, 3.0), (3.75, 6.9)
_LINE_IN, _PAD_IN, _GAP_IN, _EDGE_IN = 0.125, 0.1, 0.17, 0.03
_HEAD_IN, _APART_IN = 0.22, 0.12
_SIDE_LETTERS, _MAIN_LETTERS = 52, 50
_SPELLED = {"t1": "T1", "dicom": "DICOM", "mr": "MR", "nifti": "NIfTI"}
_MAIN_INK, _SIDE_INK = Ink(BLUE, width=0.9), Ink(GREY, "dash", width=0.8)


@dataclass(frozen=True)
class Step:
    """One step of the study: what came in, what went on, what was left out for which reasons, remarks on the rest."""

    name: str
    unit: str
    entered: int
    used: int
    reasons: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()

    @property
    def excluded(self) -> int:
        """How many went no further."""
        return self.entered - self.used


@dataclass(frozen=True)
class _Place:
    """Where a step's boxes lie, in inches from the lower edge: the main box's top, both boxes' heights."""

    top: float
    main: float
    side: float

    @property
    def middle(self) -> float:
        return self.top - self.main / 2


def attrition_flow(attrition: pd.DataFrame, *, simulated: bool) -> Figure:
    """A chain of boxes for each unit, a box for each step, with a side box for what the step left out, by reason.

    Args:
        attrition: ``step``, ``unit``, ``entered``, ``used``, ``excluded``, ``reason``; a row per step and reason, in
            the order of the study. Rows of one step repeat its ``entered`` and ``used``, or count down row by row.
            Rows that exclude nothing may hold a remark as reason ("note: ...", "none: ..."); it stands in the main box.
        simulated: whether the cohort is simulated.

    Raises:
        ConsistencyError: the exclusions of a step do not make up the difference between what entered and what was used.
    """
    steps = steps_of(attrition)
    chains = [[step for step in steps if step.unit == unit] for unit in _units(steps)]
    height = 2 * _EDGE_IN + sum(_chain_height(chain) for chain in chains) + _APART_IN * (len(chains) - 1)
    marks: list[Mark] = []
    top = height - _EDGE_IN
    for chain in chains:
        marks += _draw_chain(chain, top)
        top -= _chain_height(chain) + _APART_IN
    frame = {"visible": False, "grid": False}
    panel = Panel(0, 0, tuple(marks), x=Axis(limits=(0.0, _WIDTH), **frame), y=Axis(limits=(0.0, height), **frame))
    return Figure(
        name="attrition_flow",
        title="From the folder to the analysis: what was used and what was left out",
        panels=(panel,),
        caption="Solid boxes: what entered a step and went on. Dashed boxes: what the step left out, by reason. "
        "Each unit has a chain of its own; every one that entered is used or left out for one reason.",
        simulated=simulated,
        height_in=height,
    )


def steps_of(attrition: pd.DataFrame) -> list[Step]:
    """The table's steps in order of appearance; see :func:`attrition_flow` for columns and errors."""
    require(attrition, ["step", "unit", "entered", "used", "excluded", "reason"], "attrition")
    steps = []
    for (name, unit), rows in attrition.groupby(["step", "unit"], sort=False):
        counts = rows[rows["excluded"] > 0]
        reasons = counts.assign(reason=counts["reason"].fillna("").replace("", "no reason given"))
        sums = reasons.groupby("reason", sort=False)["excluded"].sum()
        step = Step(
            str(name),
            str(unit),
            int(rows["entered"].max()),
            int(rows["used"].min()),
            tuple((str(reason), int(count)) for reason, count in sums.items()),
            tuple(_remark(reason) for reason in rows.loc[rows["excluded"] == 0, "reason"].dropna() if reason),
        )
        if step.excluded != sum(count for _, count in step.reasons):
            msg = (
                f"Attrition step {step.name!r} ({step.unit}): {step.entered} entered and {step.used} were used, but "
                f"the exclusions sum to {sum(count for _, count in step.reasons)}; expected {step.excluded}. "
                "Count every exclusion once, with its reason."
            )
            raise ConsistencyError(msg)
        steps.append(step)
    return steps


def _units(steps: list[Step]) -> list[str]:
    """Patients first, the others in order of appearance."""
    units = list(dict.fromkeys(step.unit for step in steps))
    return sorted(units, key=lambda unit: (unit != "patients", units.index(unit)))


def _box_heights(step: Step) -> tuple[float, float]:
    """Heights of the main box and of the side box, 0 where there is none."""
    main = _PAD_IN + _LINE_IN * (1 + _main_text(step).count("\n"))
    side = _PAD_IN + _LINE_IN * (1 + _side_text(step).count("\n")) if step.excluded else 0.0
    return main, side


def _chain_height(chain: list[Step]) -> float:
    return _HEAD_IN + sum(max(_box_heights(step)) for step in chain) + _GAP_IN * (len(chain) - 1)


def _draw_chain(chain: list[Step], top: float) -> list[Mark]:
    """One unit's steps from ``top`` downwards, under the unit's name."""
    unit = chain[0].unit
    marks: list[Mark] = [
        Note(_MAIN[0], top - _HEAD_IN / 2, f"{unit[:1].upper()}{unit[1:]}", align="left", size=7.5, bold=True)
    ]
    places, y = [], top - _HEAD_IN
    for step in chain:
        main, side = _box_heights(step)
        places.append(_Place(y - (max(main, side) - main) / 2, main, side))
        y -= max(main, side) + _GAP_IN
    for step, place in zip(chain, places, strict=True):
        marks.append(Box(*_MAIN, place.top - place.main, place.top, _MAIN_INK, _main_text(step), heading=True))
        if step.excluded:
            low, high = place.middle - place.side / 2, place.middle + place.side / 2
            marks.append(Arrow(_MAIN[1], place.middle, _SIDE[0], place.middle, FRAME))
            marks.append(Box(*_SIDE, low, high, _SIDE_INK, _side_text(step), "left", heading=True))
    centre = sum(_MAIN) / 2
    for (before, above), (step, below) in pairwise(zip(chain, places, strict=True)):
        # A step that takes in another number than the one before let through is a branch, not a continuation.
        if before.used == step.entered:
            marks.append(Arrow(centre, above.top - above.main, centre, below.top, FRAME))
    return marks


def _main_text(step: Step) -> str:
    name = _words(step.name)
    went_on = f"{step.entered:,} entered, {step.used:,} used" if step.excluded else f"all {step.used:,} used"
    lines = [f"{name[:1].upper()}{name[1:]}", f"{step.unit}: {went_on}"]
    for note in step.notes:
        lines += textwrap.wrap(note, _MAIN_LETTERS)
    return "\n".join(lines)


def _side_text(step: Step) -> str:
    lines = [f"Excluded: {step.excluded:,} of {step.entered:,} {step.unit}"]
    for reason, count in step.reasons:
        lines += textwrap.wrap(f"{count:,}  {_words(reason)}", _SIDE_LETTERS, subsequent_indent="      ")
    return "\n".join(lines)


def _words(code: str) -> str:
    """A code as words: ``no_t1_evidence`` -> ``no T1 evidence``."""
    return " ".join(_SPELLED.get(word, word) for word in code.replace("_", " ").split(" "))


def _remark(reason: str) -> str:
    """A row's remark without the mark that it excludes nobody."""
    return _words(str(reason).removeprefix("note: ").removeprefix("none: "))
