"""Runs `groundglass view` and ends it, or takes its disk away, at random moments: no asked-for work is lost in silence.

    make faults ARGS="--kind disk --cases 50 --seed 1"

A case is a kind, a seed and a number: it repeats with `--kind KIND --seed N --case NUMBER`. `term` sends SIGTERM while
stills, a sequence or a recording are written, `kill` SIGKILL, which no program handles. `disk` fills the disk or makes
it read-only, off screen, by remote control and in a window.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from groundglass.formats.dng_write import write_dng
from groundglass.frame import Frame
from groundglass.soak.run import _broken

WAIT_S = 120.0  # a busy computer may take this long for a step
DISK_BYTES = 4 << 20
PLACES = ("headless", "remote", "window")
WORKS: dict[str, list[dict[str, Any]]] = {
    "still": [{"do": "still"}],
    "sequence": [{"set": "sequence", "to": True}, {"set": "sequence", "to": False}],
    "record": [{"set": "record", "to": True}, {"set": "record", "to": False}],
}
FILLER = ".filler"
LOOKS = ("natural", "classic", "eternal", "monochrome")
LOSS = r"cannot|stopped|No space|[Rr]ead-only|Permission|too large"


@dataclass
class Outcome:
    """What a case did, and what must not happen."""

    kind: str
    problems: list[str] = field(default_factory=list)


class View:
    """A running `groundglass view` with a remote control, in a folder of its own."""

    # For all cases: not that of the user's own views, which would find the control files of these.
    state = tempfile.TemporaryDirectory(prefix="groundglass-faults-state-")

    def __init__(self, folder: Path, *arguments: str, window: bool = False, controlled: bool = True) -> None:
        self.output = folder / "output"
        samples = np.random.default_rng(1).integers(0, 65535, (120, 160), dtype=np.uint16)
        (folder / "input").mkdir()
        for number in range(3):
            write_dng(folder / "input" / f"{number}.dng", Frame(np.roll(samples, 2 * number, 1), name=f"{number}"))
        environment = os.environ | {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": self.state.name}
        words = [sys.executable, "-m", "groundglass", "view", str(folder / "input"), "--loop", "--fps", "30"]
        words += ["--fresh", "--stills", str(self.output), *arguments]
        words += [] if window else ["--headless"]
        words += ["--control", "0"] if controlled else []
        self._errors = folder / "errors"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(words, cwd=folder, env=environment, stdout=errors, stderr=errors)
        self._socket: socket.socket | None = None
        if controlled:
            self._connect()

    @property
    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8", errors="replace")

    def _connect(self) -> None:
        until_s = time.monotonic() + WAIT_S
        while (found := re.search(r"control on .*?:(\d+), token in (.*)", self.errors)) is None:
            if time.monotonic() > until_s or self.process.poll() is not None:
                raise RuntimeError(f"view has not started: {self.errors}")
            time.sleep(0.02)
        token = json.loads(Path(found[2]).read_text(encoding="utf-8"))["token"]
        self._socket = socket.create_connection(("127.0.0.1", int(found[1])), timeout=WAIT_S)
        self._lines = self._socket.makefile("rb")
        self.request({"token": token})

    def send(self, request: dict[str, Any]) -> None:
        assert self._socket is not None
        self._socket.sendall(json.dumps(request).encode() + b"\n")

    def reply(self) -> dict[str, Any] | None:
        """The next reply; None at the end of the connection."""
        with contextlib.suppress(ConnectionError):
            line = self._lines.readline()
            return json.loads(line) if line else None
        return None

    def request(self, request: dict[str, Any]) -> dict[str, Any]:
        with contextlib.suppress(ConnectionError):
            self.send(request)
            reply = self.reply()
            if reply is not None:
                return reply
        raise RuntimeError(f"view has ended with status {self.process.wait(WAIT_S)}: {self.errors}")

    def begins(self, name: str) -> bool:
        """Starts a sequence or a recording. The first picture may not have arrived."""
        until_s = time.monotonic() + WAIT_S
        while not self.request(WORKS[name][0])["ok"]:
            if time.monotonic() > until_s:
                return False
            time.sleep(0.05)
        return True

    def wait_for_report(self) -> None:
        """What is being written fails with the next frame, which may take a while."""
        until_s = time.monotonic() + WAIT_S
        while not re.search(LOSS, self.errors) and self.process.poll() is None and time.monotonic() < until_s:
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal. Returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """Mounts a small disk at `folder` where that is allowed. Yields whether it is one."""
    folder.mkdir()
    is_own = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    try:
        yield is_own
    finally:
        if is_own:
            subprocess.run(["umount", "-l", folder], check=False)


def fill(folder: Path, process: int, *, is_own: bool) -> None:
    """Leaves no byte for new content. Without a disk of its own the process may make no file longer."""
    if not is_own:
        psutil.Process(process).rlimit(resource.RLIMIT_FSIZE, (0, 0))
        return
    with (folder / FILLER).open("wb", buffering=0) as filler:
        for size in (1 << 16, 4096, 1):
            with contextlib.suppress(OSError):
                while filler.write(bytes(size)) == size:
                    pass


def make_read_only(folder: Path) -> bool:
    """Whether the folder refuses new files now."""
    folder.chmod(0o555)
    if os.geteuid() == 0:
        subprocess.run(["mount", "-o", "remount,ro", folder], capture_output=True, check=False)
    try:
        (folder / FILLER).touch()
    except OSError:
        return True
    folder.chmod(0o755)
    return False


def whole_files(output: Path) -> Iterator[str]:
    """The problems of the files in the folder."""
    for path in sorted(output.rglob("*")):
        if path.name == FILLER or not path.is_file():
            continue
        if path.name.startswith("."):
            yield f"{path.name} is left"
        elif error := _broken(path):
            yield f"{path.name}: {error}"


def not_begun(view: View, rng: random.Random) -> list[str]:
    """Begins a sequence, a recording, both or neither. Returns the problems."""
    begun = rng.sample(("sequence", "record"), rng.randint(0, 2))
    return [f"{name} did not begin" for name in begun if not view.begins(name)]


def term_case(rng: random.Random, folder: Path) -> Outcome:
    """Stills are requested without waiting for the replies, perhaps in a sequence or a recording; then SIGTERM."""
    (folder / "output").mkdir()
    view = View(folder)
    outcome = Outcome("term")
    try:
        outcome.problems += not_begun(view, rng)
        for _ in range(rng.randint(1, 6)):
            view.send({"do": "still"})
            time.sleep(rng.random() * 0.05)
        time.sleep(rng.random() * 0.3)
        status = view.end()
        replies = []
        while (reply := view.reply()) is not None:
            replies.append(reply)
        outcome.problems += [f"refused: {reply}" for reply in replies if not reply["ok"]]
        reports = view.errors + json.dumps(replies)
        for path in sorted(view.output.iterdir()):
            if path.suffix in (".jpg", ".mp4") and path.name not in reports:
                outcome.problems.append(f"nothing is reported of {path.name}: {reports}")
        for name in re.findall(r"(?:saved|recorded) (groundglass-[^ :]*)", reports):
            if not (view.output / name).exists():
                outcome.problems.append(f"{name} is missing")
        outcome.problems += whole_files(view.output)
        if status != 0 or "Traceback" in view.errors:
            outcome.problems.append(f"status {status}: {view.errors}")
    finally:
        view.close()
    return outcome


def kill_case(rng: random.Random, folder: Path) -> Outcome:
    """SIGKILL while stills, a sequence or a recording are written: every file is whole or absent, and no process stays.

    Files whose names begin with a point are unfinished; the next view removes them.
    """
    (folder / "output").mkdir()
    view = View(folder)
    outcome = Outcome("kill")
    try:
        outcome.problems += not_begun(view, rng)
        for _ in range(rng.randint(1, 6)):
            view.send(rng.choice(({"do": "still"}, {"set": "look", "to": rng.choice(LOOKS)})))
            time.sleep(rng.random() * 0.1)
        time.sleep(rng.random() * 1.5)
        children = psutil.Process(view.process.pid).children(recursive=True)
        view.end(signal.SIGKILL)
        outcome.problems += [problem for problem in whole_files(view.output) if not problem.endswith("is left")]
        _, alive = psutil.wait_procs(children, timeout=WAIT_S)
        outcome.problems += [f"a process stays: {process.cmdline()}" for process in alive]
    finally:
        view.close()
    return outcome


def disk_case(rng: random.Random, folder: Path, places: tuple[str, ...] = PLACES) -> Outcome:
    """The disk becomes full or read-only. What is asked for then, or is still written, must be reported as lost."""
    place, is_full = rng.choice(places), rng.random() < 0.6
    with disk(folder / "output") as is_own:
        if place == "headless":
            return _headless_case(rng, folder, is_own=is_own, is_full=is_full)
        return _controlled_case(rng, folder, place, is_own=is_own, is_full=is_full)


def _headless_case(rng: random.Random, folder: Path, *, is_own: bool, is_full: bool) -> Outcome:
    """A recording from the command line."""
    outcome = Outcome(f"headless {'full' if is_full else 'read-only'}")
    if not is_full and not make_read_only(folder / "output"):
        return Outcome("headless not possible here")
    view = View(folder, "--record", str(folder / "output" / "a.mp4"), "--seconds", "60", controlled=False)
    try:
        if is_full:
            until_s = time.monotonic() + WAIT_S
            while "recording a.mp4" not in view.errors and time.monotonic() < until_s:
                time.sleep(0.02)
            time.sleep(rng.random())
            fill(view.output, view.process.pid, is_own=is_own)
            view.wait_for_report()
        status = view.end() if is_full else view.process.wait(WAIT_S)
        _judge(outcome, view, status, ["a.mp4"])
    finally:
        view.close()
    return outcome


def _controlled_case(rng: random.Random, folder: Path, place: str, *, is_own: bool, is_full: bool) -> Outcome:
    """Work is asked for by remote control, before and after the fault."""
    outcome = Outcome(f"{place} {'full' if is_full else 'read-only'}")
    view = View(folder, window=place == "window")
    try:
        for _ in range(rng.randint(0, 2)):
            if not view.request({"do": "still"})["ok"]:
                outcome.problems.append("a still before the fault failed")
        running = rng.choice(("", "record", "sequence")) if is_full else ""
        if running and not view.begins(running):
            outcome.problems.append(f"{running} did not begin")
        time.sleep(rng.random() * 0.5)
        if is_full:
            fill(view.output, view.process.pid, is_own=is_own)
        elif not make_read_only(view.output):
            return Outcome(f"{place} read-only not possible here")
        if running:
            view.wait_for_report()
        for name in (running, *rng.choices([work for work in WORKS if work != running], k=2)):
            replies = [view.request(request) for request in WORKS.get(name, [])[bool(running == name) :]]
            if name and all(reply["ok"] for reply in replies):
                outcome.problems.append(f"{name}: {replies}")
        _judge(outcome, view, view.end(), [])
    finally:
        view.close()
    return outcome


def _judge(outcome: Outcome, view: View, status: int, names: list[str]) -> None:
    lines = view.errors.splitlines()
    reports = [line for line in lines if re.search(LOSS, line)]
    if not reports or any(name not in "".join(reports) for name in names):
        outcome.problems.append(f"nothing is reported: {lines}")
    if status not in (1, 2) or "Traceback" in view.errors:
        outcome.problems.append(f"status {status}: {lines}")
    outcome.problems += [problem for problem in whole_files(view.output) if not problem.endswith("is left")]


CASES = {"term": term_case, "kill": kill_case, "disk": disk_case}


def run_case(kind: str, seed: int, number: int, **options: Any) -> Outcome:
    """One case, in a temporary folder."""
    rng = random.Random(f"{kind}/{seed}/{number}")
    with tempfile.TemporaryDirectory(prefix="groundglass-faults-") as folder:
        return CASES[kind](rng, Path(folder), **options)


@contextlib.contextmanager
def screen() -> Iterator[tuple[str, ...]]:
    """A screen of its own for windows. Yields the places that can be tried: no window without Xvfb."""
    if shutil.which("Xvfb") is None:
        yield PLACES[:2]
        return
    read, write = os.pipe()
    words = ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(words, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        os.environ["DISPLAY"] = f":{pipe.readline().strip()}"
    try:
        yield PLACES
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--kind", choices=sorted(CASES), action="append", help="default: all")
    arguments.add_argument("--cases", type=int, default=50, help="of each kind; default: 50")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--case", type=int, help="runs this case alone")
    chosen = arguments.parse_args()
    failed, began_s = 0, time.monotonic()
    with screen() as places:
        for kind in chosen.kind or sorted(CASES):
            counts: Counter[str] = Counter()
            for number in range(chosen.cases) if chosen.case is None else [chosen.case]:
                try:
                    outcome = run_case(kind, chosen.seed, number, **({"places": places} if kind == "disk" else {}))
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    outcome = Outcome(f"{kind} broken off", [str(error)])
                counts[outcome.kind] += 1
                failed += bool(outcome.problems)
                for problem in outcome.problems:
                    print(f"--kind {kind} --seed {chosen.seed} --case {number}: {outcome.kind}: {problem}", flush=True)
            print(kind, ", ".join(f"{name} {count}" for name, count in sorted(counts.items())), flush=True)
    print(f"{failed} cases failed, {time.monotonic() - began_s:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
