"""The LUT of a look as OpenColorIO and as ffmpeg apply it: 33 nodes a side, tetrahedral, from scene light."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...colour.encoding import LOG_CURVES
from ...frame import Frame
from ...look.export import export_look
from ...look.lut_write import write_cube
from .peer import Job, Peer, Picture, in_strips

OCIO_LUT, FFMPEG_LUT = "OpenColorIO, log and LUT", "ffmpeg lut3d, LUT only"
SIDE = 33
CURVE = "logc"  # the light's encoding in the cube
PLANES = "gbrpf32le"  # ffmpeg's name of planes of 32-bit floats


class OcioLut:
    """Light in Rec.709 primaries (H, W, 3) float32 to sRGB of 8 bits: a log curve and a cube in one processor."""

    def __init__(self, job: Job) -> None:
        import PyOpenColorIO as ocio  # noqa: N813

        curve = LOG_CURVES[CURVE]
        log = ocio.LogCameraTransform(
            linSideBreak=[curve.cut] * 3,
            base=10.0,
            **{
                name: [number] * 3
                for name, number in (
                    *(("logSideSlope", curve.c), ("logSideOffset", curve.d)),
                    *(("linSideSlope", curve.a), ("linSideOffset", curve.b)),
                )
            },
        )
        cube = ocio.Lut3DTransform(SIDE)
        cube.setInterpolation(ocio.INTERP_TETRAHEDRAL)
        table = export_look(job.settings.look, CURVE, SIDE).lut.cube
        assert table is not None, "an exported look has a cube"
        cube.setData(table.ravel())
        processor = ocio.Config.CreateRaw().getProcessor(ocio.GroupTransform([log, cube]))
        self._cpu = processor.getOptimizedCPUProcessor(
            ocio.BIT_DEPTH_F32, ocio.BIT_DEPTH_UINT8, ocio.OPTIMIZATION_DEFAULT
        )
        self._pool = job.pool
        self._picture = np.empty((job.frame.height, job.frame.width, 3), np.uint8)

    def run(self, light: NDArray[np.float32]) -> Picture:
        import PyOpenColorIO as ocio  # noqa: N813

        def apply(rows: slice) -> None:
            height, width = light[rows].shape[:2]
            sizes = (ocio.CHANNEL_ORDERING_RGB, ocio.BIT_DEPTH_UINT8, 1, 3, 3 * width)
            source = ocio.PackedImageDesc(light[rows], width, height, 3)
            self._cpu.apply(source, ocio.PackedImageDesc(self._picture[rows], width, height, *sizes))

        in_strips(self._pool, len(light), apply)
        return self._picture


def ocio_peers(job: Job, light: NDArray[np.float32], against: str) -> list[Peer]:
    import PyOpenColorIO as ocio  # noqa: N813

    lut = OcioLut(job)
    versions = {"OpenColorIO": ocio.__version__}
    return [Peer(OCIO_LUT, against, versions, job.threads, lambda _: lut.run(light))]


def ffmpeg_peers(job: Job, light: NDArray[np.float32], against: str) -> list[Peer]:
    """The cube alone, by libavfilter in this process, on planes of light that are encoded before."""
    import av
    import av.filter

    export = export_look(job.settings.look, CURVE, SIDE)
    encoded = np.clip(LOG_CURVES[CURVE].encode(light), 0.0, 1.0).astype(np.float32)
    source: Any = av.VideoFrame.from_ndarray(encoded, format=PLANES)
    source.pts = 0
    graph: Any = av.filter.Graph()
    graph.threads = job.threads
    frames = graph.add_buffer(width=source.width, height=source.height, format=PLANES, time_base=Fraction(1, 60))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "look.cube"
        write_cube(file, export.lut, job.settings.look.name)
        lut = graph.add("lut3d", f"file='{file.as_posix()}':interp=tetrahedral")
        graph.link_nodes(frames, lut, graph.add("buffersink")).configure()

    def run(_: Frame) -> Picture:
        graph.push(source)
        return np.asarray(graph.pull().to_ndarray())

    version = ".".join(map(str, av.library_versions["libavfilter"]))
    return [Peer(FFMPEG_LUT, against, {"PyAV": av.__version__, "libavfilter": version}, job.threads, run)]
