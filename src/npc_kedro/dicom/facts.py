"""What the rules of series choice may look at. Apart from the reader, so that rules are checked without pydicom."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesFacts:
    """Header values of one file that speak for or against its sequence. Free text: it must not be stored.

    Attributes:
        description: SeriesDescription, ProtocolName and SequenceName, parted by ``" | "``.
        image_type: ImageType, values parted by backslashes; ``scanning_sequence`` likewise.
        contrast_agent: ContrastBolusAgent, or the meanings of the coded agents.
        repetition_time: ms, NaN if unknown; ``echo_time`` likewise.
    """

    description: str
    image_type: str
    scanning_sequence: str
    contrast_agent: str
    repetition_time: float
    echo_time: float
