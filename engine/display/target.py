"""Where the engine puts a picture for another program: a texture or framebuffer of OpenGL, or an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError
from ..gl.context import make_current
from ..gl.readback import strips_of
from .input import InputQueue

if TYPE_CHECKING:
    from .letterbox import Size
    from .present import Presenter

Target = moderngl.Texture | moderngl.Framebuffer
FORMATS = {"f1", "f2", "f4", "nu1", "nu2"}  # floats and normalized integers, which a shader draws into


class Targets:
    """Draws pictures into textures and framebuffers of the context `gl`; the maker releases it.

    It creates no GL objects while the target is the same.
    """

    def __init__(self, gl: moderngl.Context) -> None:
        self.gl = gl
        self.input = InputQueue((1, 1))
        self._presenter: Presenter | None = None
        self._framebuffer: moderngl.Framebuffer | None = None
        self._of_texture: tuple[moderngl.Texture, moderngl.Framebuffer] | None = None

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        assert self._framebuffer is not None, "only `fill` draws"
        return self._framebuffer

    @property
    def size(self) -> Size:
        return self.framebuffer.size

    @property
    def scale(self) -> float:
        return 1.0

    @property
    def bits(self) -> int:
        return 8

    def check(self, target: object) -> None:
        """Raises OutputError if the picture cannot be drawn into `target`."""
        if not isinstance(target, moderngl.Texture | moderngl.Framebuffer):
            raise OutputError(
                f"into is a {type(target).__name__}; give a moderngl.Texture or a moderngl.Framebuffer, and an array "
                "to render as out"
            )
        kind = type(target).__name__.lower()
        if isinstance(target.mglo, moderngl.InvalidObject):
            raise OutputError(f"into: the {kind} is released; make another")
        if target.ctx is not self.gl:
            raise OutputError(
                f"into: the {kind} belongs to another OpenGL context; make the engine with Engine(gl=context)"
            )
        if 0 in target.size:
            raise OutputError(f"into: the {kind} of {target.width}x{target.height} has no pixels")
        if isinstance(target, moderngl.Texture):
            _check_format(target, samples=0)
        elif target.color_attachments == ():
            raise OutputError("into: the framebuffer has no colours; make gl.framebuffer([gl.texture(size, 4)])")
        else:
            for attached in target.color_attachments or ():  # None: those of another program are unknown
                _check_format(attached)

    def fill(self, target: Target, picture: moderngl.Texture) -> None:
        """Draws `picture`, letterboxed, into a target that was checked."""
        from .present import Presenter  # which loads fonts

        make_current(self.gl)
        framebuffer = target if isinstance(target, moderngl.Framebuffer) else self._framebuffer_of(target)
        if any(attached is picture for attached in framebuffer.color_attachments or ()):
            raise OutputError("into: the texture is the engine's own picture, which it draws from; make another")
        self._framebuffer = framebuffer
        self._presenter = self._presenter or Presenter(self)
        before = framebuffer.viewport, framebuffer.scissor, framebuffer.color_mask
        framebuffer.scissor, framebuffer.color_mask = (0, 0, *framebuffer.size), (True,) * 4
        try:
            self._presenter.draw(picture, [])
        finally:
            framebuffer.viewport, framebuffer.scissor, framebuffer.color_mask = before

    def _framebuffer_of(self, texture: moderngl.Texture) -> moderngl.Framebuffer:
        if self._of_texture is None or self._of_texture[0] is not texture:
            self._forget_texture()
            try:
                self._of_texture = texture, self.gl.framebuffer([texture])
            except moderngl.Error as error:
                raise OutputError(
                    f"into: OpenGL cannot draw into the texture ({error}); make gl.texture(size, 4)"
                ) from error
        return self._of_texture[1]

    def _forget_texture(self) -> None:
        if self._of_texture is not None:
            self._of_texture[1].release()
        self._of_texture = None

    def release(self) -> None:
        """Releases all GL objects; a second call has no effect."""
        self._forget_texture()
        if self._presenter is not None:
            self._presenter.release()
        self._presenter = None


def _check_format(texture: moderngl.Texture | moderngl.Renderbuffer, *, samples: int | None = None) -> None:
    """Raises OutputError if a picture cannot be drawn into `texture`; None for any number of samples."""
    if isinstance(texture.mglo, moderngl.InvalidObject):
        raise OutputError("into: the texture of the framebuffer is released; make another")
    is_colour = texture.components >= 3 and texture.dtype in FORMATS and not texture.depth
    if not is_colour or samples not in (None, texture.samples):
        raise OutputError(
            f"into: a texture of {texture.components} components of {texture.dtype} cannot hold the picture; make "
            "gl.texture(size, 4)"
        )


def check_out(out: object) -> None:
    """Raises OutputError unless `out` is an array that `read_picture` may fill, whatever its size."""
    if not isinstance(out, np.ndarray):
        raise OutputError(f"out is a {type(out).__name__}; give a NumPy array (H, W, 3) or (H, W, 4) uint8")
    if out.dtype != np.uint8 or out.ndim != 3 or out.shape[2] not in (3, 4) or not out.flags.writeable:
        state = "" if out.flags.writeable else " read-only"
        raise OutputError(
            f"out{state} {out.shape} {out.dtype} cannot hold the picture; give a writable (H, W, 3) or (H, W, 4) uint8"
        )


def read_picture(texture: moderngl.Texture, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """The pixels of a drawn RGBA texture: (H, W, 3) uint8 or, of 16 bits, uint16, or `out` filled.

    Raises OutputError if the size of `out` is another.
    """
    height, width = texture.height, texture.width
    if out is None:
        out = np.empty((height, width, 3), np.uint16 if texture.dtype == "nu2" else np.uint8)
    if out.shape[:2] != (height, width):
        raise OutputError(f"out {out.shape} has another size than the picture; give ({height}, {width}, 3)")
    if out.shape[2] == 4 and out.flags.c_contiguous:
        texture.read_into(out.data)
    else:
        for first, rgba in strips_of(texture, out.dtype):
            out[first : first + len(rgba)] = rgba[..., : out.shape[2]]
    return out
