"""GDepth: depth maps in JPEG files, written here by the published specification."""

from __future__ import annotations

import base64
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.depth.relative import PORTRAIT_M
from groundglass.errors import SourceError
from groundglass.formats.gdepth import read_gdepth
from groundglass.formats.picture_read import read_picture
from PIL import Image

GREYS = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
IDENTIFIER = b"36BE52D449F3E6B9760D7602FF75168D"
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" '
    'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" {} /></rdf:RDF></x:xmpmeta>'
)
RANGE = {"GDepth:Format": "RangeInverse", "GDepth:Near": "0.5", "GDepth:Far": "4.0", "GDepth:Mime": "image/png"}


def encoded(samples: np.ndarray = GREYS) -> str:
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def packet(**properties: str) -> bytes:
    return PACKET.format(" ".join(f'{key}="{value}"' for key, value in properties.items())).encode()


def main(content: bytes) -> bytes:
    return b"http://ns.adobe.com/xap/1.0/\0" + content


def extended(content: bytes, piece: int = 60_000, identifier: bytes = IDENTIFIER) -> list[bytes]:
    head = b"http://ns.adobe.com/xmp/extension/\0" + identifier
    offsets = range(0, len(content), piece)
    return [head + struct.pack(">II", len(content), offset) + content[offset : offset + piece] for offset in offsets]


def jpeg(path: Path, *segments: bytes, size: tuple[int, int] = (6, 4), orientation: int = 1) -> Path:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", size, (90, 60, 30)).save(file, "JPEG", exif=exif)
    plain = file.getvalue()
    inserted = b"".join(b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment for segment in segments)
    path.write_bytes(plain[:2] + inserted + plain[2:])
    return path


def depth_of(path: Path) -> np.ndarray:
    depth = read_gdepth(path)
    assert depth is not None
    return depth.depth_m


def test_range_inverse(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", main(packet(**RANGE, **{"GDepth:Data": encoded()})))
    expected = 4.0 * 0.5 / (4.0 - GREYS / 255 * (4.0 - 0.5))  # the specification's formula, solved for the depth
    assert depth_of(path) == pytest.approx(expected, rel=1e-6)
    assert depth_of(path)[[0, 1], [0, 2]] == pytest.approx([0.5, 4.0])


def test_range_linear_in_millimetres(tmp_path: Path) -> None:
    properties = RANGE | {
        "GDepth:Format": "RangeLinear",
        "GDepth:Near": "500",
        "GDepth:Far": "4000",
        "GDepth:Units": "mm",
    }
    path = jpeg(tmp_path / "a.jpg", main(packet(**properties, **{"GDepth:Data": encoded()})))
    assert depth_of(path) == pytest.approx(0.5 + GREYS / 255 * 3.5, rel=1e-6)


def test_sixteen_bit_samples(tmp_path: Path) -> None:
    properties = RANGE | {"GDepth:Format": "RangeLinear", "GDepth:Data": encoded(GREYS.astype(np.uint16) * 257)}
    assert depth_of(jpeg(tmp_path / "a.jpg", main(packet(**properties)))) == pytest.approx(
        0.5 + GREYS / 255 * 3.5, rel=1e-6
    )


def test_extended_xmp_in_several_segments_in_any_order(tmp_path: Path) -> None:
    noisy = np.random.default_rng(1).integers(0, 256, (300, 500), dtype=np.uint8)
    first = main(packet(**RANGE, **{"xmpNote:HasExtendedXMP": IDENTIFIER.decode()}))
    rest = extended(packet(**{"GDepth:Data": encoded(noisy)}))
    assert len(rest) > 2
    unrelated = extended(packet(**{"GDepth:Data": encoded()}), identifier=b"0" * 32)
    path = jpeg(tmp_path / "a.jpg", first, *reversed(rest), *unrelated)
    assert depth_of(path) == pytest.approx(1 / (2 - noisy / 255 * 1.75), rel=1e-5)


def test_properties_as_xml_elements(tmp_path: Path) -> None:
    elements = "".join(f"<{key}>{value}</{key}>" for key, value in (RANGE | {"GDepth:Data": encoded()}).items())
    content = packet().replace(b" /></rdf:RDF>", f">{elements}</rdf:Description></rdf:RDF>".encode())
    assert depth_of(jpeg(tmp_path / "a.jpg", main(content))).shape == (2, 3)


def test_the_depth_of_a_picture_has_the_orientation_of_its_pixels(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", main(packet(**RANGE, **{"GDepth:Data": encoded()})), orientation=6)
    with open_source(path) as source:
        frame = next(iter(source))
        again = next(iter(source))
    assert frame.depth_m is not None
    assert frame.depth_m is again.depth_m
    assert frame.orientation == 6
    assert frame.depth_noise > 0
    assert frame.depth_m[0, 0] == pytest.approx(0.5)
    upright = frame.upright().depth_m
    assert upright is not None
    assert upright[0, -1] == pytest.approx(0.5)  # the stored top left becomes the top right
    with open_source(path, depth="none") as source:
        assert next(iter(source)).depth_m is None
    with open_source(path, depth="plane:1..2") as source:
        plane_m = next(iter(source)).depth_m
        assert plane_m is not None
        assert (plane_m.min(), plane_m.max()) == pytest.approx((1, 2))


def test_a_given_range_replaces_the_range_of_the_file(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", main(packet(**RANGE, **{"GDepth:Data": encoded()})))
    with open_source(path, depth_range="1..6") as source:
        first, again = next(iter(source)).depth_m, next(iter(source)).depth_m
    with open_source(path, depth_range=(6, 1)) as source:  # the file defines which samples are near
        reversed_m = next(iter(source)).depth_m
    assert first is again
    assert first is not None
    assert (first.min(), first.max(), first[0, 0]) == pytest.approx((1, 6, 1))
    assert reversed_m == pytest.approx(first)


def test_invalid_near_and_far_become_the_default_portrait_range(tmp_path: Path) -> None:
    for near, far in (("0", "0"), ("4", "0.5"), ("x", "2"), ("1", "inf"), ("nan", "nan")):
        properties = RANGE | {"GDepth:Near": near, "GDepth:Far": far, "GDepth:Data": encoded()}
        depth_m = depth_of(jpeg(tmp_path / "a.jpg", main(packet(**properties))))
        assert (depth_m.min(), depth_m.max()) == pytest.approx((0.5, 5.0))


def test_pictures_without_gdepth_have_no_depth(tmp_path: Path) -> None:
    assert read_gdepth(jpeg(tmp_path / "a.jpg")) is None
    assert read_gdepth(jpeg(tmp_path / "b.jpg", main(PACKET.format("").replace("GDepth", "G").encode()))) is None
    assert read_gdepth(jpeg(tmp_path / "c.jpg", main(b"<not xml, but no depth either"))) is None
    assert read_gdepth(jpeg(tmp_path / "d.jpg", main(packet(**RANGE)))) is None  # its data was stripped
    (tmp_path / "e.jpg").write_bytes(b"GIF89a")
    assert read_gdepth(tmp_path / "e.jpg") is None


@pytest.mark.parametrize(
    ("properties", "error"),
    [
        ({"GDepth:Data": "!!!"}, "embedded depth map cannot be decoded"),
        ({"GDepth:Data": "abc"}, "embedded depth map cannot be decoded"),
        ({"GDepth:Data": encoded()[:40] + "!" + encoded()[40:]}, "embedded depth map cannot be decoded"),
        ({"GDepth:Data": base64.b64encode(b"no picture").decode()}, "embedded depth map cannot be decoded"),
        ({"GDepth:Data": encoded()[:60]}, "embedded depth map cannot be decoded"),
        ({"GDepth:Data": ""}, "embedded depth map cannot be decoded"),
        ({"GDepth:Data": encoded(), "GDepth:Format": "Log"}, "the format 'Log'"),
        ({"GDepth:Data": encoded(), "GDepth:Units": "furlong"}, "in 'furlong'"),
        ({"xmpNote:HasExtendedXMP": IDENTIFIER.decode()}, "missing or cut off"),
    ],
)
def test_a_broken_map_gives_one_line_and_the_picture_opens_without_depth(
    tmp_path: Path, properties: dict[str, str], error: str
) -> None:
    path = jpeg(tmp_path / "a.jpg", main(packet(**(RANGE | properties))))
    with pytest.raises(SourceError, match=error) as raised:
        open_source(path)
    assert "\n" not in str(raised.value)
    assert "--depth none" in str(raised.value)
    with open_source(path, depth="none") as source:
        assert next(iter(source)).size == (6, 4)


def test_a_missing_or_too_long_segment_is_refused(tmp_path: Path) -> None:
    first = main(packet(**RANGE, **{"xmpNote:HasExtendedXMP": IDENTIFIER.decode()}))
    rest = extended(packet(**{"GDepth:Data": encoded()}), piece=200)
    for pieces in (rest[:-1], rest[1:], rest[:1] + rest[2:], [rest[0] + b"more", *rest[1:]]):
        with pytest.raises(SourceError, match="missing or cut off"):
            read_gdepth(jpeg(tmp_path / "a.jpg", first, *pieces))


def test_entities_and_malformed_xml_are_refused(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "xxxxxxxx"><!ENTITY c "&b;&b;&b;">]>' + packet(**RANGE)
    with pytest.raises(SourceError, match="entities"):
        read_gdepth(jpeg(tmp_path / "a.jpg", main(bomb)))
    with pytest.raises(SourceError, match="XMP metadata is broken"):
        read_gdepth(jpeg(tmp_path / "b.jpg", main(packet(**RANGE)[:-9])))


def test_a_cut_off_file_gives_a_map_or_a_clear_error(tmp_path: Path) -> None:
    first = main(packet(**RANGE, **{"xmpNote:HasExtendedXMP": IDENTIFIER.decode()}))
    intact = jpeg(tmp_path / "a.jpg", first, *extended(packet(**{"GDepth:Data": encoded()}), piece=300)).read_bytes()
    for length in range(0, len(intact), 7):
        (tmp_path / "a.jpg").write_bytes(intact[:length])
        try:
            read_gdepth(tmp_path / "a.jpg")
        except SourceError as error:
            assert "missing or cut off" in str(error)  # noqa: PT017


@pytest.mark.parametrize(("segments", "is_read"), [(1525, True), (1526, False)])
def test_at_most_100_megabytes_of_metadata_are_read(tmp_path: Path, segments: int, is_read: bool) -> None:
    """A map after 1525 full segments is read; after one more segment it is not."""
    depth = jpeg(tmp_path / "a.jpg", main(packet(**RANGE, **{"GDepth:Data": encoded()}))).read_bytes()
    path = tmp_path / "b.jpg"
    with path.open("wb") as file:
        file.write(depth[:2])
        for _ in range(segments):
            file.write(b"\xff\xe1\xff\xff")
            file.seek(65533, 1)
        file.write(depth[2:])
    assert (read_gdepth(path) is not None) == is_read


# Dynamic Depth

DD = "http://ns.google.com/photos/dd/1.0/"


def dynamic_depth(
    path: Path, *, padding: int = 0, as_attributes: bool = False, trailer: bytes = b"", **changed: str
) -> tuple[bytes, bytes]:
    """Writes a JPEG with a depth map behind it; a `trailer` follows, and the picture has its length then."""
    pictures = []
    for grey in (np.full((16, 24), 90, np.uint8), np.tile(np.linspace(0, 255, 24), (16, 1)).astype(np.uint8)):
        out = io.BytesIO()
        Image.fromarray(grey).save(out, "PNG" if pictures else "JPEG")
        pictures.append(out.getvalue())
    jpeg, depth = pictures
    values = {"Format": "RangeInverse", "Units": "Meters", "Near": "0.5", "Far": "4", "DepthURI": "android/depthmap"}
    values |= changed

    def element(name: str, prefix: str, fields: dict[str, str]) -> str:
        if as_attributes:
            pairs = [f'{prefix}:{key}="{text}"' for key, text in fields.items()]
            return f"<{name} {' '.join(pairs)}/>"
        inside = "".join(f"<{prefix}:{key}>{text}</{prefix}:{key}>" for key, text in fields.items())
        return f'<{name} r:parseType="Resource">{inside}</{name}>'

    def head(length: int) -> bytes:
        items = [{"Mime": "image/jpeg", "Length": f"{length:06}"}]
        items.append(
            {"Mime": "image/png", "Length": str(len(depth)), "Padding": str(padding), "DataURI": "android/depthmap"}
        )
        packet = (
            f'<x><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:D="{DD}depthmap/" '
            f'xmlns:I="{DD}item/" xmlns:C="{DD}camera/">{element("C:DepthMap", "D", values)}'
            + "".join(element("r:li", "I", item) for item in items)
            + "</r:RDF></x>"
        ).encode()
        segment = b"http://ns.adobe.com/xap/1.0/\0" + packet
        return b"\xff\xd8\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment

    length = len(head(0) + jpeg[2:]) if trailer else 0
    path.write_bytes(head(length) + jpeg[2:] + depth + bytes(padding) + trailer)
    return head(0), jpeg


@pytest.mark.parametrize("as_attributes", [False, True])
@pytest.mark.parametrize(("form", "padding"), [("RangeInverse", 0), ("RangeLinear", 0), ("RangeInverse", 16)])
def test_dynamic_depth_is_the_picture_behind_the_picture(
    tmp_path: Path, as_attributes: bool, form: str, padding: int
) -> None:
    head, jpeg = dynamic_depth(tmp_path / "a.jpg", padding=padding, as_attributes=as_attributes, Format=form)
    depth_m = read_picture(tmp_path / "a.jpg").depth_m
    assert depth_m is not None
    assert (depth_m[0, 0], depth_m[0, -1]) == pytest.approx((0.5, 4.0), rel=1e-4)
    (tmp_path / "b.jpg").write_bytes(head + jpeg[2:])
    with pytest.raises(SourceError, match=r"b\.jpg: its (depth map|embedded depth map) .*--depth none"):
        read_picture(tmp_path / "b.jpg")


@pytest.mark.parametrize(
    ("changed", "ends"),
    [
        ({"Units": "mm", "Near": "500", "Far": "4000"}, (0.5, 4.0)),
        ({"Units": "Diopters", "Near": "2", "Far": "0.25"}, (0.5, 4.0)),
        ({"Units": "Diopters", "Near": "2", "Far": "0"}, PORTRAIT_M),
        ({"Units": "None", "Near": "0", "Far": "1"}, PORTRAIT_M),
        ({"Units": "m", "Near": "nan", "Far": "4"}, PORTRAIT_M),
    ],
)
def test_the_units_of_dynamic_depth(tmp_path: Path, changed: dict[str, str], ends: tuple[float, float]) -> None:
    dynamic_depth(tmp_path / "a.jpg", **changed)
    depth_m = read_picture(tmp_path / "a.jpg").depth_m
    assert (depth_m[0, 0], depth_m[0, -1]) == pytest.approx(ends, rel=1e-4)


def test_dynamic_depth_before_further_data(tmp_path: Path) -> None:
    dynamic_depth(tmp_path / "a.jpg", trailer=b"a video" * 100)
    depth_m = read_picture(tmp_path / "a.jpg").depth_m
    assert (depth_m[0, 0], depth_m[0, -1]) == pytest.approx((0.5, 4.0), rel=1e-4)
