"""What is told of an outline that is used all the same."""

from pathlib import Path

import pydicom
import pytest
from omegaconf import OmegaConf

from mini_dicom import MiniSeries
from npc_kedro.dicom.outlines.doubts import Doubt, doubts_of
from npc_kedro.dicom.outlines.rtstruct import lay_structure_set, read_structure_set
from npc_kedro.dicom.outlines.rules import OutlineRules
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError
from outline_objects import KEYS, contour_in, rtstruct, target_of

SERIES = MiniSeries("P1", shape=(20, 16))
SHIPPED = OmegaConf.load(Path(__file__).parents[3] / "conf/base/ingest/parameters.yml")["ingest"]["outlines"]
RULES = OutlineRules.model_validate(OmegaConf.to_container(SHIPPED, resolve=True)).structures


def box(top: float, left: float, bottom: float, right: float) -> list[tuple[float, float]]:
    return [(top, left), (top, right), (bottom, right), (bottom, left)]


def place(index: int, points: list[tuple[float, float]]) -> tuple[int, object]:
    return index, contour_in(SERIES, index, points)


PRIMARY, ELSEWHERE = box(2, 3, 8, 9), box(11, 3, 15, 9)


def doubts(dataset: pydicom.Dataset) -> list[Doubt]:
    target = target_of([SERIES.dataset(index) for index in range(SERIES.slices)])
    laid = lay_structure_set(read_structure_set(dataset, KEYS), target, RULES, strict=False)
    return list(doubts_of(laid, laid.planes))


@pytest.mark.parametrize(
    "name",
    ["Neck tumor", "LN level III", "GTVnx-nd", "GTV Zhang", "淋巴引流", "nodes_5mm", "Tumorrest",
     "Ganglion trigeminale", "GTVp_old", "adenoid", "III节"],
)  # fmt: skip
def test_a_drawn_structure_whose_name_speaks_of_tumour_or_nodes_is_not_left_out_in_silence(name: str) -> None:
    dataset = rtstruct(SERIES, {"GTVp": [place(1, PRIMARY)], name: [place(2, ELSEWHERE)]})
    dataset.SpecificCharacterSet = "ISO_IR 192"
    (doubt,) = doubts(dataset)
    assert "drawn but not used, though the name speaks of tumour or nodes: ROIs or segments 2 (of 2" in doubt.found
    assert name not in doubt.found
    assert "ingest.outlines.structures" in doubt.remedy


@pytest.mark.parametrize("name", ["Brainstem", "PTV_GTV", "CTV nodes", "颞颌关节", "Parotid_L", "Basal ganglia"])
def test_organs_and_target_volumes_are_left_out_in_silence(name: str) -> None:
    dataset = rtstruct(SERIES, {"GTVp": [place(1, PRIMARY)], name: [place(2, ELSEWHERE)], "GTVn": []})
    dataset.SpecificCharacterSet = "ISO_IR 192"
    assert doubts(dataset) == []


def test_a_structure_in_which_nothing_is_drawn_is_left_out_in_silence() -> None:
    assert doubts(rtstruct(SERIES, {"GTVp": [place(1, PRIMARY)], "GTV Zhang": []})) == []


@pytest.mark.parametrize(
    ("drawn", "found"),
    [
        ([place(1, PRIMARY), place(1, box(5, 6, 11, 12))], "2 contours cross others of the same ROI on the same slice"),
        ([place(1, PRIMARY), place(1, box(2.5, 3.5, 7.5, 8.5))], "1 contours lose more than half of what they enclose"),
        ([place(1, box(2, 3, 8, 18))], "1 contours reach beyond the image's border and are cut there"),
    ],
)
def test_contours_that_may_be_meant_otherwise_are_told(drawn: list[tuple[int, object]], found: str) -> None:
    (doubt,) = doubts(rtstruct(SERIES, {"GTVp": drawn}))
    assert found in doubt.found


@pytest.mark.parametrize("drawn", [[place(1, PRIMARY), place(1, box(4, 5, 6, 7))], [place(1, box(2, 3, 8, 15.5))]])
def test_a_hole_and_an_edge_of_the_image_are_nothing_to_tell(drawn: list[tuple[int, object]]) -> None:
    assert doubts(rtstruct(SERIES, {"GTVp": drawn})) == []


@pytest.mark.parametrize(
    ("rois", "empty"),
    [
        ({"GTVp": [place(0, PRIMARY), place(3, PRIMARY)]}, 2),
        ({"GTVp": [place(0, PRIMARY), place(2, ELSEWHERE)]}, 1),
        ({"GTVp": [place(0, PRIMARY)], "GTVn": [place(0, ELSEWHERE), place(2, ELSEWHERE)]}, 1),
        ({"GTVp": [place(0, PRIMARY)], "GTVn": [place(0, ELSEWHERE), place(2, box(2, 3, 5, 6))]}, 0),  # two nodes
        ({"GTVp": [place(0, PRIMARY), place(1, PRIMARY), place(2, PRIMARY)]}, 0),
    ],
)
def test_slices_between_outlined_ones_on_which_nothing_is_are_told(rois: dict, empty: int) -> None:
    found = [doubt.found for doubt in doubts(rtstruct(SERIES, rois))]
    assert found == ([f"nothing is outlined on {empty} slices between outlined ones"] if empty else [])


def observed(dataset: pydicom.Dataset, number: int, **values: str) -> None:
    item = pydicom.Dataset()
    item.ReferencedROINumber = number
    for keyword, value in values.items():
        setattr(item, keyword, value)
    dataset.RTROIObservationsSequence = [item]


def test_a_name_and_a_label_that_contradict_each_other_are_told() -> None:
    dataset = rtstruct(SERIES, {"GTVp": [place(1, PRIMARY)]})
    observed(dataset, 1, ROIObservationLabel="Lymph node")
    (doubt,) = doubts(dataset)
    assert "called primary by one name and node by another: ROIs or segments 1" in doubt.found
    observed(dataset, 1, ROIObservationLabel="Tumour")
    assert doubts(dataset) == []


@pytest.mark.parametrize("kind", ["CTV", "PTV", "EXTERNAL", "AVOIDANCE", "CAVITY", "ISOCENTER", "SUPPORT", "BOLUS"])
def test_what_an_roi_is_interpreted_as_may_deny_it(kind: str) -> None:
    dataset = rtstruct(SERIES, {"GTVn": [place(1, PRIMARY)], "Primary": [place(2, ELSEWHERE)]})
    observed(dataset, 2, RTROIInterpretedType=kind)
    target = target_of([SERIES.dataset(index) for index in range(SERIES.slices)])
    laid = lay_structure_set(read_structure_set(dataset, KEYS), target, RULES, strict=False)
    assert laid.structures_refused == (RejectReason.STRUCTURE_INTERPRETED,)
    by_number = RULES.model_copy(update={"primary": (2,)})
    assert (
        lay_structure_set(read_structure_set(dataset, KEYS), target, by_number, strict=False).structures_refused == ()
    )


@pytest.mark.parametrize("kind", ["GTV", "ORGAN", "", "REGISTRATION"])
def test_other_kinds_say_nothing(kind: str) -> None:
    dataset = rtstruct(SERIES, {"GTVp": [place(1, PRIMARY)]})
    observed(dataset, 1, RTROIInterpretedType=kind)
    assert doubts(dataset) == []


def test_an_outline_of_what_is_interpreted_as_no_tumour_alone_is_refused() -> None:
    dataset = rtstruct(SERIES, {"Primary": [place(1, PRIMARY)]})
    observed(dataset, 1, RTROIInterpretedType="CTV")
    with pytest.raises(TagError, match="none of 1 ROIs is called primary tumour or node"):
        doubts(dataset)
