"""`groundglass bench --peers`: every peer and our stage for the same work, alternately within one run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...camera import REC2020_TO_REC709
from ...capture import open_source
from ...engine import Engine
from ...errors import GroundglassError, cause
from ...frame import Frame
from ...look.export import export_look
from ...settings import Settings
from ..compare import CONFIDENCE_PERCENT, MIN_SAMPLES, compare_times
from ..machine import describe_machine
from ..run import now, percentiles, rounds
from ..schema import SCHEMA_VERSION
from ..stages import CHAIN, look_stages, optics_stages, raw_stages
from .chains import BOX_CHAIN, CHAINS, DISC_CHAIN, PLAIN_BOX_CHAIN, PLAIN_DISC_CHAIN, chain_peers
from .demosaics import COLOUR_DEMOSAICS, colour_demosaicing_peers
from .lut import CURVE, FFMPEG_LUT, OCIO_LUT, SIDE, ffmpeg_peers, ocio_peers
from .opencv import OPENCV_DEMOSAICS, demosaic_peers
from .peer import Job, Missing, Peer, Picture, usable_threads
from .pytorch import TORCH_BLUR, TORCH_DEMOSAIC, torch_peers

FRAMES = 3  # a frame that is drawn again is not uploaded again
SLOW_S = 0.5  # slower peers take part in the first MIN_SAMPLES rounds only
LOOK = "look and transfer"
AIM_SIZE = (1920, 1080)
# How many times as long as ours, at AIM_SIZE on a CPU.
AIMS = {PLAIN_BOX_CHAIN: 6.0, BOX_CHAIN: 6.0, PLAIN_DISC_CHAIN: 35.0, DISC_CHAIN: 35.0}
EXTRA = "pip install groundglass[bench]"

NAMES = {  # names of the peers by library
    "OpenCV": tuple(OPENCV_DEMOSAICS),
    "colour-demosaicing": tuple(COLOUR_DEMOSAICS),
    "torch": (TORCH_DEMOSAIC, TORCH_BLUR),
    "OpenColorIO": (OCIO_LUT,),
    "PyAV": (FFMPEG_LUT,),
    "OpenCV with OpenColorIO": tuple(CHAINS),
}


class Timing(NamedTuple):
    """Milliseconds of both, one pair for each round."""

    stage_ms: list[float]
    peer_ms: list[float]


def run_peers(device: str, size: tuple[int, int], seconds: float, only: Sequence[str] = ()) -> dict[str, Any]:
    """Times the peers whose names contain one of `only`, all without, for about `seconds` and at least five rounds.

    Returns the document "peers" of bench.schema.json. Raises GroundglassError if no peer has such a name.
    """
    check_names(only)
    settings = Settings()
    with ExitStack() as stack:
        engine = stack.enter_context(Engine(device, size))
        with open_source("scene:?size={}x{}".format(*size)) as source:
            frames = [frame.owned() for frame in islice(source, FRAMES)]
        pool = stack.enter_context(ThreadPoolExecutor(usable_threads(), "groundglass-peers"))
        peers, missing = find_peers(engine, Job(frames[0], settings, pool), only)
        if not peers:
            raise GroundglassError(
                "--peers: " + "; ".join(f"{row.library}: {row.reason}; {row.remedy}" for row in missing)
            )
        stages = _stages(engine, frames[0], {peer.against for peer in peers}, stack)
        timings, pictures = _measure(engine, peers, stages, frames, seconds)
        reference = engine.render(frames[0], comparable(settings))
        spec = engine.device.spec
        names = {"device": engine.device_name, "gl": engine.gl_name, "size": list(size)}
    machine = describe_machine(spec)
    aims = AIMS if size == AIM_SIZE and machine["is_cpu"] else {}
    return {
        **{"schema_version": SCHEMA_VERSION, "kind": "peers", "measured": now(), **names, "machine": machine},
        **{"confidence_percent": CONFIDENCE_PERCENT, "threads": machine["compute_units"]},
        "peers": [
            _figures(peer, timing, aims.get(peer.name))
            | {"psnr_db": psnr_db(pictures[peer.name], reference) if peer.against == CHAIN else None}
            for peer, timing in zip(peers, timings, strict=True)
        ],
        "missing": [asdict(row) for row in missing],
        "samples": {peer.name: timing._asdict() for peer, timing in zip(peers, timings, strict=True)},
    }


def find_peers(engine: Engine, job: Job, only: Sequence[str] = ()) -> tuple[list[Peer], list[Missing]]:
    """The peers whose names contain one of `only`, all without, and the libraries that they lack."""

    def light() -> NDArray[np.float32]:
        return np.ascontiguousarray(engine.scene(job.frame, job.settings) @ REC2020_TO_REC709.T, np.float32)

    makers: dict[str, Callable[[], list[Peer]]] = {
        "OpenCV": lambda: demosaic_peers(job),
        "colour-demosaicing": lambda: colour_demosaicing_peers(job),
        "torch": lambda: torch_peers(job, light()),
        "OpenColorIO": lambda: ocio_peers(job, light(), LOOK),
        "PyAV": lambda: ffmpeg_peers(job, light(), LOOK),
        "OpenCV with OpenColorIO": lambda: chain_peers(job),
    }
    peers: list[Peer] = []
    missing: list[Missing] = []
    for library, make in makers.items():
        if not any(_chosen(name, only) for name in NAMES[library]):
            continue
        remedy = "pip install torch" if library == "torch" else EXTRA
        try:
            peers += [peer for peer in make() if _chosen(peer.name, only)]
        except ModuleNotFoundError:
            missing.append(Missing(library, "not installed", remedy))
        except (ImportError, OSError) as error:
            missing.append(Missing(library, f"cannot be loaded ({cause(error)})", f"install it again: {remedy}"))
    groups = list(dict.fromkeys(peer.against for peer in peers))
    return sorted(peers, key=lambda peer: groups.index(peer.against)), missing


def _chosen(name: str, only: Sequence[str]) -> bool:
    return not only or any(text in name for text in only)


def check_names(only: Sequence[str]) -> None:
    """Raises GroundglassError if one of `only` is in no peer's name."""
    names = [name for names in NAMES.values() for name in names]
    for text in only:
        if not any(text in name for name in names):
            known = ", ".join(f"'{name}'" for name in names)
            raise GroundglassError(f"--only {text}: no peer has such a name; the peers are {known}")


def _stages(engine: Engine, frame: Frame, wanted: set[str], stack: ExitStack) -> dict[str, Callable[[], object]]:
    """Our stages for the names in `wanted`; `stack` releases them. The look takes the route of the live picture."""
    engine.draw(frame, Settings())
    engine.compile_look(Settings())
    engine.draw(frame, Settings())  # by the kernel of the look, if the route is that
    stages: dict[str, Callable[[], object]] = {}
    if any(name.startswith("demosaic") for name in wanted):
        stages |= raw_stages(engine, frame, stack)
    if any(name.startswith("defocus") for name in wanted):
        stages |= optics_stages(engine, frame, stack)
    if LOOK in wanted:
        looks, look = look_stages(engine, frame, stack), f"look {Settings().look.name}"
        route = [looks[f"{look} by kernel"]] if engine.look_route == "kernel" else [looks["transfer"], looks[look]]
        stages[LOOK] = lambda: [run() for run in route]
    return stages


def comparable(settings: Settings) -> Settings:
    """`settings` without what no peer does: passes that a LUT cannot hold, vignetting and breathing."""
    left_out = export_look(settings.look, CURVE, SIDE).left_out
    look = replace(settings.look, passes=tuple(row for row in settings.look.passes if row.name not in left_out))
    return settings.with_(look=look, lens=replace(settings.lens, vignetting=0.0, breathing_percent=0.0))


def psnr_db(picture: Picture, reference: Picture) -> float:
    """Of two pictures of 8 bits."""
    error = float(np.mean((picture.astype(np.float64) - reference) ** 2)) / 255.0**2
    return round(-10.0 * math.log10(max(error, 1e-10)), 2)


def _measure(
    engine: Engine,
    peers: Sequence[Peer],
    stages: dict[str, Callable[[], object]],
    frames: Sequence[Frame],
    seconds: float,
) -> tuple[list[Timing], dict[str, Picture]]:
    """Pairs of times of each peer, and copies of the pictures of the chains for the first frame.

    Which of a pair is first changes from round to round. Of two runs in a row the second one is timed.
    """

    def run_stage(peer: Peer, frame: Frame) -> None:
        if peer.against == CHAIN:
            engine.draw(frame, Settings())
        else:
            stages[peer.against]()
        engine.device.finish()
        engine.gl.finish()
        engine.device.collect()

    timings = [Timing([], []) for _ in peers]
    pictures, costs_s = {}, []
    for peer in peers:
        run_stage(peer, frames[0])
        peer.run(frames[0])  # tables and memory are ready now
        began_s = time.perf_counter()
        picture = peer.run(frames[0])
        costs_s.append(time.perf_counter() - began_s)
        if peer.against == CHAIN:
            pictures[peer.name] = picture.copy()
    for number in rounds(seconds):
        frame = frames[number % len(frames)]
        for peer, cost_s, timing in zip(peers, costs_s, timings, strict=True):
            if number >= MIN_SAMPLES and cost_s > SLOW_S:
                continue
            sides: list[tuple[list[float], Callable[[], object]]] = [
                (timing.stage_ms, partial(run_stage, peer, frame)),
                (timing.peer_ms, partial(peer.run, frame)),
            ]
            for samples, work in sides if number % 2 == 0 else reversed(sides):
                work()  # its data is in the caches again, as in a loop
                began_s = time.perf_counter()
                work()
                samples.append(round((time.perf_counter() - began_s) * 1e3, 4))
    return timings, pictures


def _figures(peer: Peer, timing: Timing, aim: float | None) -> dict[str, Any]:
    """A row of the document: `ratio` is the peer's time over ours."""
    row = compare_times(timing.stage_ms, timing.peer_ms, paired=True)
    return {
        **{"name": peer.name, "against": peer.against, "versions": peer.versions, "threads": peer.threads},
        **{"peer_ms": percentiles(timing.peer_ms), "stage_ms": percentiles(timing.stage_ms)},
        **{key: row[key] for key in ("rounds", "ratio", "low", "high", "verdict")},
        **{"aim": aim, "aim_reached": None if aim is None or row["low"] is None else row["low"] >= aim},
    }
