"""Known identifiers do not reach a log handler, in whatever part of a record they stand."""

import io
import logging
import time
import traceback

import pytest

from npc_kedro.dicom.privacy import IdentifierFilter, redacting
from npc_kedro.errors import CohortError


def test_whole_words_only_and_whatever_the_case() -> None:
    guard = IdentifierFilter(["ID77", "Doe^Jane", "12"])
    assert guard.redact("id77, ID778, DOE^JANE, Jane, doe and 12 slices") == (
        "[redacted], ID778, [redacted], [redacted], [redacted] and 12 slices"
    )


def test_identifiers_with_special_characters() -> None:
    assert (
        IdentifierFilter(["a.c", "\u738b\u82b3\u82b3"]).redact("abc a.c \u738b\u82b3\u82b3")
        == "abc [redacted] [redacted]"
    )


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("患者王芳已读", "患者[redacted]已读"), ("王小芳的MR", "[redacted]的MR"),
        ("/d/ZY001_T1/im0", "/d/[redacted]_T1/im0"),
        ("x_zy001.dcm", "x_[redacted].dcm"), ("xZY001", "xZY001"), ("Jane_Doe", "[redacted]_[redacted]"),
        ("MU\u0308LLER", "[redacted]"), ("M\u00fcller", "[redacted]"), ("E\u0301mile", "[redacted]"),
        ("Mu\u0308llerin", "Mu\u0308llerin"),
    ],
)  # fmt: skip
def test_names_inside_chinese_text_beside_underscores_and_in_parted_accents(text: str, redacted: str) -> None:
    guard = IdentifierFilter(["王芳", "王小芳", "ZY001", "Doe^Jane", "M\u00fcller", "E\u0301mile", "Al"])
    assert guard.redact(text) == redacted


def test_thousands_of_identifiers_are_sought_quickly() -> None:
    guard = IdentifierFilter(f"P{number:06d}" for number in range(5000))
    started = time.monotonic()
    assert guard.redact("a line of the log that names nobody; " * 300).count("redacted") == 0
    assert time.monotonic() - started < 1


def test_messages_arguments_and_tracebacks_of_any_logger() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        with redacting(["SECRET1"]) as guard:
            guard.add(["SECRET2"])
            logging.getLogger("some.library").warning("file of %s", "SECRET1")
            try:
                raise ValueError("SECRET2 again")
            except ValueError:
                logging.getLogger("other").exception("failed")
        logging.getLogger("some.library").warning("after SECRET3")
        assert handler.filters == []
    finally:
        logging.getLogger().removeHandler(handler)
    written = stream.getvalue()
    assert "file of [redacted]" in written
    assert "ValueError: [redacted] again" in written
    assert "SECRET1" not in written
    assert "SECRET2" not in written


def test_exceptions_lose_identifiers_and_file_names() -> None:
    def open_secret() -> None:
        try:
            open("/nowhere/SECRET5/scan")  # noqa: PTH123, SIM115
        except OSError as error:
            raise RuntimeError("about SECRET4") from error

    with pytest.raises(RuntimeError) as caught, redacting(["SECRET4"]):
        open_secret()
    told = "".join(traceback.format_exception(caught.value))
    assert "about [redacted]" in told
    assert "No such file or directory: '[redacted]'" in told
    assert "SECRET5/scan'" not in told.replace('open("/nowhere/SECRET5/scan")', "")


def test_running_numbers_as_identifiers_do_not_black_out_the_programs_counts() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        with redacting([*map(str, range(1, 1200)), "0105", "12001", "ZY001"]):
            logging.getLogger("npc_kedro.ingest").warning("%d patients in 1100 files, rows %s", 105, "300, 301")
            logging.getLogger("npc_kedro.ingest").warning("at /d/105/im0, 106_T1, DOE^107, 0105, 12001 of ZY001")
            logging.getLogger("pydicom").warning("element of 105")
            try:
                raise ValueError("patient 106 failed")
            except ValueError:
                logging.getLogger("npc_kedro.ingest").exception("failed")
    finally:
        logging.getLogger().removeHandler(handler)
    lines = stream.getvalue().splitlines()
    hidden = "[redacted]"
    assert lines[0] == "105 patients in 1100 files, rows 300, 301"
    assert lines[1] == f"at /d/{hidden}/im0, {hidden}_T1, DOE^{hidden}, {hidden}, {hidden} of {hidden}"
    assert lines[2] == f"element of {hidden}"
    assert f"ValueError: patient {hidden} failed" in lines


@pytest.mark.parametrize(("error", "told"), [(CohortError, "row 105: no"), (ValueError, "row [redacted]: no")])
def test_rows_stay_in_the_programs_own_errors(error: type[Exception], told: str) -> None:
    with pytest.raises(error) as caught, redacting(["105"]):
        raise error("row 105: no")
    assert str(caught.value) == told
