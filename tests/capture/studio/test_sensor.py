"""The sensor: scene-linear RGB becomes raw samples, and the profile converts them back."""

import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.capture.studio.sensor import FULL_WELL_E, READ_NOISE_E, STUDIO_CAMERA, expose
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.errors import SourceError


def flat(rgb, height=8, width=8):
    return np.broadcast_to(np.array(rgb, np.float32), (height, width, 3))


def develop(mosaic, cfa, profile):
    """(3,) scene RGB: the mean of each filter colour after black level, white balance, matrix and exposure."""
    camera_rgb = np.zeros(3)
    for y, x in np.ndindex(2, 2):
        channel = cfa.channels()[y, x]
        black = profile.black[2 * y + x]
        level = (mosaic[y::2, x::2].mean() - black) / (profile.white - black)
        camera_rgb[channel] += level / (2 if channel == 1 else 1)
    return profile.camera_to_scene @ (camera_rgb * profile.white_balance) * 2**profile.exposure_ev


def test_the_matrix_preserves_white():
    np.testing.assert_allclose(STUDIO_CAMERA.camera_to_scene.sum(axis=1), 1, atol=1e-12)


def test_black_has_the_black_level_of_each_photosite():
    profile = CameraProfile(black=(10, 20, 30, 40), white=1000)
    mosaic = expose(flat((0, 0, 0)), Cfa("RGGB"), profile, 0, np.random.default_rng(0))
    np.testing.assert_array_equal(mosaic[:2, :2], [[10, 20], [30, 40]])


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_each_photosite_has_the_channel_of_its_filter(pattern):
    profile = CameraProfile(white=1000, camera_to_scene=np.eye(3))
    mosaic = expose(flat((0.3, 0.2, 0.1), 4, 4), Cfa(pattern), profile, 0, np.random.default_rng(0))
    expected = np.array([300, 200, 100])[Cfa(pattern).channels()]
    np.testing.assert_array_equal(mosaic, np.tile(expected, (2, 2)))


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_the_profile_inverts_the_sensor(pattern):
    scene_rgb = (0.42, 0.18, 0.07)
    mosaic = expose(flat(scene_rgb), Cfa(pattern), STUDIO_CAMERA, 0, np.random.default_rng(0))
    np.testing.assert_allclose(develop(mosaic, Cfa(pattern), STUDIO_CAMERA), scene_rgb, atol=1e-3)


def test_grey_stays_grey():
    mosaic = expose(flat((0.18, 0.18, 0.18)), Cfa(), STUDIO_CAMERA, 0, np.random.default_rng(0))
    np.testing.assert_allclose(develop(mosaic, Cfa(), STUDIO_CAMERA), 0.18, atol=1e-3)


def test_overexposed_light_clips_at_the_white_level():
    mosaic = expose(flat((50, 50, 50)), Cfa(), STUDIO_CAMERA, 1, np.random.default_rng(0))
    assert np.all(mosaic == STUDIO_CAMERA.white)


def test_three_stops_above_white_do_not_clip():
    mosaic = expose(flat((7.9, 7.9, 7.9)), Cfa(), STUDIO_CAMERA, 0, np.random.default_rng(0))
    assert mosaic.max() < STUDIO_CAMERA.white


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_the_variance_includes_shot_noise_and_read_noise(noise):
    profile = CameraProfile(black=(500,) * 4, white=60500, camera_to_scene=np.eye(3))
    level = 0.05
    mosaic = expose(flat((level,) * 3, 512, 512), Cfa(), profile, noise, np.random.default_rng(3))
    electrons = level * FULL_WELL_E
    assert mosaic.mean() == pytest.approx(500 + 60000 * level, rel=1e-3)
    steps_per_electron = 60000 / FULL_WELL_E
    expected = noise * np.sqrt(electrons + READ_NOISE_E**2) * steps_per_electron
    assert mosaic.std() == pytest.approx(expected, rel=0.02)


def test_the_same_seed_gives_the_same_picture():
    first, again, other = (
        expose(flat((0.2,) * 3), Cfa(), STUDIO_CAMERA, 1, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_odd_sizes_include_the_last_row_and_column():
    mosaic = expose(flat((0.5, 0.5, 0.5), 5, 7), Cfa(), STUDIO_CAMERA, 0, np.random.default_rng(0))
    assert mosaic.shape == (5, 7)
    assert mosaic.dtype == np.uint16
    assert mosaic.min() > 512


def test_a_picture_with_a_wrong_shape_is_refused():
    with pytest.raises(SourceError, match=r"\(4, 4\) is not \(height, width, 3\)"):
        expose(np.zeros((4, 4), np.float32), Cfa(), STUDIO_CAMERA, 0, np.random.default_rng(0))


def test_negative_noise_is_refused():
    with pytest.raises(SourceError, match="noise -1"):
        expose(flat((0, 0, 0)), Cfa(), STUDIO_CAMERA, -1, np.random.default_rng(0))
