"""A look by both routes: in GL from a texture, and by a kernel from the planes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.gl.passes import Pass
from groundglass.gl.planes import ScenePlanes
from groundglass.look.grade import WHOLE, Grader, Part, look_picture
from groundglass.look.kernel_route.route import KernelLooks
from groundglass.look.look import Look
from look_support import context
from numpy.typing import NDArray

Codes = NDArray[np.uint8]


class BothRoutes:
    """One picture of half floats, drawn by either route; releases everything at its end."""

    def __init__(self, device: Device, scene: NDArray[np.float32]) -> None:
        height, width = scene.shape[:2]
        self.size = width, height
        self.looks = KernelLooks(device, "kernel", software_gl=True)
        self._planes = Planes(device, width, height, 3)
        self._planes.write(scene)
        self._textures, self._grader = ScenePlanes(context()), Grader(context())
        self._textures.write([np.ascontiguousarray(scene[..., channel]) for channel in range(3)])

    def in_gl(self, look: Look, *, strength: float = 1.0, part: Part = WHOLE, **moment: Any) -> Codes:
        """(H, W, 3) uint8."""
        context()
        drawn = self._grader.draw(self._textures, look, strength=strength, part=part, **moment)
        return self._codes(drawn.read())

    def by_kernel(self, look: Look, *, strength: float = 1.0, part: Part = WHOLE, **moment: Any) -> Codes:
        """(H, W, 3) uint8. AssertionError with the reason where no kernel draws it."""
        context()
        picture = look_picture(look, self.size, strength=strength, **moment)
        columns = part.columns(self.size[0])
        pixels = self.looks.queue(self._planes, picture, columns, "")
        assert pixels is not None, self.looks.drew
        with self.looks.view(pixels, columns, self.size[1]) as rgba:
            return self._codes(self._grader.put(rgba, self.size, part=part).read())

    def __enter__(self) -> BothRoutes:
        return self

    def __exit__(self, *_: object) -> None:
        context()
        self.looks.release()
        self._planes.release()
        self._grader.release()
        self._textures.release()

    def _codes(self, rgba: bytes) -> Codes:
        return np.frombuffer(rgba, np.uint8).reshape(self.size[1], self.size[0], 4)[..., :3]


def half_scene(shape: tuple[int, int], seed: int = 1) -> NDArray[np.float32]:
    """Light of 14 stops, saturated colours too, in half floats, as it comes to GL; wild numbers in its first row."""
    random = np.random.default_rng(seed)
    stops = random.uniform(-9.0, 5.0, (*shape, 1)) + random.normal(0.0, 1.2, (*shape, 3))
    scene = (0.18 * 2.0**stops).astype(np.float16).astype(np.float32)
    scene[0, :8] = [
        [0, 0, 0],
        [65504, 65504, 65504],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [np.inf, 1, 0],
        [-1, 2, np.nan],
        [0, 30, 65504],
    ]
    return scene


def random_values(shader: Pass, random: np.random.Generator) -> Mapping[str, object]:
    """A value of each parameter, anywhere in its range; one in four at an end of it."""
    values: dict[str, object] = {}
    for parameter in shader.parameters:
        share = random.random(3) if random.random() > 0.25 else random.integers(0, 2, 3)
        low, high = parameter.low, parameter.high
        numbers = [round(float(low + (high - low) * fraction), 6) for fraction in share]
        match parameter.kind:
            case "color":
                values[parameter.name] = numbers
            case "enum":
                values[parameter.name] = parameter.choices[int(random.integers(len(parameter.choices)))]
            case "int":
                values[parameter.name] = int(numbers[0])
            case "bool":
                values[parameter.name] = bool(random.integers(2))
            case _:
                values[parameter.name] = numbers[0]
    return values
