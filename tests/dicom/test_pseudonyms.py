"""Pseudonyms: one patient one key, no key without the secret, files that only their owner reads."""

import csv
import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_kedro.dicom.pseudonyms import (
    Pseudonyms,
    load_pseudonyms,
    normalised_identifier,
    read_key_map,
    write_file_map,
    write_key_map,
)
from npc_kedro.errors import CohortError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("00123", "123"), ("123.0", "123"), ("123.", "123"), (123.0, "123"), (123, "123"), ("123 \0", "123"),
        (" 0 ", "0"), ("000", "0"), ("A007", "A007"), ("1.5", "1.5"), ("1e5", "1e5"), (None, ""), ("\ufeff12", "12"),
        ("../../x", "../../x"), ("\uff10\uff11\uff12", "12"), ("\uff21\uff17", "A7"), ("'00124", "124"), ("' 7 ", "7"),
        ("O'Hara-1", "O'Hara-1"), ("123,0", "123"), ("00123,00", "123"), ("1,000", "1,000"), ("1.000", "1.000"),
        ("123\u200b", "123"), ("\u202d0123\u202c", "123"), ("A\ufeff7", "A7"), ("\u200e 12 \u200f", "12"),
    ],
)  # fmt: skip
def test_bad_input_23_identifiers_are_normalised(written: object, meant: str) -> None:
    assert normalised_identifier(written) == meant


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalised_identifier(text)
    assert normalised_identifier(once) == once


def test_a_pseudonym_is_an_hmac_of_the_identifier() -> None:
    expected = hmac.new(b"k" * 32, b"patient\0" + b"123", hashlib.sha256).hexdigest()[:16]
    assert Pseudonyms(b"k" * 32).patient("00123") == expected


def test_kinds_and_keys_are_kept_apart() -> None:
    one, other = Pseudonyms(b"a" * 16), Pseudonyms(b"b" * 16)
    assert len({one.patient("1.2"), one.series("1.2"), one.study("1.2"), one.file("1.2"), other.patient("1.2")}) == 5


def test_the_key_does_not_show_itself() -> None:
    assert "secret" not in repr(Pseudonyms(b"secretsecretsecret"))


def test_the_simulated_key_is_the_same_everywhere(tmp_path: Path) -> None:
    pseudonyms = load_pseudonyms(simulated=True, key_file=tmp_path / "none" / "key")
    assert pseudonyms == Pseudonyms(hashlib.sha256(b"simulated").digest())
    assert not (tmp_path / "none").exists()


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NPC_PSEUDONYM_KEY", raising=False)
    path = tmp_path / "local" / "pseudonym.key"
    first = load_pseudonyms(simulated=False, key_file=path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_pseudonyms(simulated=False, key_file=path) == first
    assert [entry.name for entry in path.parent.iterdir()] == ["pseudonym.key"]


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPC_PSEUDONYM_KEY", "x" * 32)
    assert load_pseudonyms(simulated=False, key_file=tmp_path / "key") == Pseudonyms(b"x" * 32)
    monkeypatch.setenv("NPC_PSEUDONYM_KEY", "short")
    with pytest.raises(CohortError, match="NPC_PSEUDONYM_KEY holds 5 characters; expected at least 16"):
        load_pseudonyms(simulated=False, key_file=tmp_path / "key")


def test_the_key_map_grows_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    keys = Pseudonyms(b"k" * 16)
    write_key_map(path, {keys.patient("b,1"): "b,1"})
    write_key_map(path, {keys.patient("a"): "a"})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines == ["patient_key,identifier", *sorted([f"{keys.patient('a')},a", f'{keys.patient("b,1")},"b,1"'])]
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_cell_of_the_key_map_is_a_formula(tmp_path: Path) -> None:
    identifiers = dict(enumerate(["=cmd('x')", "-1", "+1", "@x", "'=x", "'7", "a=b", "\tx"]))
    path = tmp_path / "map.csv"
    write_key_map(path, {str(key): identifier for key, identifier in identifiers.items()})
    with path.open(newline="") as file:
        cells = [row[1] for row in csv.reader(file)][1:]
    assert cells == ["'=cmd('x')", "'-1", "'+1", "'@x", "''=x", "''7", "a=b", "'\tx"]
    assert list(read_key_map(path).values()) == list(identifiers.values())
    write_key_map(path, {"9": "b"})
    assert list(read_key_map(path).values()) == [*identifiers.values(), "b"]


@pytest.mark.parametrize(
    "name", ["dicom/Icon\r", "a\rb", "A\r\nB", "\n", '"', 'a,"b"\r', "\udc80\r", "a\u2028b\x1c", ""]
)
@pytest.mark.parametrize("earlier", [False, True])
def test_maps_hold_any_name_that_a_file_or_patient_may_have(tmp_path: Path, name: str, earlier: bool) -> None:
    path = tmp_path / "map.csv"
    entries = {"aa": name, "bb": "dicom/x"}
    write_file_map(path, entries)
    assert list(csv.reader(path.open(encoding="utf-8", errors="surrogateescape", newline="")))[1] == ["aa", name]
    if earlier:  # as maps were written before
        with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("file", "path"), *entries.items()])
    assert read_key_map(path) == entries
    write_file_map(path, {"cc": "dicom/z"})
    assert read_key_map(path) == {**entries, "cc": "dicom/z"}
