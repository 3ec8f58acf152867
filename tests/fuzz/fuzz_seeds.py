"""Small valid inputs of every format, made in memory or in a folder; the inputs of the fuzz tests are changes of these.

A format whose optional library is missing has no seeds, and its parsers are left out.
"""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import tifffile
from dng_support import gain_map, opcodes, ramp, write_dng
from PIL import Image, ImageCms, PngImagePlugin

Seeds = tuple[bytes, ...]
SIZE = (24, 16)


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


def _rgb() -> np.ndarray:
    return _rng().integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def _in_file(suffix: str, write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"seed{suffix}"
        write(path)
        return path.read_bytes()


@cache
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@cache
def png() -> Seeds:
    image = Image.fromarray(_rgb())
    exif = Image.Exif()
    exif[0x0112] = 6
    info = PngImagePlugin.PngInfo()
    info.add(b"cICP", bytes((12, 13, 0, 1)))
    info.add(b"gAMA", struct.pack(">I", 45455))
    grey = Image.fromarray(_rng().integers(0, 65535, SIZE[::-1], dtype=np.uint16))
    return (
        _saved(image, "PNG", icc_profile=profile(), exif=exif),
        _saved(image, "PNG", pnginfo=info),
        _saved(grey, "PNG"),
        _saved(image.convert("P"), "PNG"),
        _saved(image.convert("RGBA"), "PNG"),
        colour_png_16(),
    )


@cache
def colour_png_16() -> bytes:
    """PNG of 16-bit RGB, which Pillow cannot write."""
    width, height = SIZE
    rows = _rng().integers(0, 65535, (height, width * 3), dtype=np.uint16).astype(">u2")
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(body)))
    written = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*chunks, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + written


def with_checksums(content: bytes) -> bytes:
    """A PNG whose chunks have the right checksums, as far as they can be followed."""
    png, at = bytearray(content), 8
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if end + 4 > len(png):
            break
        png[end : end + 4] = struct.pack(">I", zlib.crc32(png[at + 4 : end]))
        at = end + 4
    return bytes(png)


@cache
def jpeg() -> Seeds:
    image = Image.fromarray(_rgb())
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = 8, "House", "Box"
    inner = exif.get_ifd(0x8769)
    inner[0x829A], inner[0x9003] = (1, 60), "2024:01:02 03:04:05"
    return (
        _saved(image, "JPEG", exif=exif, icc_profile=profile()),
        _saved(image.convert("L"), "JPEG"),
        _saved(image.convert("CMYK"), "JPEG"),
        _saved(image, "JPEG", progressive=True),
    )


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" GDepth:Format="RangeInverse"
GDepth:Near="0.5" GDepth:Far="6.0" GDepth:Mime="image/png" GDepth:Data="{data}"/></rdf:RDF></x:xmpmeta>"""
DYNAMIC = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:Device="http://ns.google.com/photos/dd/1.0/device/"
xmlns:Container="http://ns.google.com/photos/1.0/container/" xmlns:Item="http://ns.google.com/photos/1.0/container/item/"
xmlns:DepthMap="http://ns.google.com/photos/dd/1.0/depthmap/">
<Container:Directory><rdf:Seq>
<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg" Item:Semantic="Primary"
Item:Length="0"/></rdf:li>
<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/png" Item:Semantic="Depth" Item:Length="{length}"
Item:URI="android/depthmap"/></rdf:li></rdf:Seq></Container:Directory>
<Device:DepthMap DepthMap:Format="RangeInverse" DepthMap:Near="0.5" DepthMap:Far="6.0" DepthMap:Units="Meters"
DepthMap:DepthURI="android/depthmap" DepthMap:ItemSemantic="Depth"/></rdf:Description></rdf:RDF></x:xmpmeta>"""


def with_xmp(picture: bytes, packet: str) -> bytes:
    """A JPEG with a packet of XMP after its first marker."""
    segment = b"http://ns.adobe.com/xap/1.0/\0" + packet.encode()
    return picture[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + picture[2:]


@cache
def depth_jpeg() -> Seeds:
    import base64

    encoded = _saved(Image.fromarray(_rng().integers(0, 255, (8, 12), dtype=np.uint8)), "PNG")
    plain = _saved(Image.fromarray(_rgb()), "JPEG")
    gdepth = with_xmp(plain, XMP.format(data=base64.b64encode(encoded).decode()))
    return gdepth, with_xmp(plain, DYNAMIC.format(length=len(encoded))) + encoded


@cache
def tiff() -> Seeds:
    rgb, floats = _rgb(), _rng().random((*SIZE[::-1], 3)).astype(np.float32)

    def written(samples: np.ndarray, **options: object) -> bytes:
        stream = io.BytesIO()
        tifffile.imwrite(stream, samples, **options)
        return stream.getvalue()

    return (
        written(rgb, photometric="rgb"),
        written(rgb.astype(np.uint16) * 257, photometric="rgb", compression="zlib", predictor=True),
        written(floats, photometric="rgb", tile=(16, 16)),
        written(np.moveaxis(rgb, -1, 0).astype(np.uint16), photometric="rgb", planarconfig="separate"),
        written(rgb[..., 0], photometric="miniswhite"),
        written(floats[..., 0] + 0.5, photometric="minisblack"),
    )


@cache
def other_pictures() -> dict[str, Seeds]:
    image = Image.fromarray(_rgb())
    pgm = b"P5\n# grey\n24 16\n255\n" + _rgb()[..., 0].tobytes()
    return {
        ".webp": (_saved(image, "WEBP"),),
        ".gif": (_saved(image.convert("P"), "GIF"),),
        ".bmp": (_saved(image, "BMP"),),
        ".pgm": (pgm, b"P2\n3 2\n9\n1 2 3 4 5 6\n", _saved(image, "PPM")),
        ".jp2": (_saved(image, "JPEG2000"),),
        ".avif": (_saved(image, "AVIF"),),
    }


@cache
def heic() -> Seeds:
    import pillow_heif

    return tuple(_in_file(".heic", pillow_heif.from_pillow(image).save) for image in (Image.fromarray(_rgb()),))


@cache
def exr() -> Seeds:
    import OpenEXR

    scene = _rng().random((*SIZE[::-1], 3)).astype(np.float32)
    half = {name: scene[..., channel].astype(np.float16) for channel, name in enumerate("RGB")}
    depth = {"Z": np.full(SIZE[::-1], 2.0, np.float32)}

    def written(channels: dict[str, np.ndarray], **header: object) -> bytes:
        return _in_file(".exr", lambda path: OpenEXR.File(header, channels).write(str(path)))

    zip_scan = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    return (
        written(half | depth, **zip_scan),
        written({"RGB": scene}, **zip_scan, chromaticities=(0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)),
        written({"left.R": half["R"], "left.G": half["G"], "left.B": half["B"]}, **zip_scan),
    )


def bad_pixels(points: list[tuple[int, int]], areas: list[tuple[int, int, int, int]]) -> tuple[int, bytes]:
    """A FixBadPixelsList of (row, column) and of rectangles."""
    numbers = [0, len(points), len(areas), *(side for listed in (*points, *areas) for side in listed)]
    return 5, struct.pack(f">{len(numbers)}I", *numbers)


@cache
def dng() -> Seeds:
    samples = ramp()
    lists = (
        opcodes(1, bad_pixels([(3, 4)], [])),
        opcodes(2, gain_map(np.full((2, 2, 1), 1.5), (0, 0, *samples.shape))),
    )
    rgb = np.stack([samples, samples, samples], axis=-1)
    return (
        _in_file(".dng", lambda path: write_dng(path, samples)),
        _in_file(".dng", lambda path: write_dng(path, samples, tags=lists, active_area=(2, 2, 60, 90))),
        _in_file(".dng", lambda path: write_dng(path, rgb, photosites=None)),
        _in_file(".dng", lambda path: write_dng(path, (samples / 4095).astype(np.float32), white=1)),
    )


@cache
def opcode_lists() -> Seeds:
    vignette = 3, struct.pack(">7d", 0.2, 0, 0, 0, 0, 0.5, 0.5)
    warp = 1, struct.pack(">I", 1) + struct.pack(">8d", 1, 0, 0, 0, 0, 0, 0.5, 0.5)
    area = struct.pack(">9I", 0, 0, 64, 96, 0, 1, 1, 1, 2)
    table, polynomial = (7, area + struct.pack(">2H", 0, 65535)), (8, area + struct.pack(">3d", 0, 1, 0))
    gains = gain_map(np.full((2, 3, 1), 1.5), (0, 0, 64, 96))
    listed = (vignette, warp, gains, table, polynomial, bad_pixels([(3, 4)], [(1, 2, 5, 6)]), (4, b"\0" * 8))
    return (*(bytes(opcodes(2, opcode)[3]) for opcode in listed), bytes(opcodes(2, *listed)[3]))


@cache
def depth_maps() -> dict[str, Seeds]:
    metres = np.linspace(0.5, 6, SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE[::-1])
    words = (metres * 1000).astype(np.uint16)
    stream = io.BytesIO()
    np.save(stream, metres)
    return {
        ".npy": (stream.getvalue(),),
        ".png": (_saved(Image.fromarray(words), "PNG"), _saved(Image.fromarray((words >> 5).astype(np.uint8)), "PNG")),
        ".tif": (_in_file(".tif", lambda path: tifffile.imwrite(path, metres)),),
        ".pfm": (b"Pf\n24 16\n-1.0\n" + metres.tobytes(),),
        ".pgm": (b"P5 24 16 4095\n" + words.astype(">u2").tobytes(),),
    }


@cache
def videos() -> dict[str, Seeds]:
    import av

    def written(path: Path, codec: str, pixels: str, pictures: int = 3) -> None:
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=24)
            stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
            for number in range(pictures):
                picture = np.full((48, 64, 3), 10 * number, np.uint8)
                picture[8:24, 8 : 24 + number] = 200
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))

    kinds = ((".mp4", "libx264", "yuv420p", 3), (".mkv", "mpeg4", "yuv420p", 3), (".avi", "mjpeg", "yuvj420p", 3))
    kinds += ((".mjpeg", "mjpeg", "yuvj420p", 3), (".ts", "mpeg2video", "yuv420p", 20))
    found = {s: (_in_file(s, lambda path, c=c, p=p, n=n: written(path, c, p, n)),) for s, c, p, n in kinds}
    return found | {".mp4": (*found[".mp4"], playlist())}


def playlist() -> bytes:
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n"


@cache
def y4m() -> Seeds:
    def written(colour: str, samples: int) -> bytes:
        return f"YUV4MPEG2 W8 H6 F25:1 Ip A1:1 C{colour}\n".encode() + 2 * (b"FRAME\n" + bytes(range(samples)))

    odd = b"YUV4MPEG2 W7 H5 C420p10 XCOLORRANGE=FULL\nFRAME Ip\n" + bytes(2 * (35 + 24))
    return written("420jpeg", 72), written("444", 144), written("mono", 48), odd


@cache
def luts() -> dict[str, Seeds]:
    corners = [(r, g, b) for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    nodes = [f"{r} {g} {b}" for r, g, b in corners]
    cube = "\n".join(("TITLE a", "LUT_3D_SIZE 2", "DOMAIN_MIN 0 0 0", "DOMAIN_MAX 1 1 1", *nodes))
    both = "\n".join(("LUT_1D_SIZE 2", "LUT_1D_INPUT_RANGE 0 2", "LUT_3D_SIZE 2", "0 0 0", "1 1 1", *nodes))
    greys = (0, 512, 1023)
    three = "0 256 512 768 1023\n" + "".join(f"{r} {g} {b}\n" for r in greys for g in greys for b in greys)
    clf = (
        '<?xml version="1.0"?>\n<ProcessList id="a" compCLFversion="3">\n<Matrix inBitDepth="32f" outBitDepth="32f">'
        '<Array dim="3 3">1 0 0\n0 1 0\n0 0 1</Array></Matrix>\n<LUT1D inBitDepth="32f" outBitDepth="32f">'
        '<Array dim="2 3">0 0 0\n1 1 1</Array></LUT1D>\n<LUT3D inBitDepth="32f" outBitDepth="32f">'
        '<Array dim="2 2 2 3">' + "\n".join(nodes) + "</Array></LUT3D>\n</ProcessList>\n"
    )
    csp = "CSPLUTV100\n3D\n\n" + "2\n0.0 1.0\n0.0 1.0\n" * 3 + "\n2 2 2\n" + "\n".join(nodes) + "\n"
    spi1d = "Version 1\nFrom 0 1\nLength 2\nComponents 3\n{\n0 0 0\n1 1 1\n}\n"
    spi3d = "SPILUT 1.0\n3 3\n2 2 2\n" + "".join(f"{node} {node}\n" for node in nodes)
    texts = {".cube": (cube, both), ".3dl": (three,), ".clf": (clf,), ".csp": (csp,)}
    texts |= {".spi1d": (spi1d,), ".spi3d": (spi3d,)}
    return {suffix: tuple(text.encode() for text in each) for suffix, each in texts.items()}


@cache
def hald() -> Seeds:
    steps = np.arange(4) * 85
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    pixels = np.stack([red, green, blue], -1).reshape(8, 8, 3).astype(np.uint8)
    return (_saved(Image.fromarray(pixels), "PNG"),)
