"""The cases on one device, in a process of its own: a driver that crashes ends one row, not the self test."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..compute import recorder
from ..compute.device import Device
from ..compute.registry import open_device
from ..engine import Engine
from ..errors import GroundglassError
from ..gl.context import headless_context
from .cases import Case, list_cases

if TYPE_CHECKING:
    import moderngl

Launch = tuple[str, str]  # kernel file, kernel
NO_CASE = "open the device"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a case on a device, or its error; `trace` is the traceback of an error that is not ours."""

    case: str
    result: NDArray[Any] | None = None
    error: str = ""
    trace: str = ""
    launched: frozenset[Launch] = field(default_factory=frozenset)


def measure(spec: str, run_length: int | None, cases: Sequence[Case]) -> Iterator[Outcome]:
    """Runs the cases on the device `spec`, in runs of `run_length` pixels if given. An error is an outcome, too."""
    with ExitStack() as stack:
        try:
            gl = headless_context()
            stack.callback(gl.release)
            device = stack.enter_context(_opened(spec, gl))
            if run_length is not None:
                device.run_length = run_length
        except Exception as error:
            yield _failed(NO_CASE, error)
            return
        engines: dict[str, Engine] = {}
        for case in cases:
            launches: list[recorder.Launch] = []
            try:
                if case.route not in engines:
                    engines[case.route] = stack.enter_context(Engine(device.companion(), gl=gl, look_route=case.route))
                with recorder.recorded(engines[case.route].device) as launches:
                    result = case.run(engines[case.route])
                outcome = Outcome(case.name, result, launched=_names(launches))
            except Exception as error:
                outcome = _failed(case.name, error, _names(launches))
            yield outcome


def _names(launches: Sequence[recorder.Launch]) -> frozenset[Launch]:
    return frozenset((launch.source.partition("?")[0], launch.kernel) for launch in launches)


def measure_apart(spec: str, run_length: int | None, quick: bool) -> Iterator[Outcome]:
    """As `measure`, in another process, for `list_cases`. After a crash it continues with the next case."""
    names = [case.name for case in list_cases(quick=quick)]
    context = multiprocessing.get_context("spawn")
    while names:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_send_outcomes, args=(sender, spec, run_length, names), daemon=True)
        process.start()
        sender.close()
        try:
            while True:
                outcome: Outcome = receiver.recv()
                names = [] if outcome.case == NO_CASE else [name for name in names if name != outcome.case]
                yield outcome
        except EOFError:
            process.join()
        finally:
            process.terminate()
            receiver.close()
        if not names:
            return
        yield Outcome(names.pop(0), error=f"the process of {spec} ended with status {process.exitcode}; see the driver")


def _send_outcomes(sender: Connection, spec: str, run_length: int | None, names: list[str]) -> None:
    cases = {case.name: case for case in list_cases()}
    for outcome in measure(spec, run_length, [cases[name] for name in names]):
        sender.send(outcome)
    sender.close()


def _opened(spec: str, gl: moderngl.Context) -> AbstractContextManager[Device]:
    return closing(open_device(spec, gl))


def _failed(case: str, error: Exception, launched: frozenset[Launch] = frozenset()) -> Outcome:
    """A GroundglassError is one line with its remedy; of other errors the report has the traceback."""
    line = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, GroundglassError):
        return Outcome(case, error=line, launched=launched)
    return Outcome(case, error=f"{type(error).__name__}: {line}", trace=traceback.format_exc(), launched=launched)
