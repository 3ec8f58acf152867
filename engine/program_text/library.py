"""Text files that ship with the package, such as shaders and kernels, and folders of the user's laid over them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


class SourceLibrary:
    """The files of one package. A text, once read, stays until `put` brings another: what runs is what was found whole,
    whatever an editor does to the file meanwhile.

    `revision` grows with every change, so that what was made of a text knows when to look again.
    """

    def __init__(self, package: str, suffixes: tuple[str, ...]) -> None:
        self.suffixes = suffixes
        self.revision = 0
        self._package = package
        self._folders: tuple[Path, ...] = ()
        self._texts: dict[str, str | None] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where files are looked for, in this order; without the package where that is no folder of the disk."""
        ships = resources.files(self._package)
        return (*self._folders, ships.resolve()) if isinstance(ships, Path) else self._folders

    def set_search_path(self, *folders: Path) -> None:
        """Files in these folders come before those of the same name that ship; none, and nothing lies over them."""
        self._folders = tuple(folder.resolve() for folder in folders)
        self._texts.clear()
        self.revision += 1

    def names(self) -> list[str]:
        """Of all files, sorted."""
        found = {
            file.name
            for folder in (*self._folders, resources.files(self._package))
            for file in folder.iterdir()
            if file.name.endswith(self.suffixes)
        }
        return sorted(name for name in found if self._texts.get(name, "") is not None)

    def read(self, name: str) -> str | None:
        """A file's text, as it was when it was first read or last `put`; None where there is no such file."""
        if name not in self._texts:
            self._texts[name] = self.on_disk(name)
        return self._texts[name]

    def on_disk(self, name: str) -> str | None:
        """A file's text as it is now. Raises OSError, or UnicodeDecodeError where it is not UTF-8."""
        for folder in (*self._folders, resources.files(self._package)):
            file: Traversable = folder / name
            if file.is_file():
                return file.read_text(encoding="utf-8-sig")
        return None

    def put(self, texts: Mapping[str, str | None]) -> None:
        """Takes other texts for files, None for one that is not there any more."""
        if any(self.read(name) != text for name, text in texts.items()):
            self._texts.update(texts)
            self.revision += 1
