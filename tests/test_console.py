"""The log on a terminal and in a file."""

import logging
import sys

import pytest
from kedro.logging import RichHandler

from npc_kedro.console import unfold_log


@pytest.fixture
def logger() -> logging.Logger:
    """As Kedro makes it."""
    made = logging.Logger("npc_kedro", logging.INFO)
    made.addHandler(RichHandler(rich_tracebacks=True, show_path=False))
    return made


def test_what_goes_to_a_file_has_a_line_for_each_message(logger, capsys):
    logger.handlers[0].addFilter(lambda record: "secret" not in record.getMessage())
    unfold_log(logger)
    long = "ingest.survey_files " * 20
    logger.info(long)
    logger.info("secret")  # filters go along
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(f"INFO     {long}")


def test_a_terminal_keeps_its_colours(logger, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    unfold_log(logger)
    assert isinstance(logger.handlers[0], RichHandler)
