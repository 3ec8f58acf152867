"""Measures `groundglass render` of many pictures. Prints a table; a missed figure is marked, and the exit status is 1.

    make batch ARGS="--pictures 200 throughput overhead kills cluster"

Parts: `throughput` (the command beside the chain alone: one engine that reads, draws and writes in a loop), `overhead`
(of a task, with tiny pictures, in one process and on a local Dask cluster), `kills` (SIGKILL and SIGINT at random
moments, then the same command until it is finished), `cluster` (Dask with one and two workers, one of which is killed).
All values depend on the load of the machine, which is printed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import groundglass as gg
from batch_files import Run, command, entries, kill, render, write_raw_files
from groundglass.commands.render import write_frame
from groundglass.develop.development import Development
from measured_figures import Figure, parser_of_parts, print_parts

OPTIONS = ("--demosaic", "best", "--quality", "best")
SMALL, TINY = (640, 480), (32, 32)
MIN_SHARE = 0.9  # relative to the chain's throughput
MAX_OVERHEAD_MS = 5.0
LEFT = 2  # pictures that are left at least, when a run is interrupted


class Batch:
    """Raw files of one size, and the manifest of a run that nothing interrupts."""

    def __init__(self, folder: Path, pictures: int, size: tuple[int, int]) -> None:
        self.folder, self.pictures = folder, pictures
        self.paths = write_raw_files(folder / "in", pictures, size)
        self.sources = str(folder / "in" / "*.dng")

    def output(self, name: str) -> Path:
        return self.folder / name

    def timed(self, name: str, *options: object) -> float:
        """The seconds per picture of the command without its start, which is that of a run of one picture."""
        start_s = self._seconds(str(self.paths[0]), f"{name}-start", *options)
        return (self._seconds(self.sources, name, *options) - start_s) / (self.pictures - 1)

    def _seconds(self, sources: str, name: str, *options: object) -> float:
        shutil.rmtree(self.output(name), ignore_errors=True)
        begun_s = perf_counter()
        subprocess.run(command(sources, "-o", self.output(name), *OPTIONS, *options), check=True, capture_output=True)
        return perf_counter() - begun_s

    def chain(self) -> float:
        """The seconds per picture of the chain alone, which reads, draws and writes one picture after the other."""
        settings = gg.Settings(development=Development(demosaic="best", metering="auto"), quality="best")
        output = self.output("chain")
        output.mkdir(exist_ok=True)
        with gg.Engine(repeatable=True) as engine:

            def draw(path: Path) -> None:
                engine.reset(metered=True)
                with gg.open(path) as source:
                    write_frame(engine, settings, next(iter(source)), output / f"{path.stem}.png")

            draw(self.paths[0])
            begun_s = perf_counter()
            for path in self.paths[1:]:
                draw(path)
            return (perf_counter() - begun_s) / (self.pictures - 1)

    def manifest(self, name: str) -> bytes:
        return (self.output(name) / "groundglass-manifest.jsonl").read_bytes()


def throughput(chosen: argparse.Namespace, folder: Path) -> Iterator[Figure]:
    batch = Batch(folder, chosen.pictures, SMALL)
    chains, runs = [batch.chain()], []
    for _ in range(chosen.rounds):
        runs.append(batch.timed("out"))
        chains.append(batch.chain())
    chain_s, run_s = min(chains), min(runs)
    measured = f"{100 * chain_s / run_s:.0f} % ({1 / run_s:.1f} of {1 / chain_s:.1f} pictures/s)"
    name = f"throughput, {batch.pictures} raw files of {SMALL[0]}x{SMALL[1]}, one worker"
    yield Figure(name, "≥ 90 % of the chain's own", measured, chain_s / run_s >= MIN_SHARE)


def overhead(chosen: argparse.Namespace, folder: Path) -> Iterator[Figure]:
    batch = Batch(folder, chosen.pictures, TINY)
    chain_s = batch.chain()
    for name, options in (("one process", ()), ("Dask, one worker", ("--cluster", "local"))):
        over_ms = 1000 * (batch.timed("out", *options) - chain_s)
        text = f"{over_ms:.2f} ms (the chain alone: {1000 * chain_s:.2f} ms)"
        yield Figure(f"overhead of a task, {name}", "≤ 5 ms", text, over_ms <= MAX_OVERHEAD_MS)


def kills(chosen: argparse.Namespace, folder: Path) -> Iterator[Figure]:
    """SIGKILL and SIGINT in turn, each after a random number of further pictures."""
    rng, batch = random.Random(chosen.seed), Batch(folder, chosen.pictures, SMALL)
    render(batch.sources, "-o", batch.output("whole"), *OPTIONS)
    output, interrupted, problems = batch.output("killed"), 0, list[str]()
    moments = sorted(rng.sample(range(1, batch.pictures - LEFT), min(chosen.kills, batch.pictures - LEFT - 1)))
    for number, moment in enumerate(moments):
        running = Run(output, batch.sources, "--workers", 1 + number % 2, *OPTIONS)
        if running.wait_for(moment):
            interrupted += running.end(signal.SIGINT if number % 2 else signal.SIGKILL) != 0
    done = render(batch.sources, "-o", output, *OPTIONS)
    problems += [f"{path.name} is left" for path in output.iterdir() if path.name.startswith(".")]
    problems += [] if done.returncode == 0 else [done.stderr]
    is_same = batch.manifest("killed") == batch.manifest("whole")
    measured = f"{'identical' if is_same else 'another manifest'}, interrupted {interrupted} times {' '.join(problems)}"
    yield Figure(f"killed {len(moments)} times and resumed", "identical manifest", measured, is_same and not problems)


def cluster(chosen: argparse.Namespace, folder: Path) -> Iterator[Figure]:
    batch = Batch(folder, chosen.pictures, SMALL)
    render(batch.sources, "-o", batch.output("whole"), *OPTIONS)
    for workers in (1, 2):
        name = f"dask{workers}"
        done = render(batch.sources, "-o", batch.output(name), "--cluster", "local", "--workers", workers, *OPTIONS)
        is_same = done.returncode == 0 and batch.manifest(name) == batch.manifest("whole")
        measured = "byte-identical" if is_same else f"different {done.stderr}"
        yield Figure(f"Dask, {workers} local workers", "byte-identical", measured, is_same)
    for kind in ("Dask process", "its worker"):
        output = batch.output(kind)
        running = Run(output, batch.sources, "--cluster", "local", "--workers", 2, *OPTIONS)
        is_killed = running.wait_for(batch.pictures // 3)
        if is_killed:
            kill((running.dask_workers() if kind == "Dask process" else running.workers())[0])
        status, _, errors = running.join()
        names = [entry["output"] for entry in entries(output)] if status == 0 else []
        once = len(names) == len(set(names)) == batch.pictures and len(list(output.glob("*.png"))) == batch.pictures
        is_same = once and is_killed and batch.manifest(kind) == batch.manifest("whole")
        measured = "all once, byte-identical" if is_same else f"status {status}, {len(names)} pictures {errors}"
        yield Figure(f"Dask, two workers, {kind} killed", "all frames once", measured, is_same)


def in_folder(part: Callable[[argparse.Namespace, Path], Iterator[Figure]]) -> Part:
    """The part with a new folder, which is removed after it."""

    def run(chosen: argparse.Namespace) -> Iterator[Figure]:
        with tempfile.TemporaryDirectory(prefix="groundglass-batch-") as folder:
            yield from part(chosen, Path(folder))

    return run


Part = Callable[[argparse.Namespace], Iterator[Figure]]
PARTS: dict[str, Part] = {
    "throughput": in_folder(throughput),
    "overhead": in_folder(overhead),
    "kills": in_folder(kills),
    "cluster": in_folder(cluster),
}


def print_load(part: str) -> None:
    print(f"| load average after {part} | | {os.getloadavg()[0]:.1f} |", flush=True)


def main() -> int:
    arguments = parser_of_parts(__doc__)
    arguments.add_argument("--pictures", type=int, default=2000, help="default: 2000")
    arguments.add_argument("--rounds", type=int, default=2, help="of `throughput`; default: 2")
    arguments.add_argument("--kills", type=int, default=20, help="default: 20")
    arguments.add_argument("--seed", type=int, default=1)
    return print_parts(arguments, PARTS, after=print_load)


if __name__ == "__main__":
    sys.exit(main())
