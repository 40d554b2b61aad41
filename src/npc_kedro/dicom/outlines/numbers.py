"""The numbers that join names with contours or frames: with wrong ones the body could become the tumour."""

from collections import Counter
from collections.abc import Collection, Sequence

from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError


def own_numbers(numbers: Sequence[int | None], *, of: str) -> list[int]:
    """The numbers of structures of which each has one of its own.

    Args:
        numbers: of the ROIs or segments; None where it is missing or none.
        of: what they are, in words.

    Raises:
        TagError: with the numbers.
    """
    given = [number for number in numbers if number is not None]
    if len(given) < len(numbers):
        _refuse(f"{len(numbers) - len(given)} of {len(numbers)} {of} have no number")
    repeated = sorted(number for number, count in Counter(given).items() if count > 1)
    if repeated:
        _refuse(f"several of {len(numbers)} {of} have the same number {_listed(repeated)}")
    return given


def require_listed(numbers: Collection[int | None], listed: Collection[int | None], *, of: str) -> None:
    """Passes contours whose numbers are those of listed ROIs.

    Args:
        numbers: what the contours name; None where they name nothing.
        listed: the numbers that there are.
        of: what has them, in words.

    Raises:
        TagError: with the numbers.
    """
    if None in numbers:
        _refuse(f"contours without the number of one of {len(listed)} {of}")
    unlisted = sorted(number for number in set(numbers) - set(listed) if number is not None)
    if unlisted:
        _refuse(f"contours of number {_listed(unlisted)}, which none of {len(listed)} {of} has")


def _refuse(found: str) -> None:
    detail = f"{found}; expected a number of its own for each, so that names and contours can be joined"
    raise TagError(RejectReason.OUTLINE_NUMBERS, detail)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:8]))
