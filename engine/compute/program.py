"""Kernel sources with their includes, the origin of each assembled line, and the kernels built from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from ..errors import ShaderError
from ..program_text.includes import with_includes
from ..program_text.library import SourceLibrary, readable
from .arguments import Argument, bind
from .device import OwnNumbers

KERNELS = SourceLibrary("groundglass.kernels", (".cl", ".h"))

_PROTOTYPE = re.compile(r"^KERNEL\s+void\s+(\w+)\s*\(([^(){};]*)\)", re.MULTILINE)
# Compilers write `input.cl:120:7`, `<kernel>:120:7:` or `program.cu(120)`, before `error:` or after it.
_LOG_PLACE = re.compile(r"(?<![\w.:])(?:<[^>\s]*>|[^\s:()]*?)[:(](\d+)(?:[:,](\d+))?\)?(?=:)")
_ERROR_PLACE = re.compile(r"([^\s:]+):(\d+):(\d+):\s*(?:fatal )?(?:error[^:]*:\s*)?(.*)")


@dataclass(frozen=True, slots=True)
class KernelSource:
    """The assembled text of one kernel file. `lines[i]` is the (file, line) of line i + 1."""

    name: str
    text: str
    lines: tuple[tuple[str, int], ...]

    def entry_points(self) -> dict[str, tuple[Argument, ...]]:
        """The arguments that each kernel declares, by its name. Raises ShaderError."""
        return {
            name: tuple(Argument.parse(declaration, f"{self.name}: {name}") for declaration in declarations.split(","))
            for name, declarations in _PROTOTYPE.findall(self.text)
        }

    def explain(self, log: str) -> str:
        """The errors of a compiler's log on one line, each with its original file and line."""
        return f"kernels/{self.name} does not compile: {'; '.join(self._errors(log, with_columns=False))}"

    def error(self, log: str) -> ShaderError:
        """The error of a compiler's log: the message of `explain`, and all errors as its `places`."""
        located = (_ERROR_PLACE.search(line) for line in self._errors(log, with_columns=True))
        return ShaderError(
            self.explain(log), [f"{place[1]}:{place[2]}:{place[3]}: {place[4]}" for place in located if place]
        )

    def _errors(self, log: str, *, with_columns: bool) -> list[str]:
        """The lines of a log with errors, or all lines, with original files and lines."""

        def locate(match: re.Match[str]) -> str:
            number = int(match.group(1))
            if not 1 <= number <= len(self.lines):
                return match.group(0)
            file, line = self.lines[number - 1]
            return f"{file}:{line}:{match[2] or 1}" if with_columns else f"{file}:{line}"

        located = [_LOG_PLACE.sub(locate, line).strip() for line in log.splitlines()]
        return [line for line in located if re.search(r"\berror\b[^:]*:", line)] or [line for line in located if line]


class Kernels:
    """The kernels of one device by source and name.

    A source is built by `build` at its first use, and again when one of its files has changed in the library. `build`
    returns a function from a kernel's name to the driver's kernel, or raises ShaderError.
    """

    def __init__(self, build: Callable[[KernelSource], Callable[[str], Any]]) -> None:
        self._build = build
        self._built: dict[str, tuple[KernelSource, Callable[[str], Any]]] = {}
        self._kernels: dict[tuple[str, str], tuple[Any, tuple[Argument, ...]]] = {}
        self._building: dict[str, Lock] = {}  # by source: a second thread waits for the first, and builds nothing
        self._revision = KERNELS.revision
        self._ahead: dict[KernelSource, Callable[[str], Any]] = {}

    def __len__(self) -> int:
        """The number of built sources."""
        return len(self._built)

    def names(self) -> list[tuple[str, str]]:
        """The source and the name of each kernel in a file that has been called."""
        return [key for key in list(self._kernels) if not KERNELS.is_generated(key[0])]

    def find(self, source: str, kernel: str) -> None:
        """Builds the source, unless it is built, so that a `call` in a frame does not. Raises ShaderError."""
        self._found(source, kernel)

    @property
    def are_outdated(self) -> bool:
        """Whether a file has changed in the library since they were built; `call` then builds them again."""
        return self._revision != KERNELS.revision

    def call(self, source: str, kernel: str, arguments: Mapping[str, object]) -> tuple[Any, tuple[Any, ...]]:
        """The driver's kernel, and `arguments` in the order and the types that the kernel declares.

        Raises ShaderError if the source does not compile, has no such kernel, or takes other arguments.
        """
        compiled, declared = self._found(source, kernel)
        return compiled, bind(source, kernel, declared, arguments)

    def complete(
        self, source: str, kernel: str, arguments: dict[str, object], own: OwnNumbers | None
    ) -> dict[str, object]:
        """`arguments`, completed by those of `own` that the kernel declares. Raises ShaderError as `call` does."""
        names = [argument.name for argument in self._found(source, kernel)[1]]
        numbers = {} if own is None else own._asdict()
        return {**{name: number for name, number in numbers.items() if name in names}, **arguments}

    def _found(self, source: str, kernel: str) -> tuple[Any, tuple[Argument, ...]]:
        if self.are_outdated:
            self._renew()
        return self._kernels.get((source, kernel)) or self._find(source, kernel)

    def _find(self, source: str, kernel: str) -> tuple[Any, tuple[Argument, ...]]:
        text = load_kernel_source(source)
        entry_points = text.entry_points()
        declared = entry_points.get(kernel)
        if declared is None:
            raise ShaderError(f"{source}: has no kernel '{kernel}'; it has {', '.join(entry_points)}")
        with self._building.setdefault(source, Lock()):
            built = self._built.get(source)
            if built is None:
                self._drop_removed()
                built = self._built[source] = text, self._build(text)
        found = built[1](kernel), declared
        self._kernels[source, kernel] = found
        return found

    def _drop_removed(self) -> None:
        """Drops what was built of generated texts that their users have removed."""
        for source in [name for name in list(self._built) if KERNELS.text_in_use(name.partition("?")[0]) is None]:
            self._built.pop(source, None)
            self._building.pop(source, None)
            for key in [key for key in list(self._kernels) if key[0] == source]:
                self._kernels.pop(key, None)

    def build_ahead(self, texts: Mapping[str, str | None]) -> dict[KernelSource, Callable[[str], Any]]:
        """Builds the sources that changed `texts` of files would affect, before they are put; in any thread.

        Returns the built sources. Raises ShaderError.
        """

        def read(name: str) -> str | None:
            return readable(texts[name]) if name in texts else KERNELS.read(name)

        sources = [assemble(name, read) for name in list(self._built)]
        changed = [source for source in sources if source != self._built[source.name][0]]
        self._ahead = {source: self._build(source) for source in changed}
        return self._ahead

    def _renew(self) -> None:
        """Builds the sources whose text has changed; all or none."""
        self._drop_removed()
        texts = {name: load_kernel_source(name) for name in self._built}
        changed = {name: text for name, text in texts.items() if text != self._built[name][0]}
        built = {name: (text, self._ahead.get(text) or self._build(text)) for name, text in changed.items()}
        self._ahead = dict(self._built[name] for name in changed)  # so that reverting an edit is as quick
        self._built |= built
        self._kernels = {key: found for key, found in list(self._kernels.items()) if key[0] not in changed}
        self._revision = KERNELS.revision

    def clear(self) -> None:
        self._built.clear()
        self._kernels.clear()


def load_kernel_source(name: str) -> KernelSource:
    """`kernels/<name>` with its includes inserted, each file once. Raises ShaderError if a file does not exist.

    Build options may follow the name: `linearize.cl?PACKING=RAW10&MAPPED=1` defines these macros before the first line.
    A choice that is the same for the whole frame is then not made for each pixel.
    """
    return _load_kernel_source(name, KERNELS.revision)


@lru_cache(maxsize=256)
def _load_kernel_source(name: str, revision: int) -> KernelSource:
    return assemble(name, KERNELS.read)


def assemble(name: str, read: Callable[[str], str | None]) -> KernelSource:
    """As `load_kernel_source`, with texts from `read`, which returns None if a file does not exist."""
    file, _, settings = name.partition("?")

    def read_kernel(name: str) -> str:
        text = read(name)
        if text is None:
            raise ShaderError(f"kernels/{name}: no such file; the installation is incomplete, reinstall groundglass")
        return text

    defines = [f"#define {setting.replace('=', ' ')}" for setting in settings.split("&") if setting]
    lines, origins = with_includes(file, read_kernel)
    return KernelSource(name, "\n".join(defines + lines) + "\n", ((file, 1),) * len(defines) + tuple(origins))


def list_kernel_sources() -> list[str]:
    """The names of all built-in kernel files, sorted."""
    return [name for name in KERNELS.names() if name.endswith(".cl")]
