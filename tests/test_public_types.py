"""The public names have complete type hints: mypy --strict accepts a program that uses them, with exact results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = '''
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
from numpy.typing import NDArray


class Bars(gg.BaseSource):
    name, size = "bars", (4, 2)


class Tensor:
    """An array of another library."""

    def __dlpack__(self, stream: int | None = None) -> Any:
        raise NotImplementedError

    def __dlpack_device__(self) -> tuple[int, int]:
        raise NotImplementedError


picture = np.zeros((2, 4, 3), np.uint8)
settings = gg.Settings(look="classic", development=gg.Development(metering="auto"))
reveal_type(gg.view(picture, cfa="RGGB", depth_m=Tensor()))
reveal_type(gg.view(Bars()))
reveal_type(gg.render(Tensor(), look=gg.load_look("natural")))
reveal_type(gg.render(Path("photo.dng"), raw_size="8x8"))
with gg.open("scene:") as source, gg.Engine() as engine:
    for frame in source:
        reveal_type(engine.draw(frame, settings, into=engine.gl.texture((4, 2), 4)))
        reveal_type(engine.render(frame, settings, out=picture))
        scene = engine.scene_on_device(frame, settings)
        reveal_type(frame.pixels)
reveal_type(gg.Frame(picture, gg.Encoding.DISPLAY).as_display())
reveal_type(gg.Frame(gg.from_dlpack(Tensor()), depth_m=None).depth_m)
reveal_type(settings.with_(look="sepia"))
reveal_type(gg.measure_look(settings.look))
'''
TYPES = [
    "groundglass.settings.Settings | None",
    "groundglass.settings.Settings | None",
    "numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.unsignedinteger[numpy._typing._nbit_base._8Bit]]]",
    "numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.unsignedinteger[numpy._typing._nbit_base._8Bit]]]",
    "groundglass.drawn.Drawn",
    "numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.unsignedinteger[numpy._typing._nbit_base._8Bit]]]",
    "numpy.ndarray[tuple[Any, ...], numpy.dtype[Any]]",
    "groundglass.frame.Frame",
    "numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.floating[numpy._typing._nbit_base._32Bit]]] | None",
    "groundglass.settings.Settings",
    "groundglass.look.traits.Traits",
]


@pytest.mark.slow
def test_a_program_that_is_strictly_typed_uses_the_public_names(tmp_path: Path, repository: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    (tmp_path / "groundglass").symlink_to(repository / "engine")
    options = (
        "--strict",
        "--no-error-summary",
        "--config-file",
        "",
        "--cache-dir",
        repository / ".mypy_cache" / "public",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "--follow-imports", "silent", program],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert [line for line in lines if ": error:" in line] == []
    revealed = [line.partition('Revealed type is "')[2].removesuffix('"') for line in lines if "Revealed" in line]
    assert revealed == TYPES
