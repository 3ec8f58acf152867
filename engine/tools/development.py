"""Controls of the raw development, from the declarations of its settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from ..controls import Choice, Control, Number
from ..develop.development import Development
from ..develop.field import Setting, settings_of
from ..display.tool import Tool, ToolContext
from ..optics.defocus import Quality
from ..settings import PAUSE_S

if TYPE_CHECKING:
    from ..settings import Settings

# Fields with controls of other tools, and fields whose value is a text, with the choices offered for it.
OTHERS = {"exposure_ev", "metering", "white_balance"}
OFFERED = {"aberration": ("off", "auto")}
TITLES = {
    "defects": "Defect pixels",
    "denoise": "Noise reduction",
    "temporal": "Temporal noise reduction",
    "aberration": "Lateral colour",
    "quad": "Quad-Bayer",
}


class DevelopmentTool(Tool):
    """A control for each setting of `Development`, and for the quality of the picture."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._settings = tool_context.settings

    def controls(self) -> Iterable[Control]:
        for name, (setting, kind) in settings_of(Development).items():
            if name not in OTHERS:
                yield self._control(name, setting, OFFERED.get(name) or get_args(kind))
        yield Choice(
            *("quality", "Quality", "develop"),
            choices=get_args(Quality),
            get=lambda: self._now.quality,
            set=lambda quality: self._change("quality", quality=quality),
            help="of the blur of a moving picture; a picture that does not change has the best",
        )

    def _control(self, name: str, setting: Setting, choices: tuple[str, ...]) -> Control:
        title = TITLES.get(name, name.capitalize())
        get, put = partial(self._get, name), partial(self._set, name)
        if choices:
            return Choice(name, title, "develop", choices=choices, get=get, set=put, help=setting.help)
        assert setting.low is not None
        assert setting.high is not None
        low, high = setting.low, setting.high
        return Number(name, title, "develop", minimum=low, maximum=high, step=0.01, get=get, set=put, help=setting.help)

    @property
    def _now(self) -> Settings:
        return self._settings.now

    def _get(self, name: str) -> Any:
        return getattr(self._now.development, name)

    def _set(self, name: str, value: Any) -> None:
        self._change(name, development=replace(self._now.development, **{name: value}))

    def _change(self, reason: str, **changes: Any) -> None:
        self._settings.change(reason, merge_s=PAUSE_S, **changes)
