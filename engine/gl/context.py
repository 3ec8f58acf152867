"""An OpenGL context without a window, and the description of its renderer."""

from __future__ import annotations

import sys
from typing import Any

import moderngl

from ..errors import DeviceError, OutOfMemoryError

TEXEL_BYTES = {"f1": 1, "nu2": 2, "f2": 2, "f4": 4}
GL_VERSION_MIN = 330  # GLSL 330 core: every desktop, macOS and Mesa's software renderer

_REMEDY = (
    "install a driver, e.g. apt-get install libegl1 libgl1-mesa-dri" if sys.platform == "linux" else "update the driver"
)


def headless_context() -> moderngl.Context:
    """A new OpenGL 3.3 core context, through EGL on Linux. The caller releases it.

    Raises DeviceError if no driver is available, or if it has less than OpenGL 3.3.
    """
    backend: dict[str, Any] = {"backend": "egl"} if sys.platform == "linux" else {}
    try:
        ctx = moderngl.create_context(require=100, standalone=True, **backend)
    except Exception as error:  # moderngl and glcontext raise bare Exceptions
        raise DeviceError(f"OpenGL: cannot create a context without a window ({error}); {_REMEDY}") from error
    if ctx.version_code < GL_VERSION_MIN:
        description = describe(ctx)
        ctx.release()
        raise DeviceError(f"OpenGL: 3.3 is required, found {description}; {_REMEDY}")
    return ctx


def is_lost(ctx: moderngl.Context) -> bool:
    """Whether the driver has reset the current context: what it draws has no effect any more.

    Drivers with KHR_robustness report it. Call it seldom: a driver that works in a thread is waited for.
    """
    return ctx.error == "GL_CONTEXT_LOST"


def make_current(ctx: moderngl.Context) -> None:
    """Makes `ctx` current on this thread, also after another context was made current or released."""
    ctx.__enter__()  # type: ignore[no-untyped-call]


def describe(ctx: moderngl.Context) -> str:
    """Renderer and version, for example "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5"."""
    major, minor = divmod(ctx.version_code // 10, 10)
    return f"{ctx.info['GL_RENDERER']}, OpenGL {major}.{minor}"


def new_texture(ctx: moderngl.Context, size: tuple[int, int], dtype: str, **options: Any) -> moderngl.Texture:
    """An RGBA texture of `size`, (width, height), without repetition. The caller releases it.

    Raises OutOfMemoryError if the driver has no textures of this size or no memory for one.
    """
    nbytes = 4 * TEXEL_BYTES[dtype] * size[0] * size[1]
    longest = int(ctx.info["GL_MAX_TEXTURE_SIZE"])
    if max(size) > longest:
        reason = f"{size[0]}x{size[1]} pixels, and the driver has {longest} a side"
        raise OutOfMemoryError("OpenGL", nbytes, ValueError(reason))
    try:
        texture = ctx.texture(size, 4, dtype=dtype, **options)
        ctx.framebuffer([texture]).release()  # reports a texture without memory
    except moderngl.Error as error:
        reason = f"{size[0]}x{size[1]} pixels: {error}"
        raise OutOfMemoryError("OpenGL", nbytes, ValueError(reason)) from error
    texture.repeat_x = texture.repeat_y = False
    return texture


def give_back(ctx: moderngl.Context) -> None:
    """Makes the driver free released textures: Mesa's software renderer keeps them until it draws elsewhere."""
    pixel = ctx.texture((1, 1), 4)
    framebuffer = ctx.framebuffer([pixel])
    framebuffer.clear()
    framebuffer.read()
    framebuffer.release()
    pixel.release()


def is_software(ctx: moderngl.Context) -> bool:
    """Whether the CPU draws (Mesa's llvmpipe or softpipe, SwiftShader)."""
    renderer = str(ctx.info["GL_RENDERER"]).lower()
    return any(name in renderer for name in ("llvmpipe", "softpipe", "swiftshader"))
