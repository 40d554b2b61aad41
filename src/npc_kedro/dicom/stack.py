"""The images of a series that make its stack of slices: parallel, one at each place, all of one kind.

A series may hold several images at one place: echoes, time points, before and after contrast agent. Slices of a mixture
would be of no use, so that what tells the images apart is looked for, trait by trait, and one group is used throughout.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from statistics import median_low
from typing import Any

import numpy as np

from npc_kedro.dicom.entries import Entry, Look
from npc_kedro.dicom.geometry import SAME_PLACE_MM, SliceGeometry, common_normal
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.rules import SeriesRules, judge

Refusals = dict[str, tuple[RejectReason, str]]
"""File pseudonym to reason and detail."""

_OTHER_ECHO = 1.5
"""Images whose echo times differ by more than this factor show different contrasts."""

FEWEST_LEFT = 3
"""Fewer images, where the rules exclude most of a series, are no series of their own."""


@dataclass(eq=False, slots=True)
class Image:
    """One image of a series.

    Attributes:
        entry: its file; ``rank`` orders the files of the series.
        number: of the frame in the file, from 0.
        look: what it says of itself.
        rules: names of the rules that apply.
        along: its place on the series' normal, mm.
        place: the same for images at one place.
    """

    entry: Entry
    rank: int
    number: int
    look: Look
    rules: frozenset[str]
    along: float = 0.0
    place: int = 0

    @property
    def geometry(self) -> SliceGeometry:
        """Its grid."""
        return self.entry.geometries[self.number]

    @property
    def seconds(self) -> float:
        """Time of day at which its file was acquired; infinite if unknown."""
        return self.entry.order[1]

    @property
    def order(self) -> tuple[Any, ...]:
        """Decides between images that no trait tells apart."""
        return *self.entry.order, self.rank, self.number


@dataclass(frozen=True)
class Stack:
    """The slices of a series, one at each place.

    Attributes:
        normal: unit vector across them.
        used: the images, in no order of place.
        refusals: files that give none.
        frames: of multi-frame files that give some of their frames, or may as spares, the numbers of these.
        left_out: how many frames such files have besides.
        spares: files at places that are taken, to the file that has the first of them.
        chosen_by: traits by which the images were chosen where several lie at one place.
        ties: places at which nothing tells the images apart.
    """

    normal: np.ndarray
    used: tuple[Image, ...]
    refusals: Refusals = field(default_factory=dict)
    frames: dict[str, tuple[int, ...]] = field(default_factory=dict)
    left_out: int = 0
    spares: dict[str, str] = field(default_factory=dict)
    chosen_by: tuple[str, ...] = ()
    ties: int = 0

    @property
    def is_dynamic(self) -> bool:
        """Whether it was taken several times, one after the other: the first time is before the agent."""
        return not {_TIME_POINT, _ACQUISITION}.isdisjoint(self.chosen_by)

    @property
    def is_arbitrary(self) -> bool:
        """Whether which image is used would be chance at half of the places or more."""
        return self.ties > 1 and 2 * self.ties >= len(self.used)


def _last_first(number: float) -> float:
    """A rank by which the last comes first, since the first may be before the agent; behind all what has no number."""
    return -number if isfinite(number) else inf


_TIME_POINT, _ACQUISITION = "TemporalPositionIdentifier", "AcquisitionNumber"

_TRAITS: dict[str, Callable[[Image], Any]] = {
    "the rules": lambda image: image.rules,
    "ImageType": lambda image: image.look.image_type,
    "SeriesDescription": lambda image: image.entry.origin.description,
    "Rows, Columns and PixelSpacing": lambda image: (image.geometry.shape, image.geometry.spacing),
    "FrameOfReferenceUID": lambda image: image.entry.origin.frame_of_reference,
    "EchoNumbers": lambda image: image.look.traits.echo,
    "EchoTime": lambda image: image.look.traits.echo_time,
    "InversionTime": lambda image: image.look.traits.inversion_time,
    "FlipAngle": lambda image: image.look.traits.flip_angle,
    "ScanOptions": lambda image: image.look.traits.options,
    _TIME_POINT: lambda image: _last_first(image.look.traits.time_point),
    _ACQUISITION: lambda image: _last_first(image.look.traits.acquisition),
}
"""What may tell images at one place apart, in the order in which it is looked at."""

_OF_KINDS = frozenset({"the rules", "ImageType", _TIME_POINT})
"""Traits that tell kinds of images apart; in any other the parts of a series may differ, as those of a long neck."""

_DYNAMIC = 3
"""So many images or more at most places are a dynamic series."""


def stacked(members: Sequence[Entry], rules_of: Callable[[Entry, Look], frozenset[str]], rules: SeriesRules) -> Stack:
    """The stack of a series.

    Args:
        members: its files.
        rules_of: names of the rules that apply to an image.
        rules: says which of them remove single images, and what is axial.
    """
    images = [
        Image(entry, rank, number, look, rules_of(entry, look))
        for rank, entry in enumerate(sorted(members, key=lambda entry: entry.order))
        for number, look in enumerate(_looks(entry))
    ]
    wanted = _not_excluded(images, rules)
    normal = stack_normal([image.geometry for image in wanted], rules.max_tilt_degrees)
    account = _Account()
    if len(wanted) < len(images):
        _refuse_excluded(account, images, wanted, rules)
    parallel = _placed(wanted, normal, account)
    if len({image.place for image in parallel}) < len(parallel):
        parallel = _one_kind(parallel, rules, account)
    alike = _of_one_contrast(parallel, rules, account)
    return account.closed(normal, members, list(_first_at_each_place(alike, account)))


def stack_normal(geometries: Sequence[SliceGeometry], max_tilt_degrees: float) -> np.ndarray:
    """The normal of most slices; of axial ones, if at least half as many as those are axial."""
    normal = common_normal(geometries)
    tilted = {one: _tilt(one) > max_tilt_degrees for one in {geometry.orientation: geometry for geometry in geometries}}
    if not any(tilted.values()) or all(tilted.values()):
        return normal
    axial = common_normal([geometry for geometry in geometries if not tilted[geometry.orientation]])
    return axial if 2 * _parallel_to(axial, geometries) >= _parallel_to(normal, geometries) else normal


def _tilt(orientation: tuple[float, ...]) -> float:
    return SliceGeometry((0.0, 0.0, 0.0), orientation, (1.0, 1.0), (1, 1)).tilt_degrees  # type: ignore[arg-type]


def _parallel_to(normal: np.ndarray, geometries: Iterable[SliceGeometry]) -> int:
    by_orientation: dict[tuple[float, ...], list[SliceGeometry]] = defaultdict(list)
    for geometry in geometries:
        by_orientation[geometry.orientation].append(geometry)
    return sum(len(alike) for alike in by_orientation.values() if alike[0].is_parallel_to(normal))


def _looks(entry: Entry) -> Sequence[Look]:
    return entry.looks if len(entry.looks) == len(entry.geometries) else entry.looks[:1] * len(entry.geometries)


@dataclass(frozen=True)
class _Account:
    """Why images are left out; the first reason counts."""

    left: dict[str, tuple[RejectReason, str]] = field(default_factory=dict)
    spares: dict[str, str] = field(default_factory=dict)
    spare_numbers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    chosen_by: list[str] = field(default_factory=list)
    ties: list[int] = field(default_factory=list)

    def leave(self, image: Image, reason: RejectReason, detail: str = "") -> None:
        """Notes why an image is left out; that another lies at its place says more than anything else."""
        if reason is RejectReason.REPEATED_POSITION or image.entry.file not in self.left:
            self.left[image.entry.file] = (reason, detail or reason.meaning)

    def keep_as_spare(self, image: Image, first: Image) -> None:
        """Notes that an image may stand in for the one that has its place."""
        self.leave(image, RejectReason.REPEATED_POSITION)
        self.spares.setdefault(image.entry.file, first.entry.file)
        self.spare_numbers[image.entry.file].append(image.number)

    def closed(self, normal: np.ndarray, members: Sequence[Entry], used: Sequence[Image]) -> Stack:
        """The stack of the images that are left."""
        numbers: dict[str, list[int]] = defaultdict(list)
        for image in used:
            numbers[image.entry.file].append(image.number)
        refusals = {entry.file: self.left[entry.file] for entry in members if entry.file not in numbers}
        spares = {file: self.spares[file] for file in self.spares.keys() & refusals.keys()}
        given = numbers | {file: self.spare_numbers[file] for file in spares}
        partly = [entry for entry in members if 0 < len(given.get(entry.file, ())) < len(entry.geometries)]
        return Stack(
            normal=normal,
            used=tuple(used),
            refusals=refusals,
            frames={entry.file: tuple(sorted(given[entry.file])) for entry in partly},
            left_out=sum(len(entry.geometries) - len(given[entry.file]) for entry in partly if entry.file in numbers),
            spares=spares,
            chosen_by=tuple(self.chosen_by),
            ties=len(self.ties),
        )


def _not_excluded(images: Sequence[Image], rules: SeriesRules) -> Sequence[Image]:
    """The images that no rule removes; all, if these are so few that the rules mean the whole series."""
    wanted = [image for image in images if not image.rules & rules.image_exclusions]
    few = len(wanted) < FEWEST_LEFT and 2 * len(wanted) <= len(images)
    return images if few else wanted


def _refuse_excluded(account: _Account, images: Sequence[Image], wanted: Collection[Image], rules: SeriesRules) -> None:
    left = {id(image) for image in wanted}
    for image in images:
        if id(image) not in left:
            names = [rule.name for rule in rules.exclude if rule.name in image.rules & rules.image_exclusions]
            account.leave(image, RejectReason.EXCLUDED_BY_RULE, ", ".join(names))


def _placed(images: Iterable[Image], normal: np.ndarray, account: _Account) -> list[Image]:
    """The images across ``normal``, told where they lie."""
    parallel: dict[tuple[float, ...], bool] = {}
    placed: list[Image] = []
    places: dict[int, int] = {}
    for image in images:
        geometry = image.geometry
        if geometry.orientation not in parallel:
            parallel[geometry.orientation] = geometry.is_parallel_to(normal)
        if not parallel[geometry.orientation]:
            account.leave(image, RejectReason.OTHER_ORIENTATION)
            continue
        image.along = geometry.position_along(normal)
        place = round(image.along / SAME_PLACE_MM)
        image.place = next((places[near] for near in (place, place - 1, place + 1) if near in places), place)
        places.setdefault(image.place, image.place)
        placed.append(image)
    return placed


def _of_one_contrast(images: list[Image], rules: SeriesRules, account: _Account) -> list[Image]:
    """The images that are what is sought, if most are, and of these those of about one echo time, wherever they lie."""
    sought = {names: judge(Counter([names]), 0.0, rules).reason is None for names in {image.rules for image in images}}
    kept = [image for image in images if sought[image.rules]]
    if 2 * len(kept) < len(images):
        kept = images
    times = [image.look.traits.echo_time for image in kept if isfinite(image.look.traits.echo_time)]
    typical = median_low(times) if times else inf
    kept = [image for image in kept if not _is_other_echo(image.look.traits.echo_time, typical)]
    left = {id(image) for image in kept}
    for image in images:
        if id(image) not in left:
            account.leave(image, RejectReason.OTHER_KIND)
    return kept


def _is_other_echo(echo_time: float, typical: float) -> bool:
    known = isfinite(echo_time) and isfinite(typical)
    return known and not typical / _OTHER_ECHO <= echo_time <= typical * _OTHER_ECHO


def _by_place(images: Iterable[Image]) -> dict[int, list[Image]]:
    at: dict[int, list[Image]] = defaultdict(list)
    for image in images:
        at[image.place].append(image)
    return at


def _one_kind(images: list[Image], rules: SeriesRules, account: _Account) -> list[Image]:
    """The images of one group, as far as a trait tells groups apart at one place at least."""
    for name, trait in _TRAITS.items():
        repeated = [together for together in _by_place(images).values() if len(together) > 1]
        if not repeated:
            break
        if all(len({trait(image) for image in together}) == 1 for together in repeated):
            continue
        images, others = _one_group(images, trait, rules, may_continue=name not in _OF_KINDS)
        detail = f"images of several kinds lie at the same places; by {name}, another kind is used"
        for image in others:
            account.leave(image, RejectReason.REPEATED_POSITION, detail)
        account.chosen_by.append(name)
    return images


def _one_group(
    images: Sequence[Image], trait: Callable[[Image], Any], rules: SeriesRules, *, may_continue: bool
) -> tuple[list[Image], list[Image]]:
    """The images of the best group with those of groups that continue it elsewhere, if any may, and the others.

    Best is what covers at least half as many places as any other and has the most points, then what is about complete,
    then the lowest number, then the first. A group that lies mostly where the slices are taken is another kind of the
    same slices and is left out as a whole; any other, as the upper half of a neck scanned in two parts, is joined.
    """
    groups: dict[Any, list[Image]] = defaultdict(list)
    for image in images:
        groups[trait(image)].append(image)
    places = {value: {image.place for image in group} for value, group in groups.items()}
    most = max(map(len, places.values()))

    def rank(value: Any) -> tuple[Any, ...]:
        covered, group = len(places[value]), groups[value]
        points = max(rules.points_of(image.rules) for image in group)
        by_number = value if isinstance(value, int | float) else 0
        return 2 * covered < most, -points, 5 * covered < 4 * most, by_number, min(image.order for image in group)

    used: list[Image] = []
    others: list[Image] = []
    taken: set[int] = set()
    for value in sorted(groups, key=rank):
        shared = len(places[value] & taken)
        joined = not taken or (may_continue and 2 * shared < min(len(places[value]), len(taken)))
        for image in groups[value]:
            (used if joined and image.place not in taken else others).append(image)
        if joined:
            taken |= places[value]
    return sorted(used, key=lambda image: image.order), others


def _first_at_each_place(images: Iterable[Image], account: _Account) -> Iterator[Image]:
    by_place = _by_place(images)
    repeated = [together for together in by_place.values() if len(together) > 1]
    many = 2 * sum(len(together) >= _DYNAMIC for together in repeated) >= len(by_place)  # the first is before the agent
    mixed = bool(repeated) and (many or not (_in_runs(repeated) or _in_time(repeated)))
    for place, (first, *more) in by_place.items():
        for image in more:
            account.keep_as_spare(image, first)
        alike = any(image.entry.order == first.entry.order and image.rank != first.rank for image in more)
        if alike or (mixed and more):
            account.ties.append(place)
        yield first


def _in_runs(repeated: Sequence[list[Image]]) -> bool:
    """Whether the first images of all places were numbered before all others: one run through the slices, then more.

    A number that stands at two places is of two runs.
    """
    last_of_first = max(first.order for first, *_ in repeated)
    numbers = {id(first.entry): first.entry.order[0] for first, *_ in repeated}
    of_one_run = len(set(numbers.values())) == len(numbers)
    return of_one_run and all(last_of_first < image.order for _, *more in repeated for image in more)


def _in_time(repeated: Sequence[list[Image]]) -> bool:
    """Whether the first image of every place was taken before the others there, as far as their times tell."""
    return all(first.seconds < image.seconds for first, *more in repeated for image in more)


def days_of(used: Iterable[Image]) -> Counter[int]:
    """The days that the files in use bear, with their counts."""
    days = {image.entry.file: image.entry.origin.day for image in used}
    return Counter(day for day in days.values() if day is not None)
