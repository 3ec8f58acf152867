"""An OpenGL context without a window, and the description of its renderer."""

from __future__ import annotations

import sys
from typing import Any

import moderngl

from ..errors import DeviceError

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


def is_software(ctx: moderngl.Context) -> bool:
    """Whether the CPU draws (Mesa's llvmpipe or softpipe, SwiftShader)."""
    renderer = str(ctx.info["GL_RENDERER"]).lower()
    return any(name in renderer for name in ("llvmpipe", "softpipe", "swiftshader"))
