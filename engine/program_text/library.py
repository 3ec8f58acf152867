"""The package's text files, such as shaders and kernels, and user folders that override them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock

from ..errors import ShaderError

MAX_BYTES = 4 << 20


class UnreadableText(str):
    """Stands for the text of a file that cannot be read: the reason, with the file's name."""


class SourceLibrary:
    """The files of one package. A text is read once and stays until `put` replaces it: unfinished edits have no effect.

    `revision` increases with every change: a user of the texts compares it to detect changes.
    """

    def __init__(self, package: str, suffixes: tuple[str, ...]) -> None:
        self.suffixes = suffixes
        self.revision = 0
        self._package = package
        self._folders: tuple[Path, ...] = ()
        self._texts: dict[str, str | None] = {}
        self._generated: dict[str, str] = {}
        self._users: Counter[str] = Counter()  # number of users of each generated text
        self._digest = (-1, "")
        self._lock = Lock()  # held while these change: threads compile

    @property
    def folders(self) -> tuple[Path, ...]:
        """The search path in order, excluding the package if it is not a folder on disk."""
        built_in = resources.files(self._package)
        return (*self._folders, built_in.resolve()) if isinstance(built_in, Path) else self._folders

    def set_search_path(self, *folders: Path) -> None:
        """Files in these folders override built-in files of the same name; without folders, nothing is overridden."""
        self._folders = tuple(folder.resolve() for folder in folders)
        self._texts.clear()
        self.revision += 1

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        found = {
            file.name
            for folder in (*self._folders, resources.files(self._package))
            for file in folder.iterdir()
            if file.name.endswith(self.suffixes)
        }
        return sorted(name for name in found if self._texts.get(name, "") is not None)

    def read(self, name: str) -> str | None:
        """A file's text, as first read or last `put`; None if there is no such file. Raises ShaderError."""
        return readable(self.text_in_use(name))

    def text_in_use(self, name: str) -> str | None:
        """As `read`, but `UnreadableText` for a file that cannot be read."""
        if name in self._generated:
            return self._generated[name]
        if name not in self._texts:
            self._texts[name] = self.on_disk(name)
        return self._texts[name]

    def is_generated(self, name: str) -> bool:
        return name in self._generated

    def add_generated(self, name: str, text: str) -> None:
        """Adds a text that is in no file, under a name that stands for this text alone. Not listed by `names`."""
        with self._lock:
            self._generated[name] = text
            self._users[name] += 1

    def remove_generated(self, name: str) -> None:
        """Takes one `add_generated` back: the text is removed after as many calls."""
        with self._lock:
            self._users[name] -= 1
            if self._users[name] <= 0:
                del self._users[name], self._generated[name]

    def on_disk(self, name: str) -> str | None:
        """A file's current text, `UnreadableText` if it cannot be read, None if there is no file.

        `name` is a plain file name: no text outside the library's folders is read. Raises OSError.
        """
        if Path(name).name != name or "\\" in name or "\0" in name or not name.endswith(self.suffixes):
            return None
        for folder in (*self._folders, resources.files(self._package)):
            file: Traversable = folder / name
            if file.is_file():
                with file.open("rb") as stream:
                    content = stream.read(MAX_BYTES + 1)
                return _text_of(name, content)
        return None

    def path_of(self, name: str) -> Path | None:
        """Where the file of this name is on disk; None for one that is missing, or in an archive."""
        return next((folder / name for folder in self.folders if (folder / name).is_file()), None)

    def digest(self) -> str:
        """Stands for all texts in use, in every process."""
        if self._digest[0] != self.revision:
            texts = [(name, self.text_in_use(name)) for name in self.names()]
            self._digest = self.revision, sha256(repr(texts).encode()).hexdigest()
        return self._digest[1]

    def state(self) -> tuple[tuple[Path, ...], dict[str, str | None]]:
        """The folders and the texts in use, for `restore` in another process."""
        with self._lock:
            return self._folders, dict(self._texts)

    def restore(self, state: tuple[tuple[Path, ...], dict[str, str | None]]) -> None:
        """Uses the folders and texts of `state`."""
        self._folders, self._texts = state
        self.revision += 1

    def put(self, texts: Mapping[str, str | None]) -> None:
        """Replaces the texts of files; None removes a file."""
        if any(self.text_in_use(name) != text for name, text in texts.items()):
            self._texts.update(texts)
            self.revision += 1


def readable(text: str | None) -> str | None:
    """`text`. Raises ShaderError with the reason if it is an `UnreadableText`."""
    if isinstance(text, UnreadableText):
        raise ShaderError(str(text))
    return text


def _text_of(name: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        return UnreadableText(f"{name}: is larger than {MAX_BYTES >> 20} MB; it is not program text")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return UnreadableText(f"{name}:{line}: not UTF-8 text (byte {content[error.start]:#04x}); save it as UTF-8")
    if "\0" in text:
        return UnreadableText(f"{name}:{text[: text.index(chr(0))].count(chr(10)) + 1}: contains a null character")
    return text
