"""The page: escaped, self-contained, inconsistent first, and saved whole or not at all."""

import re

import pytest
from kedro.io import DatasetError

from npc_kedro.audit import AuditVerdict, Claim, claims_frame
from npc_kedro.audit.page import audit_page
from npc_kedro.datasets.page import PageDataset

CLAIMS = [
    Claim("Table 1, a", "1", "1", "sum", AuditVerdict.REPRODUCED, "", ("table1:a/n",)),
    Claim("Table 2, <script>alert(1)</script>", '"0.9"', "0.8 & less", "mean", AuditVerdict.INCONSISTENT, "<b>no</b>"),
    Claim("Text, x", "3", "", "", AuditVerdict.NOT_CHECKABLE, "a setting"),
]


@pytest.fixture
def page():
    return audit_page(claims_frame(CLAIMS), source="Made-up <tables>.")


def test_values_are_escaped(page):
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "Made-up &lt;tables&gt;." in page


def test_inconsistent_claims_come_first(page):
    assert re.findall(r'section data-verdict="(\w+)"', page) == ["inconsistent", "reproduced", "not_checkable"]


def test_counts_stand_at_the_top(page):
    counts = re.findall(r'value="(\w+)" checked><span class="count">(\d+)<', page)
    assert counts == [("inconsistent", "1"), ("consistent", "0"), ("reproduced", "1"), ("not_checkable", "1")]


def test_page_needs_nothing_from_elsewhere(page):
    assert not re.search(r'(src|href)="|url\(|@import|https?://', page)


def test_dataset_saves_and_loads(tmp_path, page):
    dataset = PageDataset(filepath=str(tmp_path / "deep" / "page.html"))
    assert not dataset.exists()
    dataset.save(page)
    assert dataset.load() == page
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["page.html"]


def test_what_is_no_page_leaves_the_old_one(tmp_path, page):
    dataset = PageDataset(filepath=str(tmp_path / "page.html"))
    dataset.save(page)
    with pytest.raises(DatasetError, match="begins with <!doctype html>"):
        dataset.save("no page")
    assert dataset.load() == page
