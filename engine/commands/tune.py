"""`groundglass tune`: the view, with a folder of one's own passes laid over those that ship."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ShaderError

Shaders = Annotated[
    Path | None,
    typer.Option("--shaders", metavar="DIR", help="Passes and kernels of your own, before those that ship."),
]


def tune_like(view: Callable[..., None]) -> Callable[..., None]:
    """The command `tune`, which takes all that the command `view` takes, and `--shaders`."""

    def tune(**options: Any) -> None:
        shaders = options.pop("shaders")
        if shaders is not None:
            set_search_path(shaders)
        view(**options)

    tune.__doc__ = """Open the live window to write looks and passes: what is saved is shown at once.

    Shaders with what they include, kernels, the look and its LUTs are followed. What is broken leaves the picture as it
    is, and is shown over its line. Keys and options are those of `view`.
    """
    signature = inspect.signature(view, eval_str=True)
    shaders = inspect.Parameter("shaders", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Shaders)
    options = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in signature.parameters.values()]
    tune.__signature__ = inspect.Signature([*options, shaders])  # type: ignore[attr-defined]
    tune.__annotations__ = {one.name: one.annotation for one in (*options, shaders)}
    return tune


def set_search_path(folder: Path) -> None:
    """Has passes and kernels looked for in `folder` first. ShaderError where it is none."""
    from ..compute.program import KERNELS
    from ..gl.program import SHADERS

    if not folder.is_dir():
        raise ShaderError(f"{folder}: is no folder of passes; groundglass new-pass NAME -o {folder} makes one")
    SHADERS.set_search_path(folder)
    KERNELS.set_search_path(folder)
