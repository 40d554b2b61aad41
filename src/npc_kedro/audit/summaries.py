"""Means and standard deviations of subgroups, put together, and the t tests that rounded summaries allow."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from npc_kedro.audit.printed import Interval, Printed
from npc_kedro.errors import StatisticsError
from npc_kedro.statistics.contingency import TestResult


@dataclass(frozen=True)
class Summary:
    """A printed mean and standard deviation of ``n`` patients."""

    n: Printed
    mean: Printed
    sd: Printed


def combined(parts: Sequence[tuple[int, float, float]]) -> tuple[int, float, float]:
    """Size, mean and standard deviation (n - 1) of groups put together, from each group's own.

    Raises:
        StatisticsError: if fewer than two cases come together.
    """
    size = sum(n for n, _, _ in parts)
    if size < 2:
        msg = f"{size} cases have no standard deviation; a t test needs at least two on either side"
        raise StatisticsError(msg)
    mean = sum(n * m for n, m, _ in parts) / size
    squares = sum((n - 1) * sd**2 + n * (m - mean) ** 2 for n, m, sd in parts if n)
    return size, mean, math.sqrt(squares / (size - 1))


def t_test_range(test: Callable[..., TestResult], first: Sequence[Summary], second: Sequence[Summary]) -> Interval:
    """Every P value that the t test can have while all means and deviations round to what is printed.

    The statistic is monotone in each number over a box as small as a rounding interval, so its extremes lie at the two
    corners that the signs of its partial differences point to.

    Raises:
        StatisticsError: as the test does.
    """
    sides = (list(first), list(second))
    numbers = [number for side in sides for part in side for number in (part.mean, part.sd)]
    is_sd = [kind == 1 for side in sides for _ in side for kind in (0, 1)]
    lows = [max(number.low, 0.0) if sd else number.low for number, sd in zip(numbers, is_sd, strict=True)]
    highs = [number.high for number in numbers]
    centre = [number.value for number in numbers]

    def at(values: Sequence[float]) -> TestResult:
        pairs = iter(zip(values[::2], values[1::2], strict=True))
        (n_a, mean_a, sd_a), (n_b, mean_b, sd_b) = (
            combined([(part.n.count, *next(pairs)) for part in side]) for side in sides
        )
        return test(mean_a=mean_a, sd_a=sd_a, n_a=n_a, mean_b=mean_b, sd_b=sd_b, n_b=n_b)

    rising = []
    for i in range(len(numbers)):
        up, down = list(centre), list(centre)
        up[i], down[i] = highs[i], lows[i]
        rising.append(at(up).statistic >= at(down).statistic)
    largest = at([high if up else low for low, high, up in zip(lows, highs, rising, strict=True)])
    smallest = at([low if up else high for low, high, up in zip(lows, highs, rising, strict=True)])
    ps = [largest.p, smallest.p, at(centre).p]
    touches_zero = smallest.statistic <= 0 <= largest.statistic
    return Interval(min(ps), 1.0 if touches_zero else max(ps))
