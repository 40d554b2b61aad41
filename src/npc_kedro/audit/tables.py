"""Published tables as values: every printed number with its address and its rounding interval."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from npc_kedro.audit.printed import Printed
from npc_kedro.study import Arm, Cohort, Outcome, Unit

AVERAGE = "average"
"""The name of the rows of Table 2 that average over the networks."""


@dataclass(frozen=True)
class Table1Row:
    """A line of Table 1: count and percentage, or mean and standard deviation; None where not printed."""

    n: Printed | None
    percent: Printed | None
    mean: Printed | None
    sd: Printed | None


@dataclass(frozen=True)
class PatientGroup:
    """Patients of one arm, cohort and outcome."""

    arm: Arm
    cohort: Cohort
    outcome: Outcome

    def __str__(self) -> str:
        return f"{self.arm.value} {self.cohort.value} {self.outcome.value}"


@dataclass(frozen=True)
class Table2Row:
    """A line of Table 2; None where not printed."""

    acc: Printed | None
    se: Printed | None
    sp: Printed | None
    auc: Printed | None
    auc_lo: Printed | None
    auc_hi: Printed | None


@dataclass(frozen=True)
class DecisionRow:
    """A line of Table 3 or of the 16-cell table. ``words`` holds its columns as text, ``name`` addresses it."""

    name: str
    ccrt_model_pred: Outcome
    ic_model_pred: Outcome
    physician_arm: Arm
    actual_effect: Outcome
    cases: Printed | None
    words: Mapping[str, str]

    def address(self, table: str, column: str) -> str:
        """The cell of one of its columns."""
        return f"{table}:{self.name}/{column}"


@dataclass(frozen=True)
class HeadlineRow:
    """A number of the running text; ``printed`` is free text."""

    key: str
    printed: str
    ci_lo: Printed | None
    ci_hi: Printed | None

    @property
    def cell(self) -> str:
        """Its address."""
        return f"headline:{self.key}"


@dataclass(frozen=True)
class PublishedTables:
    """Everything that was read; ``absent`` says what was not there and ``ignored`` which rows have unknown words."""

    table1: Mapping[tuple[PatientGroup, str, str], Table1Row] = field(default_factory=dict)
    table1_pvalues: Mapping[tuple[str, str], Printed] = field(default_factory=dict)
    table2: Mapping[tuple[Arm, Unit, str], Table2Row] = field(default_factory=dict)
    table3: tuple[DecisionRow, ...] = ()
    decision_table_16: tuple[DecisionRow, ...] = ()
    headline: Mapping[str, HeadlineRow] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def patients(self, arm: Arm, cohort: Cohort, outcome: Outcome) -> Printed | None:
        """The printed number of patients of a group."""
        row = self.table1.get((PatientGroup(arm, cohort, outcome), "patients", "all"))
        return None if row is None else row.n

    def levels(self, variable: str) -> tuple[str, ...]:
        """The levels of a counted variable, in the table's order; empty for one with means."""
        found = {level: None for (_, name, level), row in self.table1.items() if name == variable and row.n and level}
        return tuple(found)

    def counted_variables(self) -> tuple[str, ...]:
        """Variables with levels, without the patients themselves."""
        names = {name: None for (_, name, level) in self.table1 if level and name != "patients"}
        return tuple(names)

    def networks(self, arm: Arm, unit: Unit) -> dict[str, Table2Row]:
        """The networks' lines of one arm and unit, without the averages."""
        return {
            name: row for (of, kind, name), row in self.table2.items() if of is arm and kind is unit and name != AVERAGE
        }
