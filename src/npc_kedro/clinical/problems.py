"""Everything wrong with a table, in one message, with row and column."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from npc_kedro.clinical.showing import shown
from npc_kedro.dicom.privacy import IdentifierFilter
from npc_kedro.errors import CohortError

_SHOWN_PROBLEMS = 100
_REPEATED = 3
"""The same said of more rows of one column is said once."""
_NAMED_ROWS = 5
_SHIFTED_ROW = 3
"""A row with so many cells that cannot be understood has probably slipped by a column: a name may stand anywhere."""


@dataclass(frozen=True)
class _Problem:
    row: int
    column: str
    what: str
    value: str | None = None
    vocabulary: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Row and column, as far as the problem has them."""
        parts = (f"row {self.row}" if self.row else "", f"column {self.column}" if self.column else "")
        return ", ".join(filter(None, parts))


@dataclass
class Problems:
    """Collects what cannot be understood.

    Cells are shown as they stand if that is harmless, so that a misspelling is understood at once; but no identifier,
    name or date, nothing that may be one (:mod:`npc_kedro.clinical.showing`), and no cell of a row that seems to have
    slipped.
    """

    file: str
    guard: IdentifierFilter = field(default_factory=IdentifierFilter)
    found: list[_Problem] = field(default_factory=list)

    def keep_private(self, texts: Iterable[str]) -> None:
        """Learns texts that no message may show."""
        self.guard.add(texts)

    def add(
        self, row: int, column: str, what: str, *, value: str | None = None, vocabulary: Iterable[str] = ()
    ) -> None:
        """One problem in one cell.

        Args:
            row: number of the row.
            column: name of the column.
            what: what is wrong.
            value: what the cell holds, if it helps to know.
            vocabulary: the words that the column may hold: whatever is not close to them is not shown.
        """
        self.found.append(_Problem(row, column, what, value, tuple(vocabulary)))

    def add_row(self, row: int, what: str) -> None:
        """A problem of a whole row."""
        self.found.append(_Problem(row, "", what))

    def add_column(self, column: str, what: str) -> None:
        """A problem of a whole column."""
        self.found.append(_Problem(0, column, what))

    def require_none(self) -> None:
        """Passes if nothing was found.

        Raises:
            CohortError: listing everything, in the order of rows.
        """
        if not self.found:
            return
        odd = Counter(problem.row for problem in self.found if problem.value is not None)
        told = [
            (problem, self._told(problem, shifted=odd[problem.row] >= _SHIFTED_ROW))
            for problem in sorted(self.found, key=lambda problem: problem.row)
        ]
        listed = [f"{problem.where}: {what}" for problem, what in told]
        gathered = list(_gathered(told))
        shown = [line for line, _ in gathered[:_SHOWN_PROBLEMS]]
        rest = sum(count for _, count in gathered[_SHOWN_PROBLEMS:])
        more = [f"... and {rest} more; the pipeline preflight writes all of them to preflight.csv"] if rest else []
        msg = f"{self.file} has {len(listed)} problems; correct them, or map spellings in ingest.clinical.values:"
        raise CohortError("\n- ".join([msg, *shown, *more]), everything="\n- ".join([msg, *listed]))

    def _told(self, problem: _Problem, *, shifted: bool) -> str:
        if problem.value is None:
            return problem.what
        if shifted:
            return f"not understood; {problem.what} (has the row slipped by a column?)"
        private = self.guard.redact(problem.value) != problem.value
        cell = "a private text" if private else shown(problem.value, problem.vocabulary)
        return f"{cell}; {problem.what}"


def _gathered(told: Sequence[tuple[_Problem, str]]) -> Iterator[tuple[str, int]]:
    """A line for each problem and 1, or, for one that many rows share, a line that counts them and their number."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for problem, what in told:
        rows[problem.column, what].append(problem.row)
    said: set[tuple[str, str]] = set()
    for problem, what in told:
        alike = rows[problem.column, what]
        if len(alike) <= _REPEATED:
            yield f"{problem.where}: {what}", 1
        elif (problem.column, what) not in said:
            said.add((problem.column, what))
            named = ", ".join(map(str, alike[:_NAMED_ROWS]))
            others = f" and {len(alike) - _NAMED_ROWS} more" if len(alike) > _NAMED_ROWS else ""
            column = f", column {problem.column}" if problem.column else ""
            yield f"rows {named}{others}{column}: {what}", len(alike)
