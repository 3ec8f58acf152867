"""A GL context without a window, and what drew the picture in words."""

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
    """An OpenGL 3.3 core context of its own, EGL on Linux; the caller releases it.

    Raises DeviceError where no driver answers, or where it offers less than OpenGL 3.3.
    """
    backend: dict[str, Any] = {"backend": "egl"} if sys.platform == "linux" else {}
    try:
        ctx = moderngl.create_context(require=100, standalone=True, **backend)
    except Exception as error:  # moderngl and glcontext raise bare Exceptions
        raise DeviceError(f"OpenGL: no context without a window ({error}); {_REMEDY}") from error
    if ctx.version_code < GL_VERSION_MIN:
        found = describe(ctx)
        ctx.release()
        raise DeviceError(f"OpenGL: 3.3 is needed, found {found}; {_REMEDY}")
    return ctx


def make_current(ctx: moderngl.Context) -> None:
    """Makes `ctx` current on this thread, whoever made another one so since, or released it and left none."""
    ctx.__enter__()  # type: ignore[no-untyped-call]


def describe(ctx: moderngl.Context) -> str:
    """Renderer and version, like "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5"."""
    major, minor = divmod(ctx.version_code // 10, 10)
    return f"{ctx.info['GL_RENDERER']}, OpenGL {major}.{minor}"


def is_software(ctx: moderngl.Context) -> bool:
    """Whether the processor itself draws (Mesa's llvmpipe or softpipe, SwiftShader)."""
    renderer = str(ctx.info["GL_RENDERER"]).lower()
    return any(name in renderer for name in ("llvmpipe", "softpipe", "swiftshader"))
