"""Reads changed inputs in worker processes with limits of time and memory, and reports what was not handled.

    make fuzz ARGS="--minutes 10 --seed 1 --parser look --parser lens"

A case is a parser, a seed and a number: it repeats with `--parser NAME --seed N --case NUMBER`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from fuzz_mutation import mutated
from fuzz_parsers import Parser, all_parsers
from groundglass.errors import GroundglassError

CASE_S = 2.0  # processor time of a case
SILENT_S = 120.0  # a case that blocks, or a C library that does not return: its worker is killed
CASE_BYTES = 2 << 30
BATCH = 200


class TimeLimitError(BaseException):
    """A case took more than `CASE_S` of processor time. Not an Exception: no parser catches it."""


@dataclass
class Result:
    """The outcome of some cases of a parser. `faults` has a text for each kind, with its first case."""

    parser: str
    inputs: int = 0
    refused: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Result) -> None:
        self.inputs += other.inputs
        self.refused += other.refused
        self.seconds += other.seconds
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)
        self.faults = {**other.faults, **self.faults}
        self.counts += other.counts


def case_of(parser: Parser, seed: int, number: int) -> bytes:
    """The input of a case."""
    rng = random.Random(f"{parser.name}/{seed}/{number}")
    content = mutated(rng, parser.seeds(), is_text=parser.is_text, tokens=parser.tokens)
    return parser.repair(content) if parser.repair is not None and number % 2 else content


def run_cases(parser: Parser, seed: int, numbers: Iterable[int], started: Connection | None = None) -> Result:
    """Reads cases in this process. `started` receives the number of each before it begins."""
    result, began = Result(parser.name), time.monotonic()
    signal.signal(signal.SIGPROF, _end_case)
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as folder, contextlib.ExitStack() as stack:
        read = stack.enter_context(contextlib.contextmanager(parser.reader)(Path(folder)))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        for number in numbers:
            if started is not None:
                started.send(number)
            content = case_of(parser, seed, number)
            before = _peak_bytes()
            fault = ""
            try:
                signal.setitimer(signal.ITIMER_PROF, CASE_S)
                read(content)
            except GroundglassError as error:
                result.refused += 1
                fault = _unclear(str(error))
            except TimeLimitError as error:
                fault = _kind("too slow", error)
            except BaseException as error:
                fault = _kind(type(error).__name__, error)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            grown = _peak_bytes() - before
            result.peak_bytes = max(result.peak_bytes, grown)
            if grown > CASE_BYTES:
                fault = fault or f"memory: {grown >> 20} MB"
            result.inputs += 1
            if fault:
                result.counts[fault] += 1
                result.faults.setdefault(fault, f"--parser {parser.name} --seed {seed} --case {number}")
    result.seconds = time.monotonic() - began
    return result


def _end_case(signal_number: int, frame: FrameType | None) -> None:
    raise TimeLimitError


def _unclear(message: str) -> str:
    """What is wrong with a message for a user."""
    return "" if message.strip() else "an empty message"


def _kind(name: str, error: BaseException) -> str:
    """The kind of a fault: the exception and the innermost lines of this package."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(each.filename).name}:{each.lineno}" for each in frames if "/engine/" in each.filename][-2:]
    return f"{name}: {str(error)[:60]!r} at {' '.join(places) or frames[-1].name}"


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _memory_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _work(tasks: Connection) -> None:
    """A worker: receives (parser, seed, first, count) and sends each number before its case, then the result."""
    parsers = all_parsers()
    with open(os.devnull, "w") as null:
        for descriptor in (1, 2):  # C libraries write warnings
            os.dup2(null.fileno(), descriptor)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 2 * CASE_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while (task := tasks.recv()) is not None:
        name, seed, first, count = task
        tasks.send(run_cases(parsers[name], seed, range(first, first + count), tasks))


class Worker:
    """A worker process, replaced by a new one when a case kills it or does not end."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_work, args=(other,), daemon=True)
        self._process.start()
        other.close()
        self._is_new = True

    def run(self, name: str, seed: int, first: int, count: int) -> Result:
        """Reads `count` cases; fewer if one of them ends the worker."""
        self._connection.send((name, seed, first, count))
        number, began = first, time.monotonic()
        while True:
            try:
                if not self._connection.poll(SILENT_S + (60.0 if self._is_new else 0.0)):
                    return self._lost(name, seed, first, number, f"too slow: no answer in {SILENT_S:g} s", began)
                answer = self._connection.recv()
            except (EOFError, ConnectionError):
                self._process.join(5)
                return self._lost(name, seed, first, number, f"crash: exit code {self._process.exitcode}", began)
            self._is_new = False
            if isinstance(answer, Result):
                return answer
            number = answer

    def _lost(self, name: str, seed: int, first: int, number: int, fault: str, began: float) -> Result:
        self.close()
        self._start()
        fault = f"{fault} ({name})"
        case = f"--parser {name} --seed {seed} --case {number}"
        result = Result(name, number - first + 1, seconds=time.monotonic() - began, faults={fault: case})
        result.counts[fault] += 1
        return result

    def close(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


def fuzz(names: list[str], seed: int, minutes: float, inputs: int | None = None) -> dict[str, Result]:
    """Reads cases of all parsers, least time first, until the time is over or each has read `inputs`."""
    results = {name: Result(name) for name in names}
    end = time.monotonic() + 60 * minutes
    worker = Worker()
    try:
        waiting = list(names)
        while waiting and time.monotonic() < end:
            name = min(waiting, key=lambda name: results[name].seconds)
            begun = results[name].inputs
            count = BATCH if inputs is None else min(BATCH, inputs - begun)
            results[name].add(worker.run(name, seed, begun, count))
            if inputs is not None and results[name].inputs >= inputs:
                waiting.remove(name)
    finally:
        worker.close()
    return results


def report(results: dict[str, Result]) -> Iterator[str]:
    """The lines of a report: a parser a line, then each kind of fault with its first case."""
    for result in results.values():
        per_minute = 60 * result.inputs / max(result.seconds, 1e-9)
        yield (
            f"{result.parser:18} {result.inputs:8} inputs {result.refused:8} refused {per_minute:9.0f} a minute "
            f"{result.peak_bytes >> 20:5} MB {result.counts.total():6} faults"
        )
    whole = sum(result.inputs for result in results.values())
    yield f"{whole} inputs, {sum(result.counts.total() for result in results.values())} faults"
    for result in results.values():
        for fault, case in result.faults.items():
            yield f"  {result.counts[fault]:6} x {fault}   {case}"


def main() -> int:
    parsers = all_parsers()
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=5.0)
    arguments.add_argument("--inputs", type=int, help="inputs of each parser; default: until the time is over")
    arguments.add_argument("--parser", action="append", choices=sorted(parsers), help="may be repeated; default: all")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--case", type=int, help="reads one case in this process, with its traceback")
    arguments.add_argument("--keep", type=Path, help="with --case: writes the input into this file")
    chosen = arguments.parse_args()
    names = chosen.parser or list(parsers)
    if chosen.case is None:
        results = fuzz(names, chosen.seed, chosen.minutes, chosen.inputs)
        print("\n".join(report(results)))
        return 1 if any(result.counts for result in results.values()) else 0
    content = case_of(parsers[names[0]], chosen.seed, chosen.case)
    if chosen.keep is not None:
        chosen.keep.write_bytes(content)
    with tempfile.TemporaryDirectory() as folder:
        print(next(iter(parsers[names[0]].reader(Path(folder))))(content))
    return 0


if __name__ == "__main__":
    sys.exit(main())
