"""The pipeline of a frame: develop -> optics -> transfer -> look."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Self

import moderngl
import numpy as np
from numpy.typing import NDArray

from .checks import PATH, SWITCH, check_kind, check_kinds, check_size, of_type, optional, shown
from .compute.device import Buffer, Device
from .compute.planes import Planes
from .compute.program import KERNELS
from .compute.registry import open_device
from .depth.onnx_model import open_model
from .develop.developer import LARGE_STILL
from .device_array import SupportsDLPack
from .display.target import Target, Targets, check_out, read_picture
from .drawn import Drawn, PreparedScene
from .errors import ArgumentError, DeviceError
from .frame import Frame, check_frame
from .gl.context import describe, give_back, headless_context, is_software, make_current
from .gl.planes import ScenePlanes
from .look.grade import WHOLE, Grader, Part, look_picture
from .look.kernel_route.route import KernelLooks, LookRoute, check_route
from .look.rehearsal import Rehearsals, target_of
from .optics import breathing
from .scene_pipeline import ScenePipeline
from .settings import Settings
from .timing import Clock
from .transfer.registry import open_transfer, timed
from .warm_up import Wait, Warming, WarmUp, black_frame, no_wait
from .warm_up_process import WarmUpProcess

GL_ROW = "GL"  # row for GL in a trace
KEEP_S = 5.0  # what compiles ahead is kept for this time: looks are often tried one after the other


_KINDS = {
    "depth_model": optional(PATH),
    "gl": optional(of_type(moderngl.Context)),
    "settings": optional(of_type(Settings)),
}


class Engine:
    """Draws pictures from frames and settings. All intermediate data stays on the device.

    `device` is `auto`, `opencl[:n]` or `cuda[:n]`. With `size`, the (width, height) of the mosaics, kernels are
    compiled and memory is allocated at once for `settings`; otherwise at the first frame. `gl` is the context to draw
    in. By default the engine makes an off-screen context, and closes it.

    `depth_model` is the path of an ONNX model that estimates the depth of pictures without depth (see
    `MonocularModel`). A relative map is converted to metres with `depth_range`, the distances of its brightest and
    darkest values: "0.8..6" or (0.8, 6), default 0.5 to 5 m. For a map in metres use "model.onnx?metric".

    `look_route` is `gl`, `kernel` or `auto`. If the processor both computes and draws, `auto` compiles a kernel of a
    look that `draw` has drawn several times. It may change a value by one code of 255. `render` then still uses GL. So
    may the program of OpenGL, whose numbers become constants after some draws; with `repeatable`, `render` uses this
    program at once: its pictures do not depend on those before them.

    The state that an engine keeps between frames makes it faster, but does not change the picture. Raises DeviceError,
    ShaderError, and ArgumentError for arguments of another kind; for the model also SourceError, and MissingExtraError
    without onnxruntime.
    """

    def __init__(
        self,
        device: str | Device = "auto",
        size: tuple[int, int] | None = None,
        *,
        depth_model: str | Path | None = None,
        depth_range: str | tuple[float, float] | None = None,
        gl: moderngl.Context | None = None,
        settings: Settings | None = None,
        look_route: LookRoute = "auto",
        repeatable: bool = False,
    ) -> None:
        check_kinds("Engine", {"depth_model": depth_model, "gl": gl, "settings": settings}, _KINDS)
        if not isinstance(device, str) and not hasattr(device, "spec"):
            raise ArgumentError(f"Engine: device is {shown(device)}; give a text such as 'auto', or an open Device")
        if size is not None:
            check_size("Engine", size)
        self._look_route = check_route(look_route)
        self.clock = Clock()
        self.depth_model = open_model(depth_model, depth_range)
        self._owns_gl = gl is None
        self.gl = headless_context() if gl is None else gl
        self.gl_name = describe(self.gl)
        try:
            self.device = open_device(device, self.gl) if isinstance(device, str) else device
        except BaseException:
            self._release_gl_and_model()
            raise
        self.device_name = f"{self.device.spec} {self.device.name}"
        self._pipeline = ScenePipeline(self.device, self.clock, self.depth_model)
        self._transfer = open_transfer(self.device, self.gl)
        self._scene_textures = self._transfer.textures
        self._grader = Grader(self.gl)
        self._targets = Targets(self.gl)
        self._kernel_looks = KernelLooks(self.device, look_route, is_software(self.gl))
        self._rehearsals = Rehearsals(self.gl, self._grader, self._scene_textures, self._kernel_looks)
        self._unsent: Planes | None = None  # light that is not in GL yet
        self._warm_up = WarmUp(self._open_warming, KEEP_S)
        self._closed, self._repeatable = False, repeatable
        self._light: PreparedScene | None = None
        if size is not None:
            self.compile_for(size, settings or Settings())

    def draw(
        self, frame: Frame, settings: Settings, *, part: Part = WHOLE, into: Target | None = None, waits: bool = False
    ) -> Drawn:
        """The picture of a frame, valid until the next draw.

        If a depth model estimates its depth, `waits` is for that; otherwise the latest depth map is used, of an earlier
        frame, and at first none. A wipe is two draws into one texture, each of a `part` with its own settings. If both
        use the same light, it is computed once. `into`, a texture or framebuffer of `gl` of any size, also receives the
        picture, upright for OpenGL: the whole picture, as large as fits, on black. Pixels are unchanged if the sizes
        are equal. Raises LookError, ShaderError, SourceError, DeviceError, and OutputError for an unsuitable `into`.
        """
        self._check("draw", settings)
        check_kinds("Engine.draw", {"part": part, "waits": waits}, {"part": of_type(Part), "waits": SWITCH})
        if into is not None:
            self._targets.check(into)
        drawn = self._draw(frame, settings, part, waits=waits)
        if into is not None:
            self._targets.fill(into, drawn.texture)
        if self._rehearsals.is_running and not self.is_preparing:
            self._rehearsals.step()
        return drawn

    def render(self, frame: Frame, settings: Settings, *, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """The picture of `frame`, (H, W, 3) uint8, display sRGB, upright. Waits for a depth model. Raises as `draw`.

        With 16 `bits` in the settings it is uint16, without dither: from light in half floats, within 1/4000 of white
        of that of `grade`, in a quarter of its memory. `out`, (H, W, 3) or (H, W, 4) with alpha 255 and 8 bits, is
        filled and returned in place of a new array. Raises OutputError for another shape or dtype.
        """
        self._check("render", settings)
        if out is not None:
            check_out(out)
        bits = 8 if settings.bits < 16 or out is not None else 16
        texture = self._draw(frame, settings.with_(bits=bits), WHOLE, waits=True).texture
        if not self._drops_light(texture.size):
            return read_picture(texture, out)
        self._scene_textures.release()  # reading and writing the picture needs memory, too
        give_back(self.gl)
        picture = read_picture(texture, out)
        self._grader.drop_targets()
        give_back(self.gl)
        return picture

    def scene(self, frame: Frame, settings: Settings) -> NDArray[np.float32]:
        """The light of `frame` behind the lens, before the look: (H, W, 3) float32, scene-linear Rec.2020, upright.

        Waits for a depth model. Raises SourceError and DeviceError.
        """
        self._check("scene", settings)
        return self._scene_of(frame, settings).read()

    def scene_on_device(self, frame: Frame, settings: Settings) -> SupportsDLPack:
        """As `scene`, for another library by DLPack: `torch.from_dlpack(engine.scene_on_device(frame, settings))`.

        On CUDA it is the memory of the engine, not a copy: read it, or copy it, before the engine draws again. OpenCL
        has no arrays of DLPack: there it is an array in main memory.
        """
        self._check("scene_on_device", settings)
        return self._scene_of(frame, settings).shared()

    def _scene_of(self, frame: Frame, settings: Settings) -> Planes:
        if self._unsent is not None:
            self._send_scene()  # the planes of the latest draw are overwritten
        self._light = None
        _, scene = self._pipeline.run(self._pipeline.upright(frame, settings), settings, waits=True)
        self.device.collect()
        return scene

    @property
    def depth_m(self) -> NDArray[np.float32] | None:
        """The distances in the latest picture, (h, w) metres, upright, also of a pair or a model; None without."""
        return self._pipeline.depth_m

    def is_outdated(self, drawn: Drawn) -> bool:
        """Whether the frame would now be drawn differently, because its depth model has a new result."""
        return self.depth_model is not None and self.depth_model.has_result

    def compile_for(self, size: tuple[int, int], settings: Settings, wait: Wait = no_wait) -> None:
        """Compiles and allocates for mosaics of `size`, with a frame whose depth needs every kernel.
        `wait` calls the part that takes long on a processor, perhaps in a thread, and returns after it.
        """
        self._check("compile_for", settings)
        check_size("Engine.compile_for", size)
        frame = black_frame(size, settings.focus_m)
        if self.device.is_cpu:
            wait(partial(self._compile_kernels, frame, settings))
        scene_size = self._pipeline.developer.size_of(frame, settings.development, settings.scale)
        look = look_picture(settings.look, scene_size, strength=settings.strength)
        self._kernel_looks.make(look, scene_size, only_known=True)
        self.draw(frame, settings)
        self._light = None
        self.device.finish()
        self.device.collect()
        self.clock.reset()

    def _compile_kernels(self, frame: Frame, settings: Settings) -> None:
        """All of a draw that needs no GL. The draw that follows uses its light."""
        self._light = self._light_for(frame, settings, WHOLE, waits=False)._replace(sides=frozenset())
        self.device.finish()

    def reset(self, *, metered: bool = False) -> None:
        """Discards the memory of earlier frames: the next frame is from another source.

        With `metered`, also the measured exposure and white balance: it is drawn as if it was the first of all frames.
        """
        self._check("reset")
        self._pipeline.reset(metered=metered)
        self._light = None
        if self.depth_model is not None:
            self.depth_model.reset()

    def meter(self, frame: Frame, settings: Settings) -> None:
        """Lets exposure and white balance follow a frame that is not drawn."""
        self._check("meter", settings)
        check_frame(frame)
        self._pipeline.developer.meter(frame.upright(), settings.development)

    def prepare(self, drawn: Drawn, settings: Settings) -> None:
        """Begins to allocate and compile, in threads, for the frame of `drawn` with other settings. Returns at once."""
        frame = drawn.frame
        size = self._pipeline.developer.size_of(frame, settings.development, settings.scale)
        self._pipeline.prepare(frame, settings, size)
        self._transfer.prepare(*size)
        picture = look_picture(settings.look, size, strength=settings.strength)
        self._warm_up.start(frame, settings, partial(self._kernel_looks.ahead, picture, size))
        self._rehearsals.add(settings, size)

    @property
    def is_preparing(self) -> bool:
        """Whether something that `prepare` began still compiles or allocates."""
        return self._warm_up.is_running or self._kernel_looks.is_preparing or self._pipeline.is_preparing

    @property
    def is_rehearsing(self) -> bool:
        """Whether the next draws still compile programs of GL for `prepare`, each a part."""
        return self._rehearsals.is_running

    def compile_look(self, settings: Settings) -> None:
        """Compiles the look's kernel, which `auto` compiles after some draws, for the latest size: for measurements."""
        if self._light is not None and settings.bits == 8 and settings.output_space is None:
            size = self._light.scene.size
            self._kernel_looks.make(look_picture(settings.look, size, strength=settings.strength), size)

    def on_device(self, device: str) -> Engine:
        """An engine on another device that draws in the same GL context. The caller closes it.
        It has no depth model: pass it frames from this engine, with their depth. Raises DeviceError.
        """
        self._check("on_device")
        return Engine(device, gl=self.gl, look_route=self._look_route)

    def close(self) -> None:
        """Releases all memory of the device and all GL objects. Harmless when called twice."""
        if self._closed:
            return
        self._closed = True
        self._warm_up.close()
        self._kernel_looks.release()
        self._pipeline.release()
        make_current(self.gl)
        self._rehearsals.close()
        self._targets.release()
        self._grader.release()
        self._transfer.release()
        self.device.close()
        self._release_gl_and_model()

    def interrupt(self) -> None:
        """Does nothing: a draw is not interrupted."""

    def _open_warming(self) -> Warming:
        """What compiles ahead. A CPU's compiler would stop the frames."""
        return WarmUpProcess(self.device) if self.device.is_cpu else Engine(self.device.companion(), look_route="gl")

    def _release_gl_and_model(self) -> None:
        if self.depth_model is not None:
            self.depth_model.release()
        if self._owns_gl:
            self.gl.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self, method: str, *settings: Settings) -> None:
        """Raises DeviceError after `close`, and ArgumentError for settings of another kind."""
        if self._closed:
            raise DeviceError(f"Engine.{method}: the engine is closed; make another one")
        for given in settings:
            check_kind(f"Engine.{method}", "settings", given, of_type(Settings))

    def _draw(self, frame: Frame, settings: Settings, part: Part, *, waits: bool) -> Drawn:
        light = self._light_for(frame, settings, part, waits=waits)
        seen, exposure_ev, magnification = light.frame, light.exposure_ev, light.magnification
        is_still = waits and self._look_route == "auto"
        pixels = None if is_still else self._queue_look(frame, light, settings, part)  # behind the light
        self.device.collect()
        if self.depth_model is not None:
            self.depth_model.submit_copy()
        if pixels is not None:
            texture = self._put(pixels, light.scene.size, part)
        else:
            if waits and self._drops_light(light.scene.size):
                self._send_scene()
                self._pipeline.developer.drop_still()
                self._light = None
                del light  # and with it the memory of its planes
            texture = self._draw_in_gl(frame, settings, part, at_once=waits and self._repeatable)
        return Drawn(texture, frame, seen, self._send_scene, *exposure_ev, magnification, settings)

    def _drops_light(self, size: tuple[int, int]) -> bool:
        """Whether the light of a still is released as soon as it is used: it takes gigabytes. Not in a window, whose
        tools read it."""
        return self._owns_gl and self.device.is_cpu and size[0] * size[1] > LARGE_STILL

    def _queue_look(self, frame: Frame, light: PreparedScene, settings: Settings, part: Part) -> Buffer | None:
        """Queues the look, from the light's planes. Returns the buffer of its pixels; None if GL draws it."""
        if self._kernel_looks.chosen == "gl":
            return None
        scene, looks = light.scene, self._kernel_looks
        deep = f"{settings.bits} bits" if settings.bits > 8 else ""
        stays = "another output space" if settings.output_space is not None else deep
        picture = look_picture(settings.look, scene.size, strength=settings.strength, **settings.moment_of(frame))
        if self._look_route == "kernel":
            make_current(self.gl)
            self._grader.check(picture.passes)  # `auto` draws in GL before, which reports errors, too
        with self.device.stage("look", self.clock):
            pixels = looks.queue(scene, picture, part.columns(scene.size[0]), stays)
        if looks.wants_kernel:
            self._warm_up.start(light.frame, settings, partial(looks.ahead, picture, scene.size))
        return pixels

    def _put(self, pixels: Buffer, size: tuple[int, int], part: Part) -> moderngl.Texture:
        """The picture from the pixels of a look's kernel."""
        view = self._kernel_looks.view(pixels, part.columns(size[0]), size[1])
        make_current(self.gl)  # only now: a thread may still show the frame before; the caller may read the texture
        with timed(self.device, self.clock), view as rgba, self.clock.span("draw", GL_ROW):
            return self._grader.put(rgba, size, part=part)

    def _draw_in_gl(self, frame: Frame, settings: Settings, part: Part, *, at_once: bool) -> moderngl.Texture:
        make_current(self.gl)
        scene = self._send_scene()
        with self.clock.span("look"), self.clock.span("draw", GL_ROW):
            texture = self._grader.draw(
                scene, settings.look, strength=settings.strength, target=target_of(settings.bits),
                output=settings.output_space, part=part, at_once=at_once, **settings.moment_of(frame),
            )  # fmt: skip
        if self._grader.last_gpu_ms is not None:
            self.clock.add("look", self._grader.last_gpu_ms)
        return texture

    def _send_scene(self) -> ScenePlanes:
        """The light of the latest draw as a texture; sent to GL at the first call."""
        if self._unsent is not None:
            make_current(self.gl)
            scene, self._unsent = self._unsent, None
            with timed(self.device, self.clock):
                self._transfer.send(scene)
        return self._scene_textures

    @property
    def transfer_name(self) -> str:
        """How scenes reach OpenGL: "zero-copy", or "host" with the reason if a GPU could not do without main memory."""
        return self._transfer.name

    @property
    def look_route(self) -> str:
        """How the latest look was drawn: "kernel" or "gl", with the reason if a kernel could not."""
        return self._kernel_looks.drew

    def _light_for(self, frame: Frame, settings: Settings, part: Part, *, waits: bool) -> PreparedScene:
        """Fills the scene textures with the light of a frame, unless the other side of a wipe has already done so. A
        repeated draw of the same side computes it again: noise reduction, depth and its model have a newer state.
        """
        inputs = (
            *(settings.lens, settings.focus_m, settings.development, settings.quality, settings.scale),
            *(KERNELS.revision, waits),
        )
        light, self._light = self._light, None
        if light is None or not light.serves(frame, inputs, part.side):
            upright, scene = self._pipeline.run(self._pipeline.upright(frame, settings), settings, waits=waits)
            self._unsent = scene
            breathes = breathing.of_frame(upright, settings.lens, settings.focus_m)
            light = PreparedScene(frame, inputs, upright, scene, self._pipeline.developer.exposure_ev, breathes)
        self._light = light._replace(sides=light.sides | {part.side})
        return self._light
