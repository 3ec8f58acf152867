"""The names of a batch: which inputs the SOURCEs of the command line are, and what their outputs are called."""

from __future__ import annotations

import codecs
import glob
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ..capture.kinds import find_kind
from ..capture.sequence import frame_paths, natural_key
from ..errors import GroundglassError, OutputError, SourceError, cause
from .storage import is_remote, matches, plain, suffix_of

LIST = "@"  # @files.txt names a list; @- is the standard input
WILDCARDS = re.compile(r"[*?[]")
NAME = "{name}"
NUMBER = re.compile(r"%(0\d)?d")
FOLDER_SUFFIX = ".png"
NUMBERED = "%04d"


@dataclass(frozen=True, slots=True)
class Input:
    """A SOURCE: a file, a folder of frames or a video. `name` is that of its output, with slashes, without suffix."""

    source: str
    name: str


def expand(sources: list[str], root: str, *, each: bool = False) -> list[Input]:
    """The inputs that `sources` are: files, folders, patterns such as "shoot/**/*.dng", and lists, `@files.txt`.

    An output has the name of its input. The folders below the fixed part of a pattern, and those of a relative path in
    a list, are kept. With `each`, a folder is all raw files in it and its folders, or the pictures of a folder without
    raw files; else it is a clip. Files in `root`, the folder of the outputs, are not found by patterns and by `each`
    in a folder above it. Raises SourceError.
    """
    return [found for source in sources for found in _expanded(source, root, each=each)]


def is_pattern(source: str) -> bool:
    """Whether a SOURCE stands for several files: a list, or a pattern that is not the name of a file."""
    if os.path.lexists(source):
        return False
    is_address = source.startswith(("http://", "https://")) or find_kind(source) is not None
    return source.startswith(LIST) or (WILDCARDS.search(source) is not None and not is_address)


def _expanded(source: str, root: str, *, each: bool) -> Iterator[Input]:
    source = plain(source)
    if source.startswith(LIST) and not os.path.lexists(source):
        for line in _lines(source[1:]):
            is_kept = not os.path.isabs(line) and "://" not in line and ".." not in PurePosixPath(line).parts
            yield Input(line, _without_suffix(os.path.normpath(line)) if is_kept else stem_of(line))
    elif is_pattern(source):
        yield from _matched(source, root)
    elif each and not is_remote(source) and Path(source).is_dir():
        yield from _files_below(Path(source), root)
    else:
        yield Input(source, stem_of(source))


def _lines(name: str) -> list[str]:
    """The names in a list: one a line, or separated by null characters."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise SourceError(f"{LIST}{name}: the list cannot be read ({error.strerror}); check its name") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # PowerShell's
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    lines = data.split(b"\0") if b"\0" in data else data.splitlines()
    found = [_listed(os.fsdecode(line)) for line in lines if line.strip() and not line.startswith(b"#")]
    if not found:
        raise SourceError(f"{LIST}{name}: the list is empty; write one file name on each line")
    return found


def _listed(line: str) -> str:
    """The name on a line of a list: without blanks around it, unless a file has them in its name."""
    return line if os.path.lexists(line) else line.strip()


def _matched(pattern: str, root: str) -> Iterator[Input]:
    fixed = PurePosixPath(*_fixed_parts(pattern))
    if is_remote(pattern):
        names = matches(pattern)
    else:
        names = sorted(_found(pattern), key=lambda name: (str(Path(name).parent), natural_key(Path(name))))
        names = [name for name in names if Path(name).is_file()] or names
        names = [name for name in names if not _is_output(name, root, str(fixed))]
    if not names:
        raise SourceError(f"{pattern}: no file matches; check the pattern, and quote it")
    base = str(fixed).replace(":/", "://", 1) if is_remote(pattern) else str(fixed)
    for name in names:
        below = name[len(base) :].lstrip("/") if is_remote(pattern) and name.startswith(base) else None
        yield Input(name, _without_suffix(below or (stem_of(name) if below == "" else os.path.relpath(name, base))))


def _found(pattern: str) -> Iterator[str]:
    """The files and folders that a pattern matches. `**` follows links, but not into a folder that holds the link."""
    pattern = f"{pattern}/*" if pattern == "**" or pattern.endswith("/**") else pattern
    before, recursive, after = pattern.partition("**/")
    if not recursive or (before and not before.endswith("/")):
        yield from glob.iglob(pattern, recursive=True)
        return
    for folder in glob.iglob(before) if before else [""]:
        for place, folders, _ in os.walk(folder or ".", followlinks=True):
            folders[:] = [name for name in folders if not name.startswith(".") and not _is_loop(f"{place}/{name}")]
            shown = folder if place == (folder or ".") else os.path.relpath(place) if not folder else place
            if "**/" in after:
                yield from _found(f"{glob.escape(shown)}/{after}" if shown else after)
            else:
                yield from glob.iglob(os.path.join(glob.escape(shown), after))


def _is_loop(folder: str) -> bool:
    """Whether a folder is a link to one that it lies in."""
    if not os.path.islink(folder):
        return False
    place = os.path.realpath(os.path.dirname(folder))
    return (place + os.sep).startswith(os.path.realpath(folder).rstrip(os.sep) + os.sep)


def _fixed_parts(pattern: str) -> list[str]:
    parts = PurePosixPath(pattern).parts
    first = next(index for index, part in enumerate(parts) if WILDCARDS.search(part))
    return list(parts[:first])


def _files_below(folder: Path, root: str) -> Iterator[Input]:
    found = False
    for place, folders, _ in os.walk(folder):
        folders[:] = [name for name in folders if not _is_output(f"{place}/{name}", root, str(folder))]
        folders[:] = sorted(
            (name for name in folders if not name.startswith(".")), key=lambda name: natural_key(Path(name))
        )
        try:
            paths = frame_paths(Path(place))
        except SourceError:
            continue
        for path in paths:
            found = True
            yield Input(str(path), _without_suffix(path.relative_to(folder).as_posix()))
    if not found:
        frame_paths(folder)  # raises the error


def _is_output(name: str, root: str, base: str) -> bool:
    """Whether a file or folder lies in the folder of the outputs, and that is below `base`."""
    output, above, place = (os.path.realpath(path) for path in (root, base, name))
    return (
        output != above and output.startswith(above + os.sep) and (place == output or place.startswith(output + os.sep))
    )


def stem_of(source: str) -> str:
    """The name of an input for {name}: that of its file or folder, without suffix."""
    try:
        path = unquote(urlsplit(source).path) if "://" in source else source
    except ValueError as error:
        raise SourceError(f"{source}: is not an address ({cause(error)}); check it") from error
    name = PurePosixPath(Path(path).as_posix())
    return name.stem or name.name or "picture"


def _without_suffix(name: str) -> str:
    path = PurePosixPath(Path(name).as_posix())
    return str(path.with_suffix("")) if path.name else str(path)


def _is_folder(name: str, output: str) -> bool:
    """Whether `name`, a part of the value `output` of --output, is a folder. Raises OutputError."""
    try:
        return Path(name).is_dir()
    except OSError as error:
        raise OutputError(f"{output}: is not a name of a file ({cause(error)}); use a shorter one") from error


@dataclass(frozen=True, slots=True)
class Target:
    """The folder of the outputs, and the pattern of their names in it: with {name}, with %04d, or of one file."""

    root: str
    pattern: str

    @classmethod
    def parse(cls, output: str, *, numbered: bool) -> Target:
        """From the value of --output. A folder has PNG files, which are `numbered` or named. Raises OutputError."""
        output = plain(output)
        if not output:
            raise OutputError("--output is empty; name a file or a folder")
        if output.startswith(("http://", "https://")):
            raise OutputError(f"{output}: web addresses are only read; name a folder, or another kind of address")
        is_folder = not is_remote(output) and _is_folder(output, output)
        if "\0" in output:
            raise OutputError(f"{output!r}: is not a name of a file; leave out the null character")
        if is_folder or output.endswith("/") or (not suffix_of(output) and "{" not in output):
            return cls(output.rstrip("/") or "/", (NUMBERED if numbered else NAME) + FOLDER_SUFFIX)
        folder, slash, pattern = output.rpartition("/")
        if (NAME in folder or NUMBER.search(folder)) and not _is_folder(folder, output):
            raise OutputError(f"{output}: only the name of a file may have {NAME} or %04d; try out/{NAME}.jpg")
        if re.search(r"[{}%]", NUMBER.sub("", pattern.replace(NAME, "", 1), count=1)):
            raise OutputError(
                f"{output}: a name may have one {NAME} and one %d or %04d; try out/{NAME}{suffix_of(output)}"
            )
        return cls(folder or slash or ".", pattern)

    @property
    def is_single(self) -> bool:
        return NAME not in self.pattern and NUMBER.search(self.pattern) is None

    @property
    def is_named(self) -> bool:
        return NAME in self.pattern

    @property
    def suffix(self) -> str:
        return suffix_of(self.pattern)

    def output(self, name: str, number: int, *, in_clip: bool) -> str:
        """The output of the input `name`. `number`, from 1, is that of the picture, in a named clip of its frame."""
        is_numbered = NUMBER.search(self.pattern) is not None
        below = f"{name}/{NUMBERED % number}" if in_clip and not is_numbered else name
        return NUMBER.sub(lambda found: found[0] % number, self.pattern).replace(NAME, below)


def once(inputs: list[Input]) -> list[Input]:
    """The inputs without those that name a file for the second time, as ./a.dng does after a.dng."""
    found: dict[tuple[str, str], Input] = {}
    for item in inputs:
        found.setdefault((item.name, item.source if is_remote(item.source) else os.path.realpath(item.source)), item)
    return list(found.values())


def check_outputs(outputs: list[tuple[str, str]]) -> None:
    """Raises OutputError if two inputs have the same output; (output, input) pairs."""
    by_output: dict[str, str] = {}
    for output, source in outputs:
        other = by_output.setdefault(output, source)
        if other != source:
            raise OutputError(
                f"{output}: is the output of {other} and of {source}; number them (-o out/%04d.png), or give their "
                "folder with --each, which keeps the folders"
            )


def check_inputs_stay(root: str, outputs: list[tuple[str, str]]) -> None:
    """Raises OutputError if an output in the folder `root` is an input; (output, input) pairs."""
    if is_remote(root):
        return
    inputs = {os.path.realpath(source): source for _, source in outputs if "://" not in source}
    for output, _ in outputs:
        path = os.path.realpath(os.path.join(root, output))
        if path in inputs:
            raise OutputError(f"{inputs[path]}: would be overwritten; name another folder with -o")


def as_error(error: Exception) -> str:
    """The reason of a failure on one line."""
    return str(error) if isinstance(error, GroundglassError) else f"{type(error).__name__}: {error}"
