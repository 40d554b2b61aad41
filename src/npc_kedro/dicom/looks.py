"""What the images of a file say of their sequence, their echo and their time: in enhanced files frame by frame."""

from collections.abc import Sequence
from dataclasses import fields, replace
from math import inf, isfinite, isnan
from typing import Any, TypeVar
from zlib import crc32

from npc_kedro.dicom.facts import ImageLook, ImageTraits, SeriesFacts
from npc_kedro.dicom.frames import find_in_groups, functional_groups
from npc_kedro.dicom.plain import PlainHeader, understood_once
from npc_kedro.dicom.tags import number, text

_NOT_MAGNITUDE = ("PHASE", "REAL", "IMAGINARY")
_PULSE_SEQUENCES = {"SPIN": "SE", "GRADIENT": "GR", "BOTH": "GR"}
"""EchoPulseSequence of enhanced files, as ScanningSequence has it."""

_CONVERTED = ("UnassignedPerFrameConvertedAttributesSequence", "UnassignedSharedConvertedAttributesSequence")
"""Where Legacy Converted files keep what their single-frame files said and no functional group has a place for."""

Said = TypeVar("Said", SeriesFacts, ImageTraits)


def read_looks(dataset: Any) -> tuple[ImageLook, ...]:
    """One look for all images of the file, or one for each frame."""
    look = ImageLook(_facts(dataset), _traits(dataset))
    groups = () if isinstance(dataset, PlainHeader) else functional_groups(dataset)
    if groups and not look.facts.scanning_sequence:
        pulses = _PULSE_SEQUENCES.get(text(dataset, "EchoPulseSequence"), "")
        look = replace(look, facts=replace(look.facts, scanning_sequence=pulses))
    looks = tuple(_frame_look(places, _with_converted(look, places)) for places in groups)
    return looks if len(set(looks)) > 1 else looks[:1] or (look,)


@understood_once(
    *("SpecificCharacterSet", "SeriesDescription", "ProtocolName", "SequenceName", "ImageType", "ScanningSequence"),
    *("ContrastBolusAgent", "RepetitionTime", "EchoTime", "BodyPartExamined", "NumberOfTemporalPositions"),
)
def _facts(dataset: Any) -> SeriesFacts:
    agents = [text(item, "CodeMeaning") for item in dataset.get("ContrastBolusAgentSequence") or ()]
    described = (text(dataset, keyword) for keyword in ("SeriesDescription", "SequenceName"))
    return SeriesFacts(
        description=" | ".join(part for part in described if part),
        image_type=text(dataset, "ImageType"),
        scanning_sequence=text(dataset, "ScanningSequence"),
        contrast_agent=" ".join(part for part in [text(dataset, "ContrastBolusAgent"), *agents] if part),
        repetition_time=number(dataset, "RepetitionTime"),
        echo_time=number(dataset, "EchoTime"),
        protocol=text(dataset, "ProtocolName"),
        body_part=text(dataset, "BodyPartExamined"),
        time_points=number(dataset, "NumberOfTemporalPositions"),
    )


@understood_once(
    *("EchoNumbers", "EchoTime", "TemporalPositionIdentifier", "AcquisitionNumber"),
    *("InversionTime", "FlipAngle", "ScanOptions"),
)
def _traits(dataset: Any) -> ImageTraits:
    return ImageTraits(
        echo=_known(dataset, "EchoNumbers"),
        echo_time=round(_known(dataset, "EchoTime"), 1),
        time_point=_known(dataset, "TemporalPositionIdentifier"),
        acquisition=_known(dataset, "AcquisitionNumber"),
        inversion_time=_known(dataset, "InversionTime"),
        flip_angle=_known(dataset, "FlipAngle"),
        options=float(crc32(options.encode())) if (options := text(dataset, "ScanOptions")) else inf,
    )


def _with_converted(look: ImageLook, places: Sequence[Any]) -> ImageLook:
    """The look with what a frame's single-frame file said besides (DICOM PS3.3, C.7.6.16.2.25)."""
    for place in filter(None, places):
        for sequence in _CONVERTED:
            for said in (place.get(sequence) or ())[:1]:
                look = ImageLook(_filled(look.facts, _facts(said)), _filled(look.traits, _traits(said)))
    return look


def _filled(known: Said, more: Said) -> Said:
    """What is known, and where that is nothing, what else is said."""
    names = [one.name for one in fields(known)]
    return replace(known, **{name: getattr(more, name) for name in names if _says_nothing(getattr(known, name))})


def _says_nothing(value: str | float) -> bool:
    return not value if isinstance(value, str) else not isfinite(value)


def _frame_look(places: Sequence[Any], whole: ImageLook) -> ImageLook:
    """What a frame says, where its groups say nothing what its file does."""
    facts, traits = whole.facts, whole.traits
    kind = text(find_in_groups(places, "MRImageFrameTypeSequence", "FrameType"), "FrameType")
    component = find_in_groups(places, "MRImageFrameTypeSequence", "ComplexImageComponent")
    part = text(component, "ComplexImageComponent")
    parts = (kind or facts.image_type, part if part in _NOT_MAGNITUDE else "")
    echo_time = number(find_in_groups(places, "MREchoSequence", "EffectiveEchoTime"), "EffectiveEchoTime")
    timing = find_in_groups(places, "MRTimingAndRelatedParametersSequence", "RepetitionTime")
    repetition_time = number(timing, "RepetitionTime")
    time_point = number(
        find_in_groups(places, "FrameContentSequence", "TemporalPositionIndex"), "TemporalPositionIndex"
    )
    acquisition = find_in_groups(places, "FrameContentSequence", "FrameAcquisitionNumber")
    acquired = number(acquisition, "FrameAcquisitionNumber")
    flip_angle = number(timing, "FlipAngle")
    return ImageLook(
        replace(
            facts,
            image_type="\\".join(part for part in parts if part),
            contrast_agent=facts.contrast_agent if _agent_given(places) else "",
            repetition_time=facts.repetition_time if isnan(repetition_time) else repetition_time,
            echo_time=facts.echo_time if isnan(echo_time) else echo_time,
        ),
        replace(
            traits,
            echo_time=traits.echo_time if isnan(echo_time) else round(echo_time, 1),
            time_point=traits.time_point if isnan(time_point) else time_point,
            acquisition=traits.acquisition if isnan(acquired) else acquired,
            flip_angle=traits.flip_angle if isnan(flip_angle) else flip_angle,
        ),
    )


def _agent_given(places: Sequence[Any]) -> bool:
    """Whether any agent had been given by the time of a frame, as far as its groups say."""
    found = (place.get("ContrastBolusUsageSequence") for place in places if place is not None)
    usage = next(filter(None, found), ())
    said = [text(agent, "ContrastBolusAgentAdministered") for agent in usage]
    return not said or any(given != "NO" for given in said)


def _known(dataset: Any, keyword: str) -> float:
    value = number(dataset, keyword)
    return inf if isnan(value) else value
