"""The steps of undo as a list, and the latest messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...display.status_line import distance, f_stop
from .widgets import row

if TYPE_CHECKING:
    from ...settings import SettingsHistory, Step

STEPS = 14  # the latest steps that are listed
START = "start"


def build_steps(imgui: Any, history: SettingsHistory) -> bool:
    """Lists the steps, the newest first; a click goes back or forward to one. Returns whether one was clicked."""
    steps, present = history.steps, history.position
    first = max(0, min(present - STEPS // 2, len(steps) - STEPS))
    for index in reversed(range(first, min(first + STEPS, len(steps)))):
        title = step_title(steps[index], steps[index - 1] if index else None)
        if row(imgui, f"{title}##{index}", index == present) and index != present:
            history.go_to(index)
            return True
    if first:
        imgui.text_disabled(f"and {first} earlier")
    return False


def build_messages(imgui: Any, messages: Iterable[str]) -> None:
    """Lists the messages, wrapped, the newest first."""
    for message in messages:
        imgui.text_wrapped(message)


def step_title(step: Step, before: Step | None) -> str:
    """The change that led to a step, with its new value: `aperture f/2.8`."""
    if before is None:
        return START
    now, former = step.settings, before.settings
    values = {
        "look": (now.look.name, former.look.name),
        "strength": (f"{now.strength:.0%}", f"{former.strength:.0%}"),
        "lens": (now.lens.name, former.lens.name),
        "aperture": (f_stop(now.f_number), f_stop(former.f_number)),
        "focus": (distance(now.focus_m), distance(former.focus_m)),
        "quality": (now.quality, former.quality),
    }
    changed = [f"{name} {value}" for name, (value, old) in values.items() if value != old]
    if now.development != former.development:
        fields = now.development.__dataclass_fields__
        names = [name for name in fields if getattr(now.development, name) != getattr(former.development, name)]
        changed += [f"{name.replace('_', ' ')} {_short(getattr(now.development, name))}" for name in names]
    return ", ".join(changed) or step.reason.replace("_", " ")


def _short(value: object) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)
