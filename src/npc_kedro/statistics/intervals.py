"""The one form in which an estimate and its confidence interval are handed on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """An estimate with its two-sided confidence interval.

    Attributes:
        estimate: the point estimate, in the unit of the quantity.
        lo: lower bound, same unit.
        hi: upper bound, same unit.
        level: confidence level as a fraction.
        method: name of the method in words, for the table's footnote.
    """

    estimate: float
    lo: float
    hi: float
    level: float
    method: str
