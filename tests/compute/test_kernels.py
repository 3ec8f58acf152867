"""Every kernel compiles as OpenCL C and as CUDA C++, and both give the same picture."""

from __future__ import annotations

import ctypes
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.compute.cuda import NVRTC_OPTIONS
from groundglass.compute.device import Device
from groundglass.compute.planes import PAD
from groundglass.compute.program import KERNELS, Kernels, KernelSource, list_kernel_sources, load_kernel_source
from groundglass.compute.registry import list_devices, open_device
from groundglass.depth.stage import DepthStage
from groundglass.develop.demosaic import METHODS, Method
from groundglass.develop.developer import Developer
from groundglass.develop.development import Development
from groundglass.frame import Frame
from groundglass.gl.passes import Stage, load_pass
from groundglass.lens import Lens
from groundglass.look.grade import look_picture
from groundglass.look.kernel_route.translation import parse_look
from groundglass.look.look import Look, load_look
from groundglass.optics.blur import Blur
from groundglass.optics.defocus import Defocus
from groundglass.packing import Packing, pack
from tolerances import ANOTHER_COMPILER, HALF_ROUNDING


class Nvrtc:
    """The C interface of the NVIDIA runtime compiler, which does not need a GPU."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))

    def compile(self, source: KernelSource, options: tuple[str, ...]) -> str:
        """Returns the PTX. Raises AssertionError with the log of the compiler if the compilation fails."""
        program = ctypes.c_void_p()
        no_headers = (ctypes.c_int(0), None, None)
        text, name = source.text.encode(), source.name.encode()
        assert self._library.nvrtcCreateProgram(ctypes.byref(program), text, name, *no_headers) == 0
        given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        status = self._library.nvrtcCompileProgram(program, len(options), given)
        log = source.explain(self._text("ProgramLog", program))
        ptx = "" if status else self._text("PTX", program)
        self._library.nvrtcDestroyProgram(ctypes.byref(program))
        assert status == 0, log
        return ptx

    def _text(self, kind: str, program: ctypes.c_void_p) -> str:
        size = ctypes.c_size_t()
        assert getattr(self._library, f"nvrtcGet{kind}Size")(program, ctypes.byref(size)) == 0
        text = ctypes.create_string_buffer(size.value)
        assert getattr(self._library, f"nvrtcGet{kind}")(program, text) == 0
        return text.value.decode()


@pytest.fixture(scope="module")
def nvrtc() -> Nvrtc:
    package = importlib.util.find_spec("nvidia")
    folders = package.submodule_search_locations if package else None
    libraries = sorted(
        library
        for folder in folders or ()
        for pattern in ("libnvrtc.so*", "nvrtc64*.dll")
        for library in Path(folder).rglob(pattern)
        if ".alt." not in library.name
    )
    if not libraries:
        pytest.skip("NVRTC is not installed; pip install nvidia-cuda-nvrtc")
    for builtins in sorted(libraries[0].parent.glob("*nvrtc-builtins*")):
        ctypes.CDLL(str(builtins))  # the NVRTC of the wheel does not find it
    return Nvrtc(libraries[0])


# Sources with build options; the sources without options are in `list_kernel_sources`.
BUILT_FOR = [
    *(f"linearize.cl?PACKING={packing.name}&BLOCK={int(packing is Packing.P10)}" for packing in Packing),
    *(f"linearize.cl?PACKING=RAW10&BLOCK=0&BINNING={binning}" for binning in ("SQUARE", "SPREAD")),
    "highlights.cl?SHADED=1",
]


@pytest.mark.parametrize("name", [*list_kernel_sources(), *BUILT_FOR])
def test_nvrtc_compiles_each_source_with_the_options_of_the_cuda_device(nvrtc: Nvrtc, name: str) -> None:
    source = load_kernel_source(name)
    ptx = nvrtc.compile(source, NVRTC_OPTIONS)
    for kernel in source.entry_points():
        assert f".visible .entry {kernel}(" in ptx


@pytest.mark.parametrize("look", ["classic", "monochrome", "vibrant"])
def test_nvrtc_compiles_the_kernel_of_a_look(nvrtc: Nvrtc, look: str) -> None:
    passes = [used for used in load_look(look).passes if load_pass(used.name).stage is not Stage.NEIGHBOURHOOD]
    picture = look_picture(Look(look, "", tuple(passes)), (640, 360), strength=0.5)
    KERNELS.add_generated(f"{look}.cl", parse_look(picture.passes, picture.blend).translate(picture.uniforms).text)
    assert ".visible .entry look(" in nvrtc.compile(load_kernel_source(f"{look}.cl"), NVRTC_OPTIONS)


def test_nvrtc_errors_name_the_source_file(nvrtc: Nvrtc) -> None:
    text = load_kernel_source("borders.cl")
    broken = KernelSource("broken.cl", text.text + "\nint broken = nothing;\n", (*text.lines, *[("broken.cl", 7)] * 2))
    with pytest.raises(AssertionError, match=r"broken\.cl:7: error: identifier .nothing. is undefined"):
        nvrtc.compile(broken, NVRTC_OPTIONS)


@pytest.mark.parametrize("name", list_kernel_sources())
def test_opencl_builds_each_kernel_of_each_source(device: Device, name: str) -> None:
    kernels = device._kernels
    assert isinstance(kernels, Kernels)
    buffer = device.allocate(16)
    for kernel, declared in load_kernel_source(name).entry_points().items():
        given = {argument.name: 0 if argument.scalar else buffer for argument in declared}
        compiled, bound = kernels.call(name, kernel, given)
        assert compiled is not None
        assert len(bound) == len(declared)
    device.release(buffer)


def test_the_border_is_as_wide_in_the_kernels_as_in_python() -> None:
    assert f"#define PAD {PAD}\n" in load_kernel_source("borders.cl").text


def mosaic_with_depth() -> Frame:
    """Odd sides. Its work-groups have the size of those of the tests with `EVERY_STAGE`: a kernel is compiled once."""
    random = np.random.default_rng(5)
    mosaic = random.integers(0, 65536, (149, 151), dtype=np.uint16)
    depth_m = np.where(random.random((149, 151)) < 0.1, 0.6, 4.0).astype(np.float32)
    return Frame(mosaic, depth_m=depth_m)


def focused(opened: Device, frame: Frame, method: Method) -> np.ndarray:
    """Scene RGB after develop and optics, through a 50 mm lens at f/1.4 focused at 1.2 m."""
    developer = Developer(opened)
    scene = developer.develop(frame, Development(demosaic=method))
    depth = DepthStage(opened, *scene.size)
    depth.load(frame.depth_m)
    defocus = Defocus(opened, *scene.size, "live")
    blur = Blur.of(Lens(), 1.2, scene.layout.width)
    picture = defocus.run(scene, depth.run(scene), depth.distances_m, blur).read()
    depth.release()
    defocus.release()
    developer.release()
    return picture


@pytest.mark.parametrize("run_length", [1, 8, 16])
@pytest.mark.parametrize("method", METHODS)
def test_the_picture_is_independent_of_the_run_length(device: Device, method: Method, run_length: int) -> None:
    """A GPU uses the run length 1, a CPU 16 with AVX-512 and 8 without. A CPU supports all of them."""
    if device.run_length in (1, run_length):
        pytest.skip(f"{device.spec} has the run length {device.run_length}; only a CPU supports others")
    other = open_device(device.spec)
    other.run_length = run_length
    frame = mosaic_with_depth()
    picture, expected = focused(other, frame, method), focused(device, frame, method)
    np.testing.assert_allclose(picture, expected, rtol=2 * HALF_ROUNDING, atol=ANOTHER_COMPILER)
    other.close()


EVERY_STAGE = Development(denoise=0.5, temporal=0.5, sharpen=0.5, defects="auto", aberration="1,-1")


@pytest.mark.parametrize("run_length", [1, 8, 16])
@pytest.mark.parametrize("packing", Packing)
def test_development_is_independent_of_the_run_length(device: Device, packing: Packing, run_length: int) -> None:
    """Packed and partly clipped samples pass every optional stage."""
    if device.run_length in (1, run_length):
        pytest.skip(f"{device.spec} has the run length {device.run_length}; only a CPU supports others")
    numbers = np.random.default_rng(5).integers(0, 1 << packing.bits, (57, 150), dtype=np.uint16)
    profile = CameraProfile(white=float((1 << packing.bits) - 1), white_balance=(2.0, 1.0, 1.5))
    width = 0 if packing is Packing.U16 else 150
    frame = Frame(pack(numbers, packing), packing=packing, packed_width=width, profile=profile)
    other = open_device(device.spec)
    other.run_length = run_length
    pictures = []
    for opened in (device, other):
        developer = Developer(opened)
        pictures.append(developer.develop(frame, EVERY_STAGE).read())
        developer.release()
    np.testing.assert_allclose(pictures[1], pictures[0], atol=ANOTHER_COMPILER)
    other.close()


@pytest.mark.parametrize("method", METHODS)
def test_a_gpu_and_a_cpu_give_the_same_picture(gpus: list[str], method: Method) -> None:
    cpus = [candidate.spec for candidate in list_devices()[0] if candidate.is_cpu]
    if not cpus:
        pytest.skip("no CPU device to compare with a GPU")
    frame = mosaic_with_depth()
    cpu, *others = [open_device(spec) for spec in (cpus[0], *gpus)]
    expected = focused(cpu, frame, method)
    for gpu in others:
        np.testing.assert_allclose(focused(gpu, frame, method), expected, atol=2e-3, err_msg=gpu.spec)
    for opened in (cpu, *others):
        assert opened.live_buffers == 0
        opened.close()
