"""`groundglass render` into HDR files, and the options that do not fit."""

from pathlib import Path

import numpy as np
import pytest
from groundglass.cli import app
from groundglass.colour.cicp import Cicp
from groundglass.colour.output_space import open_output_space
from groundglass.errors import GroundglassError
from groundglass.formats.colour_tags import colours_of
from PIL import Image
from typer.testing import CliRunner

SCENE = ("render", "scene:", "--size", "96x64", "--quality", "live")


def render(*arguments: object) -> None:
    result = CliRunner().invoke(app, [*SCENE, *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0


def test_the_base_of_an_ultra_hdr_jpeg_is_the_jpeg(tmp_path: Path):
    render("-o", tmp_path / "hdr.jpg", "--hdr", "--look", "natural")
    render("-o", tmp_path / "sdr.jpg", "--look", "natural")
    hdr, sdr = (np.asarray(Image.open(tmp_path / name).convert("RGB")) for name in ("hdr.jpg", "sdr.jpg"))
    assert np.abs(hdr.astype(int) - sdr).mean() < 0.5  # the dither of a few pixels, through JPEG
    assert b"hdrgm" in (tmp_path / "hdr.jpg").read_bytes()


def test_the_scenes_light_in_pq_is_that_of_an_exr_within_one_percent(tmp_path: Path):
    imagecodecs = pytest.importorskip("imagecodecs")
    openexr = pytest.importorskip("OpenEXR")
    render("-o", tmp_path / "a.avif", "--look", "none", "--output-space", "pq")
    render("-o", tmp_path / "a.exr")
    scene = openexr.File(str(tmp_path / "a.exr")).channels()["RGB"].pixels
    codes = imagecodecs.avif_decode((tmp_path / "a.avif").read_bytes()) / 4095.0
    back = Cicp(9, 16).linear(codes)
    carried = (scene * 203 > 2) & (scene * 203 < 9900)
    assert carried.mean() > 0.5
    assert np.abs(back / np.maximum(scene, 1e-9) - 1)[carried].max() < 0.01


def test_hdr_alone_chooses_pq_for_stills_and_hlg_for_video(tmp_path: Path):
    pytest.importorskip("pillow_heif")
    av = pytest.importorskip("av")
    render("-o", tmp_path / "a.heic", "--hdr")
    assert colours_of(tmp_path / "a.heic") == Cicp(9, 16)
    render("-o", tmp_path / "a.mp4", "--hdr", "--frames", 2)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.color_trc == 18


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.png", "--hdr"), "holds no HDR picture; use one of"),
        (("a.jpg", "--output-space", "pq"), "use --hdr instead"),
        (("a.tif", "--output-space", "hlg"), r"holds no --output-space hlg; use one of \.avif"),
        (("a.mp4", "--frames", "2"), "render writes HDR video; add --output-space hlg or pq"),
        (("a.jpg", "--look", "none"), "needs --output-space pq or hlg"),
        (("a.avif", "--hdr", "--headroom", "9"), "--headroom 9: use 0.1 to 5.6"),
        (("a.avif", "--output-space", "rec709"), r"\.avif holds the output spaces srgb, display-p3, pq, hlg"),
        (("no/such/a.avif", "--hdr"), "cannot be created|does not exist"),
    ],
)
def test_options_that_do_not_fit_are_one_line(tmp_path: Path, arguments: tuple[str, ...], message: str):
    with pytest.raises(GroundglassError, match=message) as raised:
        render("-o", tmp_path / arguments[0], *arguments[1:])
    assert "\n" not in str(raised.value)
    assert list(tmp_path.glob("*.*")) == []


def test_a_window_and_a_still_of_it_have_no_hdr_space() -> None:
    with pytest.raises(GroundglassError, match="output space pq: the window shows SDR"):
        open_output_space("pq")
