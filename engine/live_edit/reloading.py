"""Reloads shaders, kernels and looks when they are saved. A broken file is reported, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING

from ..compute.program import KERNELS
from ..display.tool import Canvas, Invalidation, Tool, ToolContext
from ..errors import GroundglassError, ShaderError, print_line
from ..gl.passes import Table
from ..gl.program import SHADERS
from ..look.look import Look, load_look
from ..program_text.library import SourceLibrary, UnreadableText
from .editing import Editing, EditingSnapshot
from .problem import Problem, place_of, problem_of
from .problem_sprite import render_problem
from .watch import Watch, WatchedPaths

if TYPE_CHECKING:
    from ..drawn import Drawn

LIBRARIES = (SHADERS, KERNELS)
LAST_BUILD_S = 5.0  # time that the end of the loop waits for a compiler
ERROR_DELAY_S = 0.15  # a file that is being written is broken for a moment, which is not an error

Texts = dict[tuple[SourceLibrary, str], str | None]  # texts of files by library and name


@dataclass(slots=True)
class _ReloadAttempt:
    """Saved files that are tried together, and the state to restore. `look`: they include the look's own files."""

    texts: Texts
    look: bool
    texts_before: Texts = field(default_factory=dict)
    snapshot: EditingSnapshot | None = None

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.texts]


class Reloading(Tool):
    """Watches all source files of the picture while the loop runs.

    `editing` edits the look of the engine, and keeps values that the user changed; `load` reads the look again from its
    file and LUTs. A saved file is tried by drawing with it. If that fails, the previous state is restored, and the file
    is tried again when another file is saved, because it may depend on that file.
    """

    def __init__(self, tool_context: ToolContext, editing: Editing, load: Callable[[], str | Look]) -> None:
        self._notify, self._editing, self._load = tool_context.notify, editing, load
        self._engine = tool_context.engine
        self._watch = Watch(tool_context.surface.wake)
        self._opened = self._followed = editing.saved
        self._refused: Texts = {}  # saved, but broken
        self._refused_look = False
        self._accepted_over: Texts = {}  # texts replaced by the latest accepted texts
        self._attempts: list[_ReloadAttempt] = []  # still to be tried
        self._building: tuple[_ReloadAttempt, Future[None]] | None = None  # attempt whose kernels compile in a thread
        self._trial: _ReloadAttempt | None = None  # attempt that is being drawn
        self._was_drawn = False
        self._has_drawn = editing.snapshot()
        self._problem: Problem | None = None
        self._shows_from_s = 0.0
        self._is_shown = False
        for library in LIBRARIES:  # reads all texts now: later changes of files must not take effect unnoticed
            for name in library.names():
                library.text_in_use(name)
        self._follow()

    @property
    def problem(self) -> Problem | None:
        """The error in the saved files; None if they have none."""
        return self._problem

    @property
    def busy(self) -> bool:
        return (
            self._trial is not None or self._building is not None or (self._problem is not None and not self._is_shown)
        )

    def tick(self, now_s: float) -> Invalidation:
        before = self._problem, self._is_shown
        invalidation = self._continue()
        if self._problem is not None and not self._is_shown and now_s >= self._shows_from_s:
            self._is_shown = True
            print_line(self._problem.report(self._path_of), prefix="", is_joined=False)
        return invalidation if before == (self._problem, self._is_shown) else max(invalidation, Invalidation.REPAINT)

    def _continue(self) -> Invalidation:
        if self._trial is not None and not self._was_drawn:
            return Invalidation.REDRAW
        if self._trial is not None:
            self._accept(self._trial)
        if self._building is not None:
            return self._try_built(*self._building)
        if self._editing.saved is not self._followed:
            self._follow()
        saved, is_new, failure = self._watch.poll()
        if failure:
            self._report(failure)
        if is_new:
            saved |= {folder / name for library in LIBRARIES for folder in library.folders for name in library.names()}
        return self._try() if saved and self._collect(saved) else Invalidation.NOTHING

    def on_frame(self, drawn: Drawn) -> None:
        self._was_drawn = True
        if self._trial is None:
            self._has_drawn = self._editing.snapshot()

    def recover(self, error: GroundglassError) -> bool:
        if self._trial is not None:
            attempt, self._trial = self._trial, None
            self._fail(attempt, error)
            self._try()
            return True
        return self._recover_late(error)

    def draw(self, canvas: Canvas) -> None:
        problem = self._problem
        if problem is None or not self._is_shown:
            return
        height_px, (width, height) = canvas.text_px, canvas.size
        room = width - height_px, height // 2
        size = canvas.sprites.prepare(
            "problem", (problem, height_px, room), lambda: render_problem(problem, height_px, room)
        )
        canvas.sprites.draw("problem", height_px // 2, height - height_px // 2 - size[1])

    def close(self) -> None:
        self._watch.close()
        if self._building is not None:
            wait([self._building[1]], LAST_BUILD_S)

    def _collect(self, saved: Iterable[Path]) -> bool:
        """Whether any saved file differs from the text in use; prepares the attempts."""
        texts: Texts = {}
        looks = is_fixed = False
        folders = [(library, library.folders) for library in LIBRARIES]
        for path in saved:
            library = next((each for each, own in folders if path.parent in own and path.suffix in each.suffixes), None)
            if library is None:
                looks |= self._refused_look or self._is_new_look(path)
                continue
            key = library, path.name
            try:
                text = library.on_disk(path.name)
            except OSError:
                continue  # an editor is replacing the file; the next event follows
            if text == library.text_in_use(path.name):
                is_fixed |= self._refused.pop(key, "") != ""
            elif text != self._refused.get(key, ""):
                texts[key] = text
        if is_fixed and not (self._refused or self._refused_look):
            self._clear()
        if not texts and not looks and not (is_fixed and self._problem):
            return False
        everything = _ReloadAttempt(self._refused | texts, looks or self._refused_look)
        alone = _ReloadAttempt(texts, looks)
        self._attempts = [everything, alone] if alone != everything and (texts or looks) else [everything]
        return True

    def _is_new_look(self, path: Path) -> bool:
        """Whether the look's file, or its LUT, has changed; it has not if this program saved it."""
        try:
            file = self._editing.saved.file
            if file is None or path.resolve() != file.resolve():
                return True
            if not path.is_file() and path.exists():
                return True  # a FIFO, for example: loading it reports the error
            return path.read_text(encoding="utf-8-sig") != self._editing.saved.text
        except UnicodeDecodeError:
            return True
        except OSError:
            return False

    def _try(self) -> Invalidation:
        """Starts the next attempt that can be drawn; reports the error of each attempt that cannot."""
        while self._attempts:
            attempt = self._attempts.pop(0)
            kernels = {name: text for (library, name), text in attempt.texts.items() if library is KERNELS}
            if kernels:
                self._building = attempt, _in_thread(partial(self._engine.device.build_ahead, kernels))
                return Invalidation.NOTHING
            if self._draws_with(attempt):
                return Invalidation.REDRAW
        return Invalidation.NOTHING

    def _try_built(self, attempt: _ReloadAttempt, built: Future[None]) -> Invalidation:
        """Continues an attempt after its kernels are compiled, which takes seconds for some kernels."""
        if not built.done():
            return Invalidation.NOTHING
        self._building = None
        try:
            built.result()
        except Exception as error:  # includes errors of the driver, which the file causes, too
            reported = error if isinstance(error, GroundglassError) else ShaderError(f"{attempt.names[0]}: {error}")
            self._fail(attempt, reported)
            return self._try()
        return Invalidation.REDRAW if self._draws_with(attempt) else self._try()

    def _draws_with(self, attempt: _ReloadAttempt) -> bool:
        try:
            self._apply(attempt)
        except GroundglassError as error:
            self._fail(attempt, error)
            return False
        self._trial, self._was_drawn = attempt, False
        return True

    def _apply(self, attempt: _ReloadAttempt) -> None:
        attempt.texts_before = {(library, name): library.text_in_use(name) for library, name in attempt.texts}
        attempt.snapshot = self._editing.snapshot()
        _put(attempt.texts)
        if any(library is SHADERS for library, _ in attempt.texts):
            self._editing.refit()
        if attempt.look:
            self._editing.reloaded(self._reloaded_look())

    def _reloaded_look(self) -> Look:
        file = self._editing.saved.file
        if self._editing.saved is self._opened or file is None or file == self._opened.file:
            loaded = self._load()
            return load_look(loaded) if isinstance(loaded, str) else loaded
        return load_look(file)  # the look was saved under another name, or another look was opened

    def _accept(self, attempt: _ReloadAttempt) -> None:
        self._trial = None
        self._attempts.clear()
        self._accepted_over |= attempt.texts_before
        for key in attempt.texts:
            self._refused.pop(key, None)
        self._refused_look &= not attempt.look
        if not self._refused and not self._refused_look:
            self._clear()
        file = self._editing.saved.file
        self._report(
            f"{', '.join(attempt.names + ([file.name if file else 'the look'] if attempt.look else []))} reloaded"
        )
        self._follow()

    def _fail(self, attempt: _ReloadAttempt, error: GroundglassError) -> None:
        _put(attempt.texts_before)
        if attempt.snapshot is not None:
            self._editing.restore(attempt.snapshot)
        if not self._attempts:
            self._refused |= attempt.texts
            self._refused_look |= attempt.look
        self._show(error, attempt)

    def _recover_late(self, error: GroundglassError) -> bool:
        """Recovers from a broken text that was not in use when it was saved, or from a broken look that was opened."""
        faulty = next((key for key in self._accepted_over if key[1] == place_of(str(error))[0]), None)
        if faulty is not None:
            library, name = faulty
            self._refused[faulty] = library.text_in_use(name)
            _put({faulty: self._accepted_over.pop(faulty)})
        elif self._editing.look is self._has_drawn.look:
            return False
        self._show(error, None)
        self._editing.restore(self._has_drawn)
        return True

    def _show(self, error: GroundglassError, attempt: _ReloadAttempt | None) -> None:
        message = str(error)
        text = self._text_of(place_of(message)[0], attempt)
        text = None if isinstance(text, UnreadableText) else text
        problem = problem_of(message, attempt.names[0] if attempt and attempt.texts else "look", text)
        self._problem = replace(problem, places=error.places if isinstance(error, ShaderError) else ())
        self._shows_from_s, self._is_shown = perf_counter() + ERROR_DELAY_S, False

    def _path_of(self, name: str) -> Path | None:
        files = (*(library.path_of(name) for library in LIBRARIES), *self._look_files())
        return next((file for file in files if file is not None and file.name == name), None)

    def _text_of(self, name: str, attempt: _ReloadAttempt | None) -> str | None:
        for (_, refused), text in ((attempt.texts if attempt else {}) | self._refused).items():
            if refused == name:
                return text
        for library in LIBRARIES:
            if name in library.names():
                return library.text_in_use(name)
        for path in self._look_files():
            if path.name == name and path.is_file() and path.stat().st_size < 1 << 20:
                return path.read_text(encoding="utf-8", errors="replace")
        return None

    def _clear(self) -> None:
        self._problem, self._is_shown = None, False

    def _report(self, message: str) -> None:
        self._notify(message)

    def _look_files(self) -> set[Path]:
        look = self._followed
        tables = (value for settings in look.passes for value in settings.values.values() if isinstance(value, Table))
        files = (look.file, *(getattr(table, "file", None) for table in tables))
        return {file for file in files if isinstance(file, Path)}

    def _follow(self) -> None:
        self._followed = self._editing.saved
        folders: dict[Path, tuple[str, ...]] = {}
        for library in LIBRARIES:
            folders |= {folder: folders.get(folder, ()) + library.suffixes for folder in library.folders}
        files = self._look_files()
        self._watch.follow(WatchedPaths(frozenset({*files, *(file.resolve() for file in files)}), folders))


def _put(texts: Texts) -> None:
    for library in LIBRARIES:
        library.put({name: text for (owner, name), text in texts.items() if owner is library})


def _in_thread(work: Callable[[], None]) -> Future[None]:
    """Runs `work` in a daemon thread: a compilation that hangs does not delay the end of the program."""
    done: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    Thread(target=run, name="groundglass-build", daemon=True).start()
    return done
