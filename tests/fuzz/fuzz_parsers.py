"""Every parser of input from people and programs, each with valid inputs and a function that reads a changed one.

A parser may refuse an input by a GroundglassError; anything else that it raises is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import fuzz_driver
import fuzz_exchanged
import fuzz_seeds
import fuzz_texts
from groundglass.capture.metadata import read_metadata
from groundglass.capture.open import open_source
from groundglass.colour.output_space import open_output_space
from groundglass.formats.camera_profile import load_profile
from groundglass.formats.depth_files import Scaling, read_map
from groundglass.formats.dng_read import read_dng
from groundglass.formats.opcodes import parse_opcodes
from groundglass.lens import load_lens
from groundglass.look.exchange.xmp import read_xmp
from groundglass.look.exchange.xmp_look import look_of_settings
from groundglass.look.look import load_look
from groundglass.look.lut_read import read_lut
from groundglass.tools.saved_settings import read_settings

Read = Callable[[bytes], object]
MAX_FRAMES = 4


@dataclass(frozen=True)
class Parser:
    """`seeds` returns valid inputs. `reader` opens a parser in a folder of its own; it yields the function that reads.

    `tokens` are words of a text format. `repair` makes checksums right again, in half of the inputs. `per_test` inputs
    are read in `make test`.
    """

    name: str
    seeds: Callable[[], tuple[bytes, ...]]
    reader: Callable[[Path], Iterator[Read]]
    is_text: bool = False
    tokens: tuple[str, ...] = ()
    repair: Callable[[bytes], bytes] | None = None
    per_test: int = 40


def _in_file(suffix: str, read: Callable[[Path], object]) -> Callable[[Path], Iterator[Read]]:
    """Each input is written into one file, whose path is read."""

    def reader(folder: Path) -> Iterator[Read]:
        path = folder / f"input{suffix}"

        def run(content: bytes) -> object:
            path.write_bytes(content)
            return read(path)

        yield run

    return reader


def _plain(read: Read) -> Callable[[Path], Iterator[Read]]:
    def reader(folder: Path) -> Iterator[Read]:
        yield read

    return reader


def _as_text(read: Callable[[str], object]) -> Callable[[Path], Iterator[Read]]:
    """As from the command line: bytes that are not UTF-8 are surrogates."""
    return _plain(lambda content: read(content.decode("utf-8", "surrogateescape")))


def frames_of(path: Path, **options: object) -> None:
    """Opens a source and reads its first frames, as `groundglass view` does."""
    with open_source(path, **options) as source:  # type: ignore[arg-type]
        for frame in islice(source, MAX_FRAMES):
            assert frame.size[0] > 0
            frame.release()


def shown(path: Path) -> None:
    """As `groundglass view` and `groundglass info`."""
    try:
        frames_of(path)
    finally:
        read_metadata(str(path))


def _pictures() -> Iterator[Parser]:
    of_suffix = {".png": fuzz_seeds.png, ".jpg": fuzz_seeds.jpeg, ".tif": fuzz_seeds.tiff, ".heic": fuzz_seeds.heic}
    of_suffix |= {".exr": fuzz_seeds.exr, ".dng": fuzz_seeds.dng}
    of_suffix |= {s: partial(lambda s: fuzz_seeds.other_pictures()[s], s) for s in (".webp", ".gif", ".bmp")}
    of_suffix |= {s: partial(lambda s: fuzz_seeds.other_pictures()[s], s) for s in (".pgm", ".jp2", ".avif")}
    for suffix, seeds in of_suffix.items():
        repair = fuzz_seeds.with_checksums if suffix == ".png" else None
        per_test = 12 if suffix == ".dng" else 40  # LibRaw is slow
        yield Parser(f"picture{suffix}", seeds, _in_file(suffix, shown), repair=repair, per_test=per_test)
    yield Parser("depth-in-jpeg", fuzz_seeds.depth_jpeg, _in_file(".jpg", shown), tokens=("GDepth:Near", "<", "&x;"))
    yield Parser("unknown-suffix", lambda: fuzz_seeds.png() + fuzz_seeds.dng(), _in_file(".xyz", shown), per_test=12)
    mosaic = partial(frames_of, raw_format="bggr16")
    yield Parser("mosaic-in-picture", lambda: fuzz_seeds.other_pictures()[".pgm"], _in_file(".pgm", mosaic))
    headerless = partial(frames_of, raw_format="rggb10", raw_size=(12, 8))
    yield Parser("headerless", lambda: (bytes(192), bytes(384)), _in_file(".raw", headerless))
    yield Parser("dng-tags", fuzz_seeds.dng, _in_file(".dng", read_dng))
    yield Parser("opcodes", fuzz_seeds.opcode_lists, _plain(lambda content: parse_opcodes(2, content)), per_test=300)
    yield Parser("icc", lambda: (fuzz_seeds.profile(),), _in_file(".icc", open_output_space))


def _depths() -> Iterator[Parser]:
    for suffix in (".npy", ".png", ".tif", ".pfm", ".pgm"):
        seeds = partial(lambda suffix: fuzz_seeds.depth_maps()[suffix], suffix)
        yield Parser(f"depth{suffix}", seeds, _in_file(suffix, lambda path: read_map(path, Scaling(1000.0))))


def _videos() -> Iterator[Parser]:
    for suffix in (".mp4", ".mkv", ".avi", ".mjpeg", ".ts"):
        seeds = partial(lambda suffix: fuzz_seeds.videos()[suffix], suffix)
        yield Parser(f"video{suffix}", seeds, _in_file(suffix, shown), per_test=15)
    yield Parser("y4m", fuzz_seeds.y4m, _in_file(".y4m", frames_of), is_text=True, tokens=("FRAME\n", "YUV4MPEG2 "))


def _luts() -> Iterator[Parser]:
    for suffix in (".cube", ".3dl", ".clf", ".csp", ".spi1d", ".spi3d"):
        seeds = partial(lambda suffix: fuzz_seeds.luts()[suffix], suffix)
        tokens = ("LUT_3D_SIZE 257", "LUT_1D_SIZE", "Length", "<Array dim=", "nan")
        yield Parser(f"lut{suffix}", seeds, _in_file(suffix, read_lut), is_text=True, tokens=tokens)
    yield Parser("lut.png", fuzz_seeds.hald, _in_file(".png", read_lut), repair=fuzz_seeds.with_checksums)


def _imported(path: Path) -> object:
    return look_of_settings(read_xmp(path))


def _tables() -> Iterator[Parser]:
    def text(seeds: tuple[str, ...]) -> Callable[[], tuple[bytes, ...]]:
        return lambda: tuple(seed.encode() for seed in seeds)

    for name, seeds, read in (
        ("look", text(fuzz_texts.LOOKS), load_look),
        ("lens", text(fuzz_texts.LENSES), lambda path: load_lens(str(path))),
        ("profile", text(fuzz_texts.PROFILES), load_profile),
        ("settings", text(fuzz_texts.SETTINGS), lambda path: list(read_settings(path))),
    ):
        yield Parser(name, seeds, _in_file(".toml", read), is_text=True, tokens=fuzz_texts.TOML_WORDS, per_test=150)
    xmp = text(fuzz_texts.DEVELOP_SETTINGS)
    yield Parser("xmp", xmp, _in_file(".xmp", _imported), is_text=True, tokens=fuzz_texts.XMP_WORDS, per_test=25)
    for name, seeds, reader, tokens in fuzz_texts.in_memory():
        yield Parser(name, text(seeds), reader, is_text=True, tokens=tokens, per_test=150)
    for name, seeds, read_name in fuzz_texts.names():
        yield Parser(name, text(seeds), _as_text(read_name), is_text=True, tokens=fuzz_texts.NAME_WORDS, per_test=100)


def _drivers() -> Iterator[Parser]:
    yield Parser("v4l2-driver", fuzz_driver.seeds, fuzz_driver.reader, per_test=100)


def _exchanged() -> Iterator[Parser]:
    for name, seeds, reader, tokens, per_test in fuzz_exchanged.exchanged():
        yield Parser(name, seeds, reader, is_text=True, tokens=tokens, per_test=per_test)


def all_parsers() -> dict[str, Parser]:
    """Every parser by name. Those of missing libraries are left out."""
    groups = (_pictures(), _depths(), _videos(), _luts(), _tables(), _drivers(), _exchanged())
    found = {parser.name: parser for group in groups for parser in group}
    return {name: parser for name, parser in found.items() if _has_seeds(parser)}


def _has_seeds(parser: Parser) -> bool:
    try:
        return bool(parser.seeds())
    except ImportError:
        return False
