"""What the rules of series choice may look at. Apart from the reader, so that rules are checked without pydicom."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesFacts:
    """Header values of one image that speak for or against its sequence. Free text: it must not be stored.

    Attributes:
        description: SeriesDescription and SequenceName, parted by ``" | "``.
        image_type: ImageType, values parted by backslashes (FrameType in multi-frame files); ``scanning_sequence``
            likewise.
        contrast_agent: ContrastBolusAgent, or the meanings of the coded agents.
        repetition_time: ms, NaN if unknown; ``echo_time`` likewise.
        body_part: BodyPartExamined.
        time_points: NumberOfTemporalPositions, NaN if unknown.
        protocol: ProtocolName, which some makers give to the examination and not to the series.
    """

    description: str
    image_type: str
    scanning_sequence: str
    contrast_agent: str
    repetition_time: float
    echo_time: float
    protocol: str = ""
    body_part: str = ""
    time_points: float = math.nan


@dataclass(frozen=True)
class ImageTraits:
    """What tells the images of a series apart that lie at one place; infinite where unknown.

    Attributes:
        echo: EchoNumbers; ``echo_time`` in ms, to a tenth.
        time_point: TemporalPositionIdentifier, or TemporalPositionIndex of a frame.
        acquisition: AcquisitionNumber, or FrameAcquisitionNumber.
        inversion_time: ms; ``flip_angle`` in degrees.
        options: a checksum of ScanOptions.
    """

    echo: float = math.inf
    echo_time: float = math.inf
    time_point: float = math.inf
    acquisition: float = math.inf
    inversion_time: float = math.inf
    flip_angle: float = math.inf
    options: float = math.inf


@dataclass(frozen=True)
class ImageLook:
    """What one image says of itself."""

    facts: SeriesFacts
    traits: ImageTraits
