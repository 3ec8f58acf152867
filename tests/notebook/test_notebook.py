"""The widget in a notebook: the demo runs in a kernel, its picture is that of `render`, and input reaches the view."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.viewfinder.session import LiveOptions
from PIL import Image

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

SOURCE = '"scene:?size=640x360"'
CHECKS = (
    """
import numpy as np, threading
from groundglass.notebook import Viewfinder
from groundglass.notebook.canvas import Canvas
import asyncio, time

async def until(condition):
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)

picture = np.load("picture.npy")
view = Viewfinder(picture, depth_m=np.load("depth.npy"), look="natural", focus_m=2.0, f_number=4.0, scale=1.0)
np.save("shown.npy", view.wait())
view
""",
    """
canvas, sliders = view._canvas, view._sliders
sent = []
canvas.send = lambda message, buffers=None: sent.append((message["mimetype"], len(buffers[0])))
canvas._has_visible_views = True
here = {"modifiers": [], "buttons": [], "x": 10, "y": 32}
canvas._rfb_handle_msg(canvas, {"type": "pointer_down", "button": 1, **here}, [])
canvas._rfb_handle_msg(canvas, {"type": "pointer_up", "button": 1, **here}, [])
await until(lambda: view.settings.focus_m < 1.4)
await until(lambda: sliders.by_name["focus"].value < 1.4)  # the slider follows
sliders.by_name["f_number"].value = 8.0  # the user moves it
await until(lambda: view.settings.f_number == 8.0)
canvas._rfb_handle_msg(canvas, {"type": "key_down", "key": "l", "modifiers": []}, [])
await until(lambda: view.settings.look.name != "natural")
await until(lambda: sliders.by_name["look"].value == view.settings.look.name)
canvas._rfb_handle_msg(canvas, {"type": "wheel", "dx": 0, "dy": 100, **here, "modifiers": ["Control"]}, [])
shape = {"width": 24, "height": 16, "pwidth": 48, "pheight": 32, "ratio": 2}
canvas._rfb_handle_msg(canvas, {"type": "resize", **shape}, [])
await until(lambda: view.picture.shape == (32, 48, 3))
await until(lambda: len(sent) >= 2)
for name in range(50):  # the browser confirms none of them
    view.set("strength", name / 50)
    await asyncio.sleep(0.005)
assert len(sent) <= canvas.max_buffered_frames + 1, sent  # one may be the lossless picture
assert {kind for kind, _ in sent} <= {"image/jpeg", "image/png"}
view.set("look", "imaginary")
await until(lambda: "imaginary" in view._line.value)
view.close()
view.close()
assert "groundglass-notebook" not in [thread.name for thread in threading.enumerate()]
""",
    """
import groundglass as gg
assert gg.view(picture) is None  # it does not block
""",
    """
gg.view(picture, look="sepia")
from groundglass.notebook import widget
assert len([each for each in widget._alive if each._thread.is_alive()]) == 1  # the earlier one has ended
""",
)


@pytest.fixture(scope="module")
def executed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The demo, of a small picture, and the checks, run by one kernel."""
    folder = tmp_path_factory.mktemp("notebook")
    rng = np.random.default_rng(5)
    np.save(folder / "picture.npy", rng.integers(0, 255, (64, 96, 3), dtype=np.uint8))
    np.save(folder / "depth.npy", np.linspace(1.0, 4.0, 96, dtype=np.float32)[None].repeat(64, axis=0))
    demo = (repository / "demos" / "notebook" / "viewfinder.ipynb").read_text(encoding="utf-8")
    assert demo.count(SOURCE.replace('"', '\\"')) == 2
    notebook = nbformat.reads(demo.replace("size=640x360", "size=96x64"), as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(check) for check in CHECKS]
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    client.execute()
    return folder, notebook


def outputs(notebook: Any, mime: str) -> list[Any]:
    """The outputs of this kind, in order."""
    made = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ())]
    return [data[mime] for data in made if mime in data]


def test_the_demo_is_stored_without_output(repository: Path) -> None:
    stored = nbformat.read(repository / "demos" / "notebook" / "viewfinder.ipynb", as_version=4)
    assert [cell.outputs for cell in stored.cells if cell.cell_type == "code" and cell.outputs] == []
    assert len("".join(cell.source for cell in stored.cells).splitlines()) <= 60


def test_the_picture_is_that_of_render(executed: tuple[Path, Any]) -> None:
    folder, notebook = executed
    expected = gg.render(
        np.load(folder / "picture.npy"), depth_m=np.load(folder / "depth.npy"), look="natural", focus_m=2.0,
        f_number=4.0, quality="live", development=gg.Development(metering="auto"),
    )  # fmt: skip
    assert np.array_equal(np.load(folder / "shown.npy"), expected)
    pngs = [np.asarray(Image.open(io.BytesIO(base64.b64decode(png)))) for png in outputs(notebook, "image/png")]
    assert any(np.array_equal(png, expected) for png in pngs)  # for pages without a kernel


def test_the_demo_shows_a_widget_and_a_picture(executed: tuple[Path, Any]) -> None:
    notebook = executed[1]
    assert outputs(notebook, "application/vnd.jupyter.widget-view+json")
    final = [output for cell in notebook.cells[:7] for output in cell.get("outputs", ())][-1]["data"]["image/png"]
    assert np.asarray(Image.open(io.BytesIO(base64.b64decode(final)))).std() > 5


def test_no_cell_prints_an_error(executed: tuple[Path, Any]) -> None:
    printed = [output for cell in executed[1].cells for output in cell.get("outputs", ()) if "text" in output]
    assert printed == []


def test_a_missing_jupyter_rfb_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("groundglass.notebook")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jupyter_rfb", None)
    with pytest.raises(gg.GroundglassError, match=r"needs jupyter_rfb; pip install groundglass\[notebook\]"):
        __import__("groundglass.notebook")


def test_options_have_all_keywords() -> None:
    pytest.importorskip("jupyter_rfb")
    from groundglass.notebook import Viewfinder

    with pytest.raises(gg.GroundglassError, match="options have all keywords, also look"):
        Viewfinder(SOURCE.strip('"'), options=LiveOptions(), look="natural")
