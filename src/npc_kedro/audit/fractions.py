"""Which whole numbers over a denominator round to a printed rate, and which denominators have any."""

import math
from collections.abc import Iterable

from npc_kedro.audit.printed import FLOAT_SLACK, Printed


def counts_giving(rate: Printed, denominator: int) -> list[int]:
    """The counts k with k / ``denominator`` printed as ``rate``."""
    slack = FLOAT_SLACK * denominator
    first = max(0, math.ceil(rate.low * denominator - slack))
    last = min(denominator, math.floor(rate.high * denominator + slack))
    return list(range(first, last + 1))


def allowed_denominators(rate: Printed, largest: int) -> list[int]:
    """The denominators from 1 to ``largest`` over which some count gives ``rate``."""
    return [n for n in range(1, largest + 1) if counts_giving(rate, n)]


def common_denominators(rates: Iterable[Printed], largest: int) -> list[int]:
    """The denominators over which all of ``rates`` are counts."""
    rates = list(rates)
    return [n for n in range(1, largest + 1) if all(counts_giving(rate, n) for rate in rates)]


def nearest_fraction(rate: Printed, denominator: int) -> str:
    """The nearest count over ``denominator``, with its value: ``27/32 = 0.8438``."""
    nearest = min(max(round(rate.value * denominator), 0), denominator)
    return f"{nearest}/{denominator} = {nearest / denominator:.4f}"


def denominators_text(numbers: list[int], most: int = 8) -> str:
    """Denominators for a reader: ``15, 30`` or ``none``."""
    if not numbers:
        return "none"
    shown = ", ".join(map(str, numbers[:most]))
    return shown + (f", ... ({len(numbers)} in all)" if len(numbers) > most else "")
