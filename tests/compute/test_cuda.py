"""The CUDA path without a GPU: kernels compiled as C++ run on the host (tests/support/cupy_stand_in)."""

from __future__ import annotations

import builtins
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.cfa import XTRANS
from groundglass.compute.cuda import ensure_kernel_cache
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.program import KERNELS, Kernels, list_kernel_sources, load_kernel_source
from groundglass.compute.registry import list_devices, open_device
from groundglass.depth.stereo_pair import StereoPairDepth
from groundglass.develop.demosaic import METHODS
from groundglass.develop.developer import Developer
from groundglass.errors import DeviceError, ShaderError
from groundglass.lens import list_lenses
from groundglass.optics.defocus import QUALITIES
from groundglass.packing import Packing, pack
from groundglass.selftest.cases import YUV
from groundglass.selftest.frames import yuv_frame
from groundglass.timing import Clock
from tolerances import ANOTHER_COMPILER, STAGE

RANDOM = np.random.default_rng(41)
RIG = gg.StereoRig(focal_px=400, baseline_m=0.1)


@pytest.fixture(scope="module")
def opencl(device: Device) -> Iterator[Device]:
    """The OpenCL device with the run length of a GPU: where a lens varies over the field, runs see it in steps."""
    opened = open_device(device.spec)
    opened.run_length = 1
    yield opened
    opened.close()


def frame_of(height: int = 60, width: int = 88, **attributes: Any) -> gg.Frame:
    """A noisy mosaic with clipped photosites, two planes of depth, and a defect."""
    mosaic = (9000 + 2000 * RANDOM.standard_normal((height, width))).clip(0, 65535).astype(np.uint16)
    mosaic[20:26, 30:40] = 65535
    depth_m = np.where(np.arange(width) < width // 2, 0.8, 5.0) * np.ones((height, 1))
    return gg.Frame(mosaic, depth_m=depth_m.astype(np.float32), **attributes)


def scenes(cuda: Device, opencl: Device, frame: gg.Frame, settings: gg.Settings) -> tuple[np.ndarray, np.ndarray]:
    """The scene-linear picture of one frame by both devices."""
    pictures = []
    for opened in (cuda, opencl):
        engine = gg.Engine(opened.companion())
        pictures.append(engine.scene(frame, settings))
        engine.close()
    return pictures[0], pictures[1]


@pytest.mark.usefixtures("cupy")
@pytest.mark.parametrize("name", list_kernel_sources())
def test_each_source_compiles_and_has_its_kernels(cuda: Device, name: str) -> None:
    kernels = cuda._kernels
    assert isinstance(kernels, Kernels)
    buffer = cuda.allocate(16)
    for kernel, declared in load_kernel_source(name).entry_points().items():
        given = {argument.name: 0 if argument.scalar else buffer for argument in declared}
        compiled, values = kernels.call(name, kernel, given)
        assert compiled.kernel.ptr
        assert len(values) == len(declared)
    cuda.release(buffer)


def test_each_yuv_picture_equals_opencl(cuda: Device, opencl: Device) -> None:
    developers = [Developer(opened) for opened in (cuda, opencl)]
    for layout, bits in YUV:
        frame = yuv_frame((45, 31), layout, bits)
        picture, expected = (developer.develop(frame, gg.Development()).read() for developer in developers)
        np.testing.assert_allclose(picture, expected, atol=STAGE, err_msg=f"{layout} {bits}")
    for developer in developers:
        developer.release()


@pytest.mark.parametrize("method", METHODS)
def test_each_demosaic_equals_opencl(cuda: Device, opencl: Device, method: str) -> None:
    settings = gg.Settings(f_number=16.0, development=gg.Development(demosaic=method))  # type: ignore[arg-type]
    picture, expected = scenes(cuda, opencl, frame_of(), settings)
    np.testing.assert_allclose(picture, expected, atol=ANOTHER_COMPILER)


@pytest.mark.parametrize("packing", [Packing.U16, Packing.RAW10, Packing.P12])
def test_all_raw_stages_equal_opencl(cuda: Device, opencl: Device, packing: Packing) -> None:
    width, white = 88, (1 << packing.bits) - 1
    numbers = RANDOM.integers(0, white + 1, (60, width), dtype=np.uint16)
    profile = gg.CameraProfile(white=float(white), white_balance=(2.0, 1.0, 1.5))
    packed_width = 0 if packing is Packing.U16 else width
    frame = gg.Frame(pack(numbers, packing), packing=packing, packed_width=packed_width, profile=profile)
    development = gg.Development().with_all_stages()
    pictures = []
    for opened in (cuda, opencl):
        developer = Developer(opened)
        pictures.append([developer.develop(frame, development).read() for _ in range(2)][1])  # temporal needs two
        developer.release()
    np.testing.assert_allclose(pictures[0], pictures[1], atol=ANOTHER_COMPILER)


@pytest.mark.parametrize("kind", ["xtrans", "quad", "mono"])
def test_other_color_filters_equal_opencl(cuda: Device, opencl: Device, kind: str) -> None:
    cfa = {"xtrans": gg.Cfa(XTRANS), "quad": gg.Cfa("RGGB", 2), "mono": gg.Cfa("MONO")}[kind]
    picture, expected = scenes(cuda, opencl, frame_of(cfa=cfa), gg.Settings(f_number=16.0))
    np.testing.assert_allclose(picture, expected, atol=ANOTHER_COMPILER)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("lens", list_lenses())
def test_each_lens_equals_opencl(cuda: Device, opencl: Device, lens: str, quality: str) -> None:
    settings = gg.Settings(lens=lens, focus_m=1.5, quality=quality)  # type: ignore[arg-type]
    picture, expected = scenes(cuda, opencl, frame_of(), settings)
    np.testing.assert_allclose(picture, expected, atol=ANOTHER_COMPILER)


@pytest.mark.parametrize("scale", [0.75, 0.5, 0.3])
def test_a_scaled_picture_equals_opencl(cuda: Device, opencl: Device, scale: float) -> None:
    picture, expected = scenes(cuda, opencl, frame_of(), gg.Settings(scale=scale))
    np.testing.assert_allclose(picture, expected, atol=ANOTHER_COMPILER)


def test_work_groups_with_barriers_match_a_pair_as_opencl_does(cuda: Device, device: Device) -> None:
    """On a GPU a work-group follows a path; a CPU sweeps. The costs are integers, and so are equal."""
    texture = np.kron(RANDOM.integers(0, 256, (30, 90), dtype=np.uint8), np.ones((2, 2), np.uint8))
    left, right = (np.repeat(texture[:, x : x + 120, None], 3, axis=2).copy() for x in (0, 20))
    frame = gg.Frame(left, gg.Encoding.DISPLAY, right=right, rig=RIG)
    maps = []
    for opened in (cuda, device):
        pairs = StereoPairDepth(opened)
        maps.append(pairs.depth_m(frame, "live"))
        pairs.release()
    np.testing.assert_allclose(maps[0], maps[1], rtol=STAGE)


def test_a_picture_reaches_gl(cuda: Device, opencl: Device) -> None:
    frame, pictures = frame_of(), []
    for opened in (cuda, opencl):
        with gg.Engine(opened.companion()) as engine:
            pictures.append(engine.render(frame, gg.Settings()).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def linearize(planes: Planes, **changes: object) -> None:
    planes.run(
        "linearize.cl", "linearize_float", **({"light": planes.buffer, "mosaic": planes.buffer, "encoded": 0} | changes)
    )


def test_arguments_are_checked_by_name_and_type(cuda: Device) -> None:
    planes = Planes(cuda, 64, 4, 1)
    with pytest.raises(ShaderError, match=r"linearize_float has no argument 'lihgt'; did you mean 'light'\?"):
        linearize(planes, lihgt=planes.buffer)
    with pytest.raises(ShaderError, match=r"'int encoded' takes an int, not float 0\.5"):
        linearize(planes, encoded=0.5)
    planes.release()


def test_a_compile_error_names_file_and_line(cuda: Device) -> None:
    text = KERNELS.read("linearize.cl")
    assert text is not None
    line = len(text.splitlines()) + 1
    try:
        KERNELS.put({"linearize.cl": f"{text}\nint broken = nothing;\n"})
        planes = Planes(cuda, 64, 4, 1)
        with pytest.raises(ShaderError, match=rf"linearize\.cl:{line + 1}: error: .nothing. was not declared"):
            linearize(planes)
    finally:
        KERNELS.put({"linearize.cl": text})
    linearize(planes)
    planes.release()


def test_a_prepared_launch_is_queued_again_also_by_another_thread(cuda: Device) -> None:
    """The driver launches only in a thread with a current context, and never in the default stream."""
    planes = Planes(cuda, 64, 4, 1)
    light = cuda.allocate(planes.buffer.nbytes)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            for level in (0.25, 0.75):
                cuda.write(light, np.full(light.nbytes // 4, level, np.float32))
                linearize(planes, light=light)
                assert (planes.read() == np.float32(level)).all()
        except BaseException as error:
            errors.append(error)

    run()
    prepared = dict(cuda._launches.ready)  # type: ignore[attr-defined]
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == []
    assert cuda._launches.ready == prepared  # type: ignore[attr-defined]
    cuda.release(light)
    planes.release()


def test_a_stage_has_one_pair_of_events(cuda: Device, monkeypatch: pytest.MonkeyPatch, cupy: ModuleType) -> None:
    planes, clock, recorded = Planes(cuda, 64, 4, 1), Clock(), []
    record = cupy.cuda.Stream.record
    monkeypatch.setattr(cupy.cuda.Stream, "record", lambda stream: recorded.append(stream) or record(stream))
    with cuda.stage("develop", clock):
        for _ in range(5):
            linearize(planes)
    with cuda.stage("optics", clock):
        pass
    cuda.collect()
    assert len(recorded) == 2
    assert list(clock.stages()) == ["develop"]
    planes.release()


def test_kernels_are_built_although_the_cache_is_full(
    cuda: Device, monkeypatch: pytest.MonkeyPatch, cupy: ModuleType
) -> None:
    """CuPy stores a kernel in its cache after it is built; then kernels are built again, and stay in memory."""
    monkeypatch.setenv("CUPY_CACHE_IN_MEMORY", "0")
    compile_module, tried = cupy.RawModule.compile, []

    def compile_or_fail(module: Any) -> None:
        tried.append(os.environ["CUPY_CACHE_IN_MEMORY"])
        if tried[-1] != "1":
            raise OSError("No space left on device")
        compile_module(module)

    monkeypatch.setattr(cupy.RawModule, "compile", compile_or_fail)
    planes = Planes(cuda, 64, 4, 1)
    planes.run("borders.cl?CACHE=1", "mirror", planes=planes.buffer, channels=1, border=1)
    assert tried[:2] == ["0", "1"]
    planes.release()


@pytest.mark.parametrize("writable", [True, False])
def test_kernels_are_kept_for_this_run_if_the_home_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    """CuPy cannot be imported without a folder for its cache."""
    home = tmp_path / "home"
    if not writable:
        home.write_text("a file instead of a folder")
    folder = str(home / "kernel_cache")
    monkeypatch.setenv("CUPY_CACHE_DIR", folder)
    ensure_kernel_cache()
    chosen = os.environ["CUPY_CACHE_DIR"]
    assert (chosen == folder) == writable
    assert Path(chosen).is_dir()


def test_stages_are_timed(cuda: Device) -> None:
    planes, clock = Planes(cuda, 64, 4, 1), Clock()
    with cuda.stage("develop", clock):
        linearize(planes)
    cuda.collect()
    assert list(clock.stages()) == ["develop"]
    assert clock.stages()["develop"]["p50_ms"] > 0
    planes.release()


def test_memory_that_does_not_exist_is_an_error(cuda: Device, cupy: ModuleType) -> None:
    with pytest.raises(DeviceError, match=r"^cuda:0: cannot allocate \d+ MiB \(Out of memory .*\); use a smaller"):
        cuda.allocate(2 * cupy.cuda.MEMORY_BYTES)


def test_a_failed_launch_is_an_error_at_the_next_synchronization(cuda: Device, cupy: ModuleType) -> None:
    cupy.cuda.Stream.failure = cupy.cuda.runtime.CUDARuntimeError("cudaErrorIllegalAddress")
    with pytest.raises(DeviceError, match=r"^cuda:0 \(Stand-in\): cudaErrorIllegalAddress; start again") as caught:
        cuda.finish()
    assert "\n" not in str(caught.value)


def test_a_launch_that_the_driver_refuses_is_an_error(cuda: Device) -> None:
    planes = Planes(cuda, 64, 4, 1)
    arguments = {"light": planes.buffer, "mosaic": planes.buffer, "width": 64, "pitch": 96, "encoded": 0}
    with pytest.raises(DeviceError, match="CUDA_ERROR_INVALID_VALUE"):
        cuda.run("linearize.cl", "linearize_float", (4096, 1), (2048, 1), **arguments)
    planes.release()


@pytest.mark.usefixtures("cupy")
class TestEnumeration:
    """Each reason why CUDA cannot be used is one line with a remedy, and `auto` takes another device."""

    def failure(self) -> str:
        """What `devices` and messages state about CUDA."""
        candidates, failures = list_devices()
        assert [candidate for candidate in candidates if candidate.kind == "cuda"] == []
        found = next(failure for failure in failures if failure.kind == "cuda")
        text = f"{found.reason}; {found.remedy}"
        assert "\n" not in text
        return text

    def test_the_device_is_described(self) -> None:
        found = next(candidate for candidate in list_devices()[0] if candidate.kind == "cuda")
        assert (found.spec, found.name, found.driver, found.is_cpu) == ("cuda:0", "Stand-in", "CUDA 13.0", False)

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (ImportError("No module named 'cupy'"), "CuPy is not installed; pip install groundglass[cuda]"),
            (
                PermissionError("/home/x/.cupy"),
                "CuPy cannot be imported (/home/x/.cupy); make the home folder writable",
            ),
        ],
    )
    def test_cupy_cannot_be_imported(self, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
        imported = builtins.__import__

        def refuse(name: str, *arguments: Any, **keywords: Any) -> Any:
            if name == "cupy":
                raise error
            return imported(name, *arguments, **keywords)

        monkeypatch.setattr(builtins, "__import__", refuse)
        assert message in self.failure()

    def test_no_driver(self, monkeypatch: pytest.MonkeyPatch, cupy: ModuleType) -> None:
        def refuse() -> int:
            raise cupy.cuda.runtime.CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")

        monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", refuse)
        assert "the driver reports no device (cudaErrorNoDevice" in self.failure()

    def test_no_nvrtc(self, monkeypatch: pytest.MonkeyPatch, cupy: ModuleType) -> None:
        def refuse() -> tuple[int, int]:
            raise RuntimeError("CuPy failed to load\n libnvrtc.so.13")

        monkeypatch.setattr(cupy.cuda.nvrtc, "getVersion", refuse)
        assert "(CuPy failed to load libnvrtc.so.13); pip install 'nvidia-cuda-nvrtc>=13,<14'" in self.failure()

    def test_an_old_gpu(self, monkeypatch: pytest.MonkeyPatch, cupy: ModuleType) -> None:
        old = cupy.cuda.runtime.getDeviceProperties(0) | {"major": 6, "minor": 1}
        monkeypatch.setattr(cupy.cuda.runtime, "getDeviceProperties", lambda number: old)
        assert self.failure() == (
            "cuda:0 (Stand-in) has compute capability 6.1, and NVRTC 13.0 compiles for 7.5 and newer; "
            "use it through OpenCL"
        )

    @pytest.mark.parametrize("kind", ["runtime.CUDARuntimeError", "driver.CUDADriverError"])
    def test_a_device_that_does_not_open(self, monkeypatch: pytest.MonkeyPatch, cupy: ModuleType, kind: str) -> None:
        module, _, name = kind.partition(".")
        error = getattr(getattr(cupy.cuda, module), name)

        def refuse(self: object, *, non_blocking: bool) -> None:
            raise error("out of resources")

        monkeypatch.setattr(cupy.cuda.Stream, "__init__", refuse)
        with pytest.raises(DeviceError, match=r"^cuda:0 \(Stand-in\): cannot be opened \(out of resources\); install"):
            open_device("cuda:0")
