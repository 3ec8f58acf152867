"""The kernels and stages with a second OpenCL compiler, Intel's for CPUs: the same tests hold, and the pictures agree.

The driver is found before pyopencl is imported, so everything runs in processes of its own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from second_opencl_support import intel_library, run_with_drivers
from tolerances import assert_same_codes

KERNEL_TESTS = "tests/compute/test_kernel_facts.py::test_each_test_passes_and_launches_its_kernels"
STAGES = (
    "tests/develop/test_demosaic.py::test_a_constant_stays_constant",
    "tests/develop/test_demosaic.py::test_mosaics_of_odd_and_tiny_sizes",
    "tests/optics/test_defocus_runs.py::test_the_picture_does_not_depend_on_previous_frames",
    "tests/transfer/test_host.py",
)
CHAIN = """
import sys
import groundglass as gg
import numpy as np
from groundglass.compute.registry import list_devices
from groundglass.lens import load_lens
from groundglass.settings import Settings

with gg.open("scene:?size=192x128&fps=2") as source:
    frame = next(iter(source))
devices = [device for device in list_devices()[0] if device.kind == "opencl" and device.is_cpu]
drivers = {"intel" if device.driver.startswith("Intel") else "pocl": device.spec for device in devices}
for name in ("intel", "pocl"):
    settings = Settings(look="classic", lens=load_lens("noct-50"), focus_m=1.2)
    with gg.Engine(drivers[name], settings=settings, look_route="gl") as engine:
        np.save(f"{sys.argv[1]}/{name}.npy", engine.render(frame, settings))
"""


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the .icd file of Intel's driver."""
    folder = tmp_path_factory.mktemp("vendors")
    (folder / "intel.icd").write_text(f"{intel_library()}\n", encoding="utf-8")
    return folder


@pytest.mark.slow
def test_kernels_and_stages_are_right_on_the_second_opencl(vendors: Path, repository: Path) -> None:
    icd = vendors / "intel.icd"
    listed = run_with_drivers(icd, "-m", "groundglass", "devices")
    assert "Intel(R) OpenCL" in listed
    assert "Portable Computing" not in listed
    tests = [str(repository / test) for test in (KERNEL_TESTS, *STAGES)]
    output = run_with_drivers(icd, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "--tb=short", *tests)
    assert " passed" in output


@pytest.mark.slow
def test_the_chain_s_picture_on_the_second_opencl_is_that_of_pocl(vendors: Path, tmp_path: Path) -> None:
    run_with_drivers(vendors, "-c", CHAIN, str(tmp_path))
    picture, expected = (np.load(tmp_path / f"{name}.npy") for name in ("intel", "pocl"))
    assert_same_codes(picture, expected)
