"""Looks for other programs: CLF and OpenColorIO read by OpenColorIO, camera profiles evaluated by the DNG
specification, and settings of raw developers there and back."""

from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from dcp_support import ROMM_TO_XYZ_D50, developed, read_dcp
from groundglass.camera import REC709_TO_REC2020, REC2020_TO_REC709, Calibration
from groundglass.cli import app
from groundglass.colour.difference import delta_e00, lab_of_scene
from groundglass.colour.white import D50, D65, REC2020_TO_XYZ, adaptation
from groundglass.errors import GroundglassError, LookError
from groundglass.formats.capture_metadata import CaptureMetadata
from groundglass.formats.dng_write import write_dng
from groundglass.look import reference
from groundglass.look.exchange.clf import clf_text
from groundglass.look.exchange.dcp import dcp_bytes, dcp_look
from groundglass.look.exchange.ocio_config import LINEAR
from groundglass.look.exchange.xmp import DevelopSettings, parse_xmp, xmp_text
from groundglass.look.exchange.xmp_look import look_of_settings, settings_of_look
from groundglass.look.export import export_look
from groundglass.look.fit.invented import synthetic_scene
from groundglass.look.look import Look, list_looks, load_look
from groundglass.look.lut_read import read_lut
from PIL import Image
from typer.testing import CliRunner

SCENE = synthetic_scene(900)[0]


def lab(display: np.ndarray) -> np.ndarray:
    return lab_of_scene(reference.srgb_decode(display) @ REC709_TO_REC2020.T)


def differences(look: Look, display: np.ndarray, scene: np.ndarray = SCENE) -> np.ndarray:
    return delta_e00(lab(reference.apply(look, scene)), lab(display))


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["look", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("name", list_looks())
def test_opencolorio_shows_the_view_as_the_look(tmp_path: Path, name: str) -> None:
    ocio = pytest.importorskip("PyOpenColorIO")
    printed = run("export", name, "-o", tmp_path / "studio.ocio")
    config = ocio.Config.CreateFromFile(str(tmp_path / "studio.ocio"))
    config.validate()
    assert list(config.getViews("sRGB")) == [name, "Raw"]
    processor = config.getProcessor(LINEAR, "sRGB", name, ocio.TRANSFORM_DIR_FORWARD).getDefaultCPUProcessor()
    display = SCENE.astype(np.float32)
    processor.applyRGB(display)
    apart = differences(load_look(name), display)
    assert apart.mean() < 0.2
    assert apart.max() < 3.0
    assert "studio.rec2020.clf" in printed


def test_other_scene_spaces_lead_to_the_same_picture(tmp_path: Path) -> None:
    ocio = pytest.importorskip("PyOpenColorIO")
    run("export", "natural", "-o", tmp_path / "a.ocio")
    config = ocio.Config.CreateFromFile(str(tmp_path / "a.ocio"))
    converted = (SCENE @ REC2020_TO_REC709.T).astype(np.float32)
    direct = SCENE.astype(np.float32)
    for space, picture in (("Linear Rec.709", converted), (LINEAR, direct)):
        transform = config.getProcessor(space, "sRGB", "natural", ocio.TRANSFORM_DIR_FORWARD)
        transform.getDefaultCPUProcessor().applyRGB(picture)
    np.testing.assert_allclose(converted, direct, atol=1e-4)
    aces = np.full((1, 3), 0.18, np.float32)
    config.getProcessor("ACEScg", LINEAR).getDefaultCPUProcessor().applyRGB(aces)
    np.testing.assert_allclose(aces, 0.18, atol=1e-4)


def test_a_clf_has_a_shaper_and_is_read_back_by_its_own_tables(tmp_path: Path) -> None:
    pytest.importorskip("PyOpenColorIO")
    printed = run("export", "classic", "-o", tmp_path / "a.clf")
    assert "left out, not a function of colour alone: vignette, grain" in printed
    lut, export = read_lut(tmp_path / "a.clf"), export_look(load_look("classic"), "linear")
    assert lut.shaper is not None
    assert len(lut.shaper) == 65536
    np.testing.assert_allclose(lut.cube, export.lut.cube, atol=1e-6)
    assert lut.shaper_domain == export.lut.shaper_domain
    assert differences(load_look("classic"), lut.apply(SCENE @ REC2020_TO_REC709.T)).mean() < 0.1


def test_a_clf_escapes_its_texts() -> None:
    assert "a &lt; b &amp; c" in clf_text(export_look(load_look("neutral"), side=17).lut, "t", ["a < b & c"])


# Mean and 95th percentile of CIEDE2000; a profile keeps grey neutral, so that toned looks lose their tint.
DCP = {"classic": (0.5, 2.0), "contemporary": (0.5, 2.0), "eternal": (1.0, 5.0)}
DCP |= {"blue": (7.0, 11.0), "selenium": (4.0, 6.0), "sepia": (8.0, 12.0)}


@pytest.mark.parametrize("name", list_looks())
def test_a_camera_profile_gives_the_look(name: str) -> None:
    to_xyz = adaptation(D65, D50) @ REC2020_TO_XYZ
    to_romm = np.linalg.inv(ROMM_TO_XYZ_D50) @ to_xyz
    romm = SCENE @ to_romm.T
    inside = (romm.max(axis=1) < 0.95) & (romm.min(axis=1) >= 0)
    tags = read_dcp(dcp_bytes(dcp_look(load_look(name)), name, "Some Camera", (CALIBRATION,), (21,)))
    shown = developed(tags, romm[inside][:300]) @ np.linalg.inv(to_romm).T
    display = reference.shown(np.maximum(shown, -1.0))
    apart = differences(load_look(name), display, SCENE[inside][:300])
    mean, high = DCP.get(name, (0.1, 0.4))
    assert apart.mean() < mean
    assert np.percentile(apart, 95) < high


CALIBRATION = Calibration(6504.0, np.linalg.inv(REC2020_TO_XYZ) * 0.9)


def test_the_tags_of_a_camera_profile() -> None:
    tags = read_dcp(dcp_bytes(dcp_look(load_look("natural")), "mine", "Some Camera", (CALIBRATION,), (21,)))
    assert (tags[50708], tags[50936]) == (b"Some Camera", b"mine")
    np.testing.assert_allclose(np.asarray(tags[50721]).reshape(3, 3), CALIBRATION.xyz_to_camera, atol=1e-4)
    curve = np.asarray(tags[50940]).reshape(-1, 2)
    assert curve[0].tolist() == [0, 0]
    assert curve[-1].tolist() == [1, 1]
    assert (np.diff(curve, axis=0) > 0).all()
    hue_count, saturation_count, value_count = np.asarray(tags[50981]).astype(int)
    table = np.asarray(tags[50982]).reshape(value_count, hue_count, saturation_count, 3)
    assert (table[:, :, 0, 2] == 1).all()  # required for grey
    assert np.isfinite(table).all()


def test_a_profile_is_for_the_camera_of_a_raw_file(tmp_path: Path) -> None:
    mosaic = np.full((64, 80), 500, np.uint16)
    profile = gg.CameraProfile(white=4095.0, white_balance=(2.0, 1.0, 1.5), calibrations=(CALIBRATION,))
    write_dng(tmp_path / "a.dng", gg.Frame(mosaic, profile=profile), CaptureMetadata(camera="Maker One"))
    printed = run("export", "sepia", "-o", tmp_path / "a.dcp", "--camera", tmp_path / "a.dng")
    assert "the profile 'groundglass sepia' for Maker One; its tint of grey is left out" in printed
    tags = read_dcp((tmp_path / "a.dcp").read_bytes())
    assert (tags[50708], int(tags[50778][0])) == (b"Maker One", 21)
    Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg")
    with pytest.raises(LookError, match="is not a raw file with colours"):
        run("export", "sepia", "-o", tmp_path / "b.dcp", "--camera", tmp_path / "a.jpg")


# Mean CIEDE2000 of the look that is read back, by the model of xmp_look.
@pytest.mark.parametrize(
    ("name", "mean"), [("classic", 0.6), ("monochrome-high-contrast", 1.2), ("sepia", 0.6), ("neutral", 0.6)]
)
def test_settings_of_a_raw_developer_lead_back_to_the_look(tmp_path: Path, name: str, mean: float) -> None:
    printed = run("export", name, "-o", tmp_path / "a.xmp")
    assert "approximate" in printed
    run("import", tmp_path / "a.xmp", "-o", tmp_path / "back.toml")
    back = load_look(tmp_path / "back.toml")
    assert back.name == name
    apart = delta_e00(lab(reference.apply(load_look(name), SCENE)), lab(reference.apply(back, SCENE)))
    assert apart.mean() < mean


def test_what_the_settings_do_not_carry_is_named() -> None:
    assert settings_of_look(load_look("eternal")).left_out == ("halation",)


def test_every_field_becomes_its_pass() -> None:
    fields = {"Exposure2012": 0.5, "Contrast2012": 20.0, "Saturation": -10.0, "GrainAmount": 25.0}
    fields |= {"SplitToningShadowHue": 220.0, "SplitToningShadowSaturation": 30.0, "PostCropVignetteAmount": -20.0}
    settings = DevelopSettings(
        "mine", fields, {"blue_turn": -30.0}, {"": ((0.0, 10.0), (128.0, 140.0), (255.0, 250.0))}
    )
    back = parse_xmp(xmp_text(settings), "a.xmp", "a")
    look = look_of_settings(back).look
    values = {each.name: each.values for each in look.passes}
    assert list(values) == [
        *("vignette", "exposure", "contrast", "tone_curve", "hsl_mixer", "saturation", "split_tone", "grain")
    ]
    assert values["exposure"]["exposure_ev"] == 0.5
    assert values["hsl_mixer"]["blue_turn"] == -9.0
    assert values["split_tone"]["shadow_hue"] == 220.0
    assert values["vignette"]["corner_light"] == pytest.approx(0.82)


def test_a_profile_within_the_settings_is_not_read_as_settings() -> None:
    nested = '<crs:Look><rdf:Description crs:Exposure2012="+2.00"/></crs:Look>'
    text = XMP.replace("{}/>", f'crs:Saturation="+10">{nested}</rdf:Description>')
    settings = parse_xmp(text, "a.xmp", "a")
    assert settings.numbers == {"Saturation": 10.0}
    assert settings.left_out == ("the profile",)


def test_settings_without_a_counterpart_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_text(XMP.format('crs:Exposure2012="+0.50" crs:Clarity2012="+30" crs:Dehaze="0"'))
    printed = run("import", tmp_path / "a.xmp", "-o", tmp_path / "a.toml")
    assert "Left out: Clarity2012." in printed
    assert "exposure_ev = 0.5" in (tmp_path / "a.toml").read_text()


XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" {}/></rdf:RDF></x:xmpmeta>'
)
BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><x>&c;</x>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "declares a document type"),
        ("<x", "is not XML"),
        ("", "is not XML"),
        ("<x/>", "has no settings of Lightroom or Camera Raw"),
        (XMP.format('crs:Exposure2012="nan"'), "crs:Exposure2012 = 'nan' is not a number from -5 to 5"),
        (XMP.format('crs:Exposure2012="1e999"'), "is not a number from -5 to 5"),
        (XMP.format('crs:HueAdjustmentRed="300"'), "crs:HueAdjustmentRed = '300' is not a number from -100 to 100"),
        (XMP.format('crs:ToneCurvePV2012="5"'), "is not a point 'x, y'"),
        (XMP.format('crs:Saturation="' + "9" * 5000 + '"'), "is not a number from -100 to 100"),
    ],
)
def test_a_broken_or_hostile_file_is_one_line(text: str, message: str) -> None:
    with pytest.raises(LookError, match=message) as raised:
        parse_xmp(text, "a.xmp", "a")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_a_huge_file_and_a_file_of_other_text_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(b"<x>" + b" " * (2 << 20))
    with pytest.raises(LookError, match="larger than 1 MB"):
        run("import", tmp_path / "a.xmp", "-o", tmp_path / "a.toml")
    (tmp_path / "a.xmp").write_bytes(BOMB.encode("utf-16"))
    with pytest.raises(LookError, match="declares a document type"):
        run("import", tmp_path / "a.xmp", "-o", tmp_path / "a.toml")
    (tmp_path / "a.xmp").write_bytes(BOMB.encode("utf-32"))
    with pytest.raises(LookError, match=r"is not XML|not UTF"):
        run("import", tmp_path / "a.xmp", "-o", tmp_path / "a.toml")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_xmp_may_be_utf_16(encoding: str, tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + XMP.format('crs:Exposure2012="+0.50"')
    (tmp_path / "a.xmp").write_bytes(text.encode(encoding))
    run("import", tmp_path / "a.xmp", "-o", tmp_path / "a.toml")
    assert "exposure_ev = 0.5" in (tmp_path / "a.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "classic", "-o", "a.dcp"), "name one of its raw files with --camera"),
        (("export", "classic", "-o", "a.cube", "--camera", "b.dng"), "--camera belongs to a .dcp"),
        (("export", "classic", "-o", "a.xmp", "--input", "logc"), "has its own input"),
        (("export", "classic", "-o", "a.abc"), "is not a suffix of look files"),
        (("import", "a.cube", "-o", "a.toml"), "reads .xmp files"),
        (("import", "a.xmp", "-o", "a.cube"), "a look is a .toml file"),
        (("import", "absent.xmp", "-o", "a.toml"), "absent.xmp"),
    ],
)
def test_options_that_do_not_fit_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GroundglassError, match=message):
        run(*arguments)
    assert list(tmp_path.iterdir()) == []
