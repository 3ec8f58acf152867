"""Output spaces: primaries, curves and profiles agree with Little CMS, and files contain the profile."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.colour.icc_write import write_profile
from groundglass.colour.output_space import OutputSpace, open_output_space, srgb_profile
from groundglass.errors import OutputError
from groundglass.formats.picture_write import save
from groundglass.gl.planes import ScenePlanes
from groundglass.look import reference
from groundglass.look.grade import Grader, grade
from groundglass.look.look import load_look
from look_support import HALF_STEP, context, look_of, scene_of, srgb
from PIL import Image, ImageCms

GREYS = np.repeat(np.linspace(0, 0.75, 40), 3).reshape(1, 40, 3).astype(np.float32)


def picture(scene_rec2020: np.ndarray, space: OutputSpace | None) -> np.ndarray:
    return grade(scene_rec2020, "neutral", space="rec2020", output=space, ctx=context())


def to_srgb(numbers: np.ndarray, profile: bytes) -> np.ndarray:
    """(H, W, 3) sRGB in 0..1, converted by Little CMS from the profile."""
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), "RGB", "RGB", 1
    )
    shown = ImageCms.applyTransform(Image.fromarray((numbers * 255 + 0.5).astype(np.uint8)), transform)
    return np.asarray(shown) / 255.0


def icc(tmp_path: Path, data: bytes, name: str = "monitor.icc") -> Path:
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


def with_tables() -> bytes:
    """A profile with a B2A0 tag, which requires Little CMS. Little CMS refuses the tag as broken."""
    profile = bytearray(write_profile("tables", np.eye(3), (2.4,)))
    profile[132 + 12 : 132 + 16] = b"B2A0"  # replaces the copyright tag
    return bytes(profile)


@pytest.mark.parametrize("name", ["display-p3", "rec709"])
def test_colours_of_srgb_look_the_same_on_another_screen(name: str) -> None:
    scene = scene_of((30, 40)) * 0.75 @ REC709_TO_REC2020.T.astype(np.float32)
    space = open_output_space(name)
    assert space is not None
    difference = np.abs(to_srgb(picture(scene, space), space.profile) - picture(scene, None))
    assert difference.mean() < 0.5 / 255
    assert difference.max() < 6 / 255  # one 8-bit code in P3 is several codes in the dark channel of a saturated colour


@pytest.mark.parametrize("name", ["display-p3", "rec709"])
def test_grey_has_the_curve_of_the_screen(name: str) -> None:
    numbers = picture(GREYS, open_output_space(name))
    assert np.ptp(numbers, axis=-1).max() < 1e-4
    expected = srgb(GREYS) if name == "display-p3" else GREYS ** (1 / 2.4)
    np.testing.assert_allclose(numbers, expected, atol=HALF_STEP)


def test_a_wider_screen_keeps_more_colour() -> None:
    green = np.array([[[0.02, 0.5, 0.02]]], dtype=np.float32)
    wide = to_srgb_unclipped(picture(green, open_output_space("display-p3")))
    narrow = reference.srgb_decode(picture(green, None))
    assert np.ptp(wide) > np.ptp(narrow) + 0.1


def to_srgb_unclipped(p3: np.ndarray) -> np.ndarray:
    """(H, W, 3) linear Rec.709, negative outside its gamut."""
    space = open_output_space("display-p3")
    assert space is not None
    return reference.srgb_decode(p3) @ np.linalg.inv(space.from_rec2020).T @ np.linalg.inv(REC709_TO_REC2020).T


@pytest.mark.parametrize("name", [None, "display-p3"])
@pytest.mark.parametrize("light", [(1.0, 0.5, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 1.0), (0.1, 0.1, 1.0)])
def test_colours_outside_the_gamut_keep_luminance_and_hue(name: str | None, light: tuple[float, ...]) -> None:
    bright = np.array([[light]], dtype=np.float32)
    output = None if name is None else open_output_space(name)
    numbers = grade(bright, look_of("exposure"), space="rec2020", output=output, ctx=context())
    space = open_output_space(name or "display-p3")
    assert space is not None
    matrix = space.from_rec2020 if name else np.linalg.inv(REC709_TO_REC2020)
    shown, exact = reference.srgb_decode(numbers)[0, 0], matrix @ np.array(light)
    luminance = np.array(light) @ reference.LUMINANCE
    assert np.linalg.inv(matrix) @ shown @ reference.LUMINANCE == pytest.approx(luminance, abs=4e-3)
    chroma, exact_chroma = shown - luminance, exact - luminance  # equal directions
    assert chroma @ exact_chroma / np.linalg.norm(chroma) / np.linalg.norm(exact_chroma) == pytest.approx(1.0, abs=1e-3)


def test_a_matrix_profile_agrees_with_its_formula(tmp_path: Path) -> None:
    space = open_output_space(icc(tmp_path, open_output_space("display-p3").profile))
    scene = scene_of((20, 20))
    np.testing.assert_allclose(picture(scene, space), picture(scene, open_output_space("display-p3")), atol=HALF_STEP)
    own = open_output_space(icc(tmp_path, srgb_profile()))
    np.testing.assert_allclose(picture(scene * 0.5, own), picture(scene * 0.5, None), atol=2 * HALF_STEP)


def test_profiles_have_no_time_of_their_own() -> None:
    """Equal pictures are equal files."""
    for profile in (srgb_profile(), open_output_space("display-p3").profile):
        assert struct.unpack(">6H", profile[24:36]) == (2026, 1, 1, 0, 0, 0)


def test_a_cube_is_applied_last() -> None:
    space = open_output_space("display-p3")
    assert space is not None
    swapped = np.stack(np.meshgrid(*3 * [np.linspace(0, 1, 5)], indexing="ij"), axis=-1)[..., ::-1].astype(np.float32)
    with_cube = OutputSpace("swapped", space.profile, space.from_rec2020, space.curve, swapped)
    scene = scene_of((20, 20))
    np.testing.assert_allclose(picture(scene, with_cube), picture(scene, space)[..., ::-1], atol=1e-4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an ICC profile"),
        (b"not a profile" * 40, "not an ICC profile"),
        (srgb_profile()[:200], "the profile is damaged"),
        (srgb_profile().replace(b"RGB ", b"CMYK", 1), "is not for an RGB monitor"),
        (srgb_profile().replace(b"mntr", b"prtr", 1), "is not for an RGB monitor"),
        (with_tables(), "the profile cannot be used"),
    ],
)
def test_an_invalid_profile_is_an_error(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(OutputError, match=message) as caught:
        open_output_space(icc(tmp_path, data))
    assert "\n" not in str(caught.value)


def test_an_unknown_space_or_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown output space 'p3'; use one of srgb, display-p3, rec709"):
        open_output_space("p3")
    with pytest.raises(OutputError, match=r"none\.icc: cannot be read"):
        open_output_space(tmp_path / "none.icc")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_file_contains_the_profile(tmp_path: Path, suffix: str) -> None:
    space = open_output_space("display-p3")
    assert space is not None
    save(tmp_path / f"wide{suffix}", np.full((4, 4, 3), 0.5), space=space)
    with Image.open(tmp_path / f"wide{suffix}") as image:
        assert image.info["icc_profile"] == space.profile
        assert (
            ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(space.profile))).strip() == "Display P3"
        )


def test_eight_bits_are_dithered_on_another_screen_too() -> None:
    planes, grader = ScenePlanes(context()), Grader(context())
    planes.write([np.full((64, 64), 0.1234, np.float32)] * 3)
    drawn = grader.draw(planes, load_look("neutral"), output=open_output_space("rec709")).read()
    numbers = np.frombuffer(drawn, np.uint8).reshape(64, 64, 4)[..., :3]
    assert numbers.mean() == pytest.approx(255 * 0.1234 ** (1 / 2.4), abs=0.06)
    assert np.ptp(numbers) == 1
    grader.release()
    planes.release()
