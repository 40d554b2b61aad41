"""Anatomy, textures, lesions and the scanner: forms and statistics worked by hand."""

import numpy as np
import pytest
from scipy.special import expit

from npc_kedro.simulation.anatomy import Shape, ellipse_distance, head_distance, shapes_at, smooth_minimum
from npc_kedro.simulation.lesions import NODE, PRIMARY, Signs, cut, grow_lesions, mottle_contrast, necrotic_share
from npc_kedro.simulation.phantom import Plane, make_phantom
from npc_kedro.simulation.scanner import Scan, acquire
from npc_kedro.simulation.texture import texture
from npc_kedro.simulation.tissues import ENHANCED, ENHANCED_FAT_SUPPRESSED, T2, TISSUES


def grid(half_mm, step_mm):
    """Points of a square plane, mm, float32."""
    line = np.arange(-half_mm, half_mm, step_mm, dtype=np.float32)
    return np.meshgrid(line, line)


def test_distance_to_a_circle_is_exact():
    x, y = np.float32([0.001, 3, 8, 0]), np.float32([0, 4, 0, -7])
    np.testing.assert_allclose(ellipse_distance(x, y, 5, 5), [-4.999, 0, 3, 2], atol=1e-3)


def test_a_turned_ellipse_reaches_as_far_along_its_axes():
    shape = Shape("muscle", "", 0, x_mm=10, y_mm=-5, half_width_mm=8, half_depth_mm=2, angle_deg=90, band_mm=0)
    # turned by 90 degrees the width lies along y
    np.testing.assert_allclose(shape.distance(np.float32([10, 12]), np.float32([3, -5])), 0, atol=1e-5)
    assert shape.reach_mm == pytest.approx((2, 8))


def test_an_arch_is_a_band_in_front_only():
    arch = Shape("marrow", "", 0, x_mm=0, y_mm=0, half_width_mm=40, half_depth_mm=40, angle_deg=0, band_mm=3)
    on_band, inside, behind = arch.distance(np.float32([0, 0, 0]), np.float32([-40, -20, 40]))
    assert on_band == pytest.approx(-3)
    assert inside > 0
    assert behind > 0


def test_smooth_minimum_is_the_minimum_far_from_the_seam():
    np.testing.assert_allclose(smooth_minimum(np.array([1.0, 9.0]), np.array([8.0, 2.0]), 3), [1, 2])
    assert smooth_minimum(np.array([2.0]), np.array([2.0]), 4) == pytest.approx(2 - 4 / 4)


@pytest.mark.parametrize("level", [-70, -40, -10, 0, 20, 45])
def test_paired_structures_mirror_and_every_tissue_is_known(level):
    shapes = shapes_at(level)
    assert {s.tissue for s in shapes} | {s.rim for s in shapes if s.rim} <= set(TISSUES)
    lateral = sorted(round(s.x_mm, 3) for s in shapes if s.x_mm)
    np.testing.assert_allclose(lateral, [-x for x in reversed(lateral)])
    x, y = np.float32([s.x_mm for s in shapes]), np.float32([s.y_mm for s in shapes])
    assert (head_distance(x, y, level) < 0).all()


def test_anatomy_follows_the_level():
    tissues = {z: [s.tissue for s in shapes_at(z)] for z in (-60, 0, 35)}
    assert "tongue" in tissues[-60]
    assert "tongue" not in tissues[0]
    assert "vitreous" in tissues[35]
    assert "vitreous" not in tissues[0]


@pytest.mark.parametrize("step_mm", [0.5, 1.7])
def test_texture_has_one_law_at_every_matrix(step_mm):
    x, y = grid(60, step_mm)
    values = np.stack([texture(np.random.default_rng(k), x, y, patch_mm=5.0) for k in range(40)])
    assert values.mean() == pytest.approx(0, abs=0.05)
    assert values.std() == pytest.approx(0.85, abs=0.1)


def test_texture_is_the_same_field_on_a_coarser_grid():
    x, y = grid(20, 0.5)
    fine = texture(np.random.default_rng(3), x, y, patch_mm=6.0)
    coarse = texture(np.random.default_rng(3), x[::4, ::4], y[::4, ::4], patch_mm=6.0)
    np.testing.assert_allclose(fine[::4, ::4], coarse, atol=1e-4)


def volume_ml(lesion):
    """Volume of a lesion's smooth form, by counting points 1 mm apart."""
    x, y = grid(90, 1.0)
    return sum((lesion.distance(x, y, z) < 0).sum() for z in range(-80, 60)) / 1000


def test_size_follows_t_and_number_and_side_of_nodes_follow_n():
    draws = {
        (t, n): [grow_lesions(np.random.default_rng(k), t, n) for k in range(30)]
        for t, n in (("T1", "N0"), ("T4", "N1"), ("T3", "N2"), ("T3", "N3"))
    }
    median = {stage: np.median([volume_ml(d[0]) for d in lesions[:5]]) for stage, lesions in draws.items()}
    # public outlines of primaries hold 0.8 to 23 ml
    assert 2 < median["T1", "N0"] < 13
    assert 14 < median["T4", "N1"] < 35
    assert median["T4", "N1"] > 2 * median["T1", "N0"]
    assert all([lesion.label for lesion in d] == [PRIMARY] for d in draws["T1", "N0"])
    assert all([lesion.label for lesion in d] == [PRIMARY, NODE] for d in draws["T4", "N1"])
    for primary, node in draws["T4", "N1"]:
        assert np.sign(primary.centres[0, 0]) == np.sign(node.centres[0, 0])
    for _, first, second in draws["T3", "N2"]:
        assert np.sign(first.centres[0, 0]) != np.sign(second.centres[0, 0])
    large = np.median([np.prod(d[1].half_axes[0]) for d in draws["T3", "N3"]])
    assert large > 2 * np.median([np.prod(d[1].half_axes[0]) for d in draws["T3", "N2"]])


@pytest.mark.parametrize("step_mm", [0.5, 1.7])
def test_necrosis_takes_its_share_of_every_section(step_mm):
    lesion = grow_lesions(np.random.default_rng(0), "T3", "N0")[0]
    x, y = grid(60, step_mm)
    for resistance in (-2.0, 0.3, 2.0):
        signs = Signs(resistance, -3.0)
        section = cut(np.random.default_rng(1), lesion, signs, x=x, y=y, z=0.0)
        dark = (section.brightness[section.distance_mm < 0] < 0.4).mean()
        assert dark == pytest.approx(0.58 * expit(3.0 * (resistance - 0.4)), abs=0.06)


def test_signs_are_monotone():
    assert necrotic_share(Signs(-1, 0)) < necrotic_share(Signs(0, 0)) < necrotic_share(Signs(1, 0))
    assert mottle_contrast(Signs(0, -1)) < mottle_contrast(Signs(0, 0)) < mottle_contrast(Signs(0, 1))


def phantom(**changes):
    stage = {"t_stage": "T3", "n_stage": "N1", "signs": Signs(0, 0)} | changes
    return make_phantom((1, 2), **stage)


def test_contrasts_share_one_anatomy_and_levels_do_not_depend_on_each_other():
    plane = Plane(phantom(), rows=48, columns=48, spacing_mm=5.5)
    both = plane.cut(0.0, [ENHANCED, T2])
    plane.cut(9.0, [ENHANCED])
    alone = plane.cut(0.0, [T2])
    np.testing.assert_array_equal(both.pictures[1], alone.pictures[0])
    np.testing.assert_array_equal(both.labels, alone.labels)


def test_tumour_lies_where_its_label_says():
    plane = Plane(phantom(), rows=96, columns=96, spacing_mm=2.8)
    with_lesions = plane.cut(0.0, [ENHANCED_FAT_SUPPRESSED])
    without = plane.cut(0.0, [ENHANCED_FAT_SUPPRESSED], with_lesions=False)
    changed = np.abs(with_lesions.pictures[0] - without.pictures[0]) > 0.05
    labelled = with_lesions.labels > 0
    assert (changed & labelled).sum() / changed.sum() > 0.8
    assert set(np.unique(with_lesions.labels)) <= {0, PRIMARY, NODE}


def test_a_matrix_twice_as_fine_shows_the_same_head():
    coarse = Plane(phantom(), rows=64, columns=64, spacing_mm=4.0).cut(0.0, [ENHANCED])
    fine = Plane(phantom(), rows=128, columns=128, spacing_mm=2.0).cut(0.0, [ENHANCED])
    pooled = fine.pictures[0].reshape(64, 2, 64, 2).mean(axis=(1, 3))
    assert np.corrcoef(pooled.ravel(), coarse.pictures[0].ravel())[0, 1] > 0.97
    assert (fine.labels > 0).sum() / 4 == pytest.approx((coarse.labels > 0).sum(), rel=0.15)


def test_noise_is_rician():
    quiet = Scan(shading=np.zeros(5), snr=20, ghost=0, ghost_shift=0.2, gain=2000)
    rng = np.random.default_rng(0)
    sigma = 2000 / 20
    air = acquire(rng, np.zeros((200, 200), np.float32), quiet)
    # a Rayleigh variable has mean sigma sqrt(pi / 2)
    assert air.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.02)
    bright = acquire(rng, np.ones((200, 200), np.float32), quiet)
    assert bright.mean() == pytest.approx(2000 + sigma**2 / (2 * 2000), rel=0.01)
    assert bright.std() == pytest.approx(sigma, rel=0.03)


def test_ghosts_repeat_the_head_along_the_rows():
    picture = np.zeros((40, 40), np.float32)
    picture[20, 20] = 1
    clear = Scan(shading=np.zeros(5), snr=1e6, ghost=0.1, ghost_shift=0.25, gain=1000)
    stored = acquire(np.random.default_rng(0), picture, clear)
    assert stored[20, 30] == pytest.approx(100, abs=2)
    assert stored[20, 10] == pytest.approx(100, abs=2)
    assert stored[30, 20] <= 1
