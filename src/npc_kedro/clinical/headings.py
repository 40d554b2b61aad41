"""Which heading of the clinical table means which item, and what to say where one is not to be found."""

from collections.abc import Iterable, Sequence

from npc_kedro.clinical.dates import DATE_COLUMNS
from npc_kedro.clinical.mapping import COLUMNS, ClinicalMapping, simplified
from npc_kedro.clinical.problems import Problems
from npc_kedro.clinical.showing import shown
from npc_kedro.clinical.spreadsheet import Sheet
from npc_kedro.errors import CohortError

_MEND = "name yours in ingest.clinical.columns, or rename it in the file"
_GUESSED = "; if headings look garbled, name the file's encoding in ingest.clinical.encoding"


def read_headings(sheet: Sheet, mapping: ClinicalMapping, problems: Problems) -> dict[str, int]:
    """Item to the place of its column, from 0.

    Args:
        sheet: the table.
        mapping: knows the names that the columns may have.
        problems: takes what is missing, or there twice.

    Raises:
        CohortError: if no heading is known at all: nothing else can then be checked.
    """
    written = [str(name) for name in sheet.cells.columns]
    if not sheet.headings_known:
        raise CohortError(_unknown(written, sheet.heading_row, mapping, problems.file))
    headings = [simplified(name) for name in written]
    known = {simplified(name) for name in mapping.headings()}
    unread = [name for name, heading in zip(written, headings, strict=True) if heading not in known]
    found: dict[str, int] = {}
    for column in (*COLUMNS, *DATE_COLUMNS):
        names = mapping.names(column)
        wanted = {simplified(name) for name in names}
        places = [place for place, heading in enumerate(headings) if heading in wanted]
        if len(places) == 1:
            found[column] = places[0]
        elif places:
            doubled = ", ".join(written[place] for place in places)
            problems.add_column(
                column, f"{len(places)} headings could be it: {doubled}; keep one, or rename the others"
            )
        elif column in COLUMNS:
            like = _resembling(unread, names)
            hint = f" (it has {', '.join(like)}, though)" if like else ""
            what = f"row {sheet.heading_row} has no such heading{hint}; expected one of {', '.join(names)}; {_MEND}"
            what += "" if all(heading.isascii() for heading in written) else _GUESSED
            problems.add_column(column, what)
    return found


def _unknown(written: Sequence[str], row: int, mapping: ClinicalMapping, file: str) -> str:
    names = [name for column in COLUMNS for name in mapping.names(column)]
    like = _resembling(written, names)
    hint = f" (row {row} has {', '.join(like)}, though)" if like else ""
    listed = "\n- ".join(f"column {column}: looked for {', '.join(mapping.names(column))}" for column in COLUMNS)
    return (
        f"{file} has no heading that is known in its first ten rows{hint}; expected one row that holds a heading for "
        f"each of these columns; name yours in ingest.clinical.columns, or rename them in the file:\n- {listed}"
    )


def _resembling(headings: Iterable[str], names: Sequence[str]) -> list[str]:
    """The headings, in quotes, that are close to one of the names; a digit may be a patient's."""
    plain = (heading for heading in headings if sum(sign.isalpha() for sign in heading) > 1)
    return [
        told
        for heading in plain
        if not any(sign.isdigit() for sign in heading) and (told := shown(heading, names))[0] in "'\""
    ]
