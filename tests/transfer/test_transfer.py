"""The contract of a texture transfer, the choice of the transfer, and that a frame does not allocate."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import SimpleNamespace

import groundglass as gg
import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.transfer import registry
from groundglass.transfer.registry import TRANSFERS, open_transfer
from groundglass.transfer.transfer import TextureTransfer
from look_support import context


def class_of(path: Path, name: str) -> ast.ClassDef:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def public_methods(node: ast.ClassDef) -> dict[str, tuple[str, str | None]]:
    return {
        item.name: (ast.unparse(item.args), item.returns and ast.unparse(item.returns))
        for item in node.body
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")
    }


def test_every_module_of_the_folder_is_registered(repository: Path) -> None:
    files = {path.stem for path in (repository / "engine/transfer").glob("*.py")}
    names = {module.__name__.rpartition(".")[2] for module in TRANSFERS}  # type: ignore[attr-defined]
    assert files - {"__init__", "transfer", "registry"} == names


@pytest.mark.parametrize("module", TRANSFERS, ids=lambda module: module.__name__)
def test_a_transfer_has_exactly_the_members_of_the_contract(repository: Path, module: object) -> None:
    contract = class_of(repository / "engine/transfer/transfer.py", "TextureTransfer")
    path = Path(inspect.getfile(module))  # type: ignore[arg-type]
    name = str(module.open_transfer.__annotations__["return"]).removesuffix(" | None")  # type: ignore[attr-defined]
    written = class_of(path, name)
    assert public_methods(written) == public_methods(contract)
    declared = {item.target.id for item in contract.body if isinstance(item, ast.AnnAssign)}  # type: ignore[union-attr]
    assigned = {
        node.attr
        for node in ast.walk(written)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    assert {name for name in assigned if not name.startswith("_")} == declared


def test_the_first_usable_transfer_is_opened(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def module(name: str, transfer: object) -> SimpleNamespace:
        return SimpleNamespace(open_transfer=lambda device, gl: opened.append(name) or transfer)

    kinds = (module("cuda_gl", None), module("opencl_gl", "shared"), module("host", "host"))
    monkeypatch.setattr(registry, "TRANSFERS", kinds)
    assert open_transfer(device, context()) == "shared"  # type: ignore[comparison-overlap]
    assert opened == ["cuda_gl", "opencl_gl"]


def test_a_scene_is_sent_without_allocation_per_frame(device: Device) -> None:
    before = device.live_buffers
    transfer: TextureTransfer = open_transfer(device, context())
    scene = Planes(device, 20, 12, 3)
    rgb = np.random.default_rng(1).uniform(0, 4, (12, 20, 3)).astype(np.float32)
    scene.write(rgb)
    transfer.prepare(20, 12)
    buffers = device.live_buffers
    textures = transfer.send(scene)
    texture = textures.textures[0]
    assert textures is transfer.textures
    assert textures.size == (20, 12)
    for factor in (0.5, 0.25):
        scene.write(rgb * factor)
        assert transfer.send(scene).textures[0] is texture  # no allocation per frame
    assert device.live_buffers == buffers
    pitch, rows = textures.pitch_px
    sent = np.frombuffer(texture.read(), np.float16).reshape(rows, pitch, 4)
    x, y = textures.origin
    np.testing.assert_array_equal(sent[y : y + 12, x : x + 20, :3], (rgb * 0.25).astype(np.float16))
    for _ in range(2):
        transfer.release()
        scene.release()
    assert device.live_buffers == before


def test_the_engine_names_its_transfer() -> None:
    with gg.Engine(gl=context()) as engine:
        assert engine.transfer_name == "host"
