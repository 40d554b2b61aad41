"""Everything wrong with a table, in one message, with row and column."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from npc_kedro.clinical.showing import shown
from npc_kedro.dicom.privacy import IdentifierFilter
from npc_kedro.errors import CohortError

_SHOWN_PROBLEMS = 100
_SHIFTED_ROW = 3
"""A row with so many cells that cannot be understood has probably slipped by a column: a name may stand anywhere."""


@dataclass(frozen=True)
class _Problem:
    row: int
    where: str
    what: str
    value: str | None = None
    vocabulary: tuple[str, ...] = ()


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
        self.found.append(_Problem(row, f"row {row}, column {column}", what, value, tuple(vocabulary)))

    def add_row(self, row: int, what: str) -> None:
        """A problem of a whole row."""
        self.found.append(_Problem(row, f"row {row}", what))

    def add_column(self, column: str, what: str) -> None:
        """A problem of a whole column."""
        self.found.append(_Problem(0, f"column {column}", what))

    def require_none(self) -> None:
        """Passes if nothing was found.

        Raises:
            CohortError: listing everything, in the order of rows.
        """
        if not self.found:
            return
        odd = Counter(problem.row for problem in self.found if problem.value is not None)
        listed = [
            self._sentence(problem, shifted=odd[problem.row] >= _SHIFTED_ROW)
            for problem in sorted(self.found, key=lambda problem: problem.row)
        ]
        shown = listed[:_SHOWN_PROBLEMS]
        rest = len(listed) - len(shown)
        more = [f"... and {rest} more; the pipeline preflight writes all of them to preflight.csv"] if rest else []
        msg = f"{self.file} has {len(listed)} problems; correct them, or map spellings in ingest.clinical.values:"
        raise CohortError("\n- ".join([msg, *shown, *more]), everything="\n- ".join([msg, *listed]))

    def _sentence(self, problem: _Problem, *, shifted: bool) -> str:
        if problem.value is None:
            return f"{problem.where}: {problem.what}"
        if shifted:
            return f"{problem.where}: not understood; {problem.what} (has the row slipped by a column?)"
        private = self.guard.redact(problem.value) != problem.value
        cell = "a private text" if private else shown(problem.value, problem.vocabulary)
        return f"{problem.where}: {cell}; {problem.what}"
