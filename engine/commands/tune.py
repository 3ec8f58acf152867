"""`groundglass tune`: the live window, with a folder of the user's passes and kernels."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ShaderError
from .declared import DeclaredCommand

Shaders = Annotated[
    Path | None,
    typer.Option(
        "--shaders", metavar="DIR", help="Your passes and kernels. They replace built-in files of the same name."
    ),
]


def live_edit_command(view: Callable[..., None]) -> DeclaredCommand:
    """The command `tune`, which has all options of the command `view`, and `--shaders`."""

    def tune(**options: Any) -> None:
        shaders = options.pop("shaders")
        if shaders is not None:
            set_search_path(shaders)
        view(**options)

    tune.__doc__ = """Open the live window to edit looks and passes. A saved file changes the picture at once.

    Watched files: shaders and their includes, kernels, the look and its LUTs. A broken file changes nothing; the window
    shows its error next to the line. Keys and options are those of `view`.
    """

    def parameters() -> list[inspect.Parameter]:
        keyword = inspect.Parameter.KEYWORD_ONLY
        options = inspect.signature(view, eval_str=True).parameters.values()
        shaders = inspect.Parameter("shaders", keyword, default=None, annotation=Shaders)
        return [*(option.replace(kind=keyword) for option in options), shaders]

    return DeclaredCommand(tune, tune, parameters)


def set_search_path(folder: Path) -> None:
    """Puts `folder` first in the search path of passes and kernels. ShaderError if it is not a folder."""
    from ..compute.program import KERNELS
    from ..gl.program import SHADERS

    if not folder.is_dir():
        raise ShaderError(f"{folder}: is not a folder; groundglass new-pass NAME -o {folder} creates it")
    SHADERS.set_search_path(folder)
    KERNELS.set_search_path(folder)
