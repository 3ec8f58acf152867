"""The controls of a V4L2 driver as controls of the source.

`set` only notes a value: the thread that reads frames writes it to the driver, and reads one control a frame back, so
that the window never waits for a camera.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from linuxpy.video import raw

from ....controls import Action, Choice, Control, Number, Switch
from ...source import EXPOSURE_CONTROL
from .device import MAX_ITEMS, Device
from .exposure import Exposure

GROUP = "camera"
MAX_CONTROLS = 500
_SHOWN = {
    int(kind)
    for kind in (
        raw.CtrlType.INTEGER,
        raw.CtrlType.INTEGER64,
        raw.CtrlType.BOOLEAN,
        raw.CtrlType.MENU,
        raw.CtrlType.INTEGER_MENU,
        raw.CtrlType.BUTTON,
    )
}
# A read-only control only reports a value: the user cannot set it.
_HIDDEN = int(raw.ControlFlag.DISABLED | raw.ControlFlag.READ_ONLY | raw.ControlFlag.HAS_PAYLOAD)
_WRITE_ONLY = int(raw.ControlFlag.WRITE_ONLY | raw.ControlFlag.EXECUTE_ON_WRITE)
_NEXT = int(raw.ControlFlag.NEXT_CTRL)


@dataclass(frozen=True, slots=True)
class DriverControl:
    """A control as the driver describes it; `items` are the names of a menu's choices, by their values."""

    id: int
    kind: int
    title: str
    minimum: int
    maximum: int
    step: int
    is_readable: bool
    changes_others: bool = False
    items: dict[int, str] = field(default_factory=dict)


def query_controls(device: Device) -> list[DriverControl]:
    """The controls that a user can set, in the driver's order."""
    found = []
    query = raw.v4l2_query_ext_ctrl(id=_NEXT)
    for _ in range(MAX_CONTROLS):
        try:
            device.call(raw.IOC.QUERY_EXT_CTRL, query)
        except OSError:  # no further control
            break
        if query.type in _SHOWN and not query.flags & _HIDDEN:
            found.append(_described(device, query))
        query.id |= _NEXT
    return found


def _described(device: Device, query: Any) -> DriverControl:
    is_menu = query.type in (raw.CtrlType.MENU, raw.CtrlType.INTEGER_MENU)
    return DriverControl(
        query.id,
        query.type,
        query.name.decode("utf-8", "replace").strip(),
        query.minimum,
        query.maximum,
        max(int(query.step), 1),
        not query.flags & _WRITE_ONLY and query.type != raw.CtrlType.BUTTON,
        bool(query.flags & raw.ControlFlag.UPDATE),
        _menu_items(device, query) if is_menu else {},
    )


def _menu_items(device: Device, query: Any) -> dict[int, str]:
    """The choices of a menu. A driver leaves out what its hardware lacks."""
    items: dict[int, str] = {}
    last = min(query.maximum, query.minimum + MAX_ITEMS - 1)
    for index in range(max(query.minimum, 0), last + 1):
        item = raw.v4l2_querymenu(id=query.id, index=index)
        try:
            device.call(raw.IOC.QUERYMENU, item)
        except OSError:
            continue
        is_number = query.type == raw.CtrlType.INTEGER_MENU
        text = str(item.m1.value) if is_number else item.m1.name.decode("utf-8", "replace").strip()
        items[index] = text if text not in items.values() else f"{text} ({index})"
    return items


class CameraControls:
    """The controls of one camera. `service` runs in the thread that reads frames; everything else in any thread."""

    def __init__(self, device: Device) -> None:
        self._lock = threading.Lock()
        self._controls = {control.id: control for control in query_controls(device)}
        self._readable = [control.id for control in self._controls.values() if control.is_readable]
        self._turn = 0
        self._pending: dict[int, int] = {}
        self._chosen: dict[int, int] = {}  # by the user: written again when the camera returns
        self._values: dict[int, int] = {}
        for number in self._readable:
            self._read(device, number)
        self.exposure = Exposure.of(self._controls, self.value, self.put)

    def list_controls(self) -> Iterator[Control]:
        """The controls, exposure first. Names are unique, and start with `camera_`."""
        used = {EXPOSURE_CONTROL}
        if self.exposure is not None:
            yield self.exposure.control()
        for control in self._controls.values():
            if self.exposure is not None and control.id == self.exposure.time_id:
                continue
            name = base = "camera_" + re.sub(r"[^a-z0-9]+", "_", control.title.lower()).strip("_")
            number = 1
            while name in used:
                number += 1
                name = f"{base}_{number}"
            used.add(name)
            yield self._control(name, control)

    def value(self, number: int) -> int:
        """The value that was set last, or that the driver reported last."""
        with self._lock:
            return self._pending.get(number, self._values.get(number, 0))

    def put(self, number: int, value: int) -> None:
        """Notes a value for the driver."""
        with self._lock:
            self._pending[number] = value

    def _put_of_user(self, number: int, value: int) -> None:
        self.put(number, value)
        if self.exposure is not None:
            self.exposure.user_set(number)

    def restore(self) -> None:
        """Notes what the user chose again: the camera has returned with other values."""
        with self._lock:
            self._pending = self._chosen | self._pending

    def service(self, device: Device) -> bool:
        """Writes the noted values and reads one control back. True if a value was written.

        What the driver refuses is dropped: the control shows the driver's value again. Raises OSError if the camera is
        gone.
        """
        with self._lock:
            pending, self._pending = self._pending, {}
            self._chosen.update(
                (number, value) for number, value in pending.items() if self._controls[number].is_readable
            )
        for number in sorted(pending, key=lambda number: not self._controls[number].changes_others):
            self._write(device, number, pending[number])
        if pending:  # a control may change others
            for number in self._readable:
                self._read(device, number)
        elif self._readable:
            self._turn = (self._turn + 1) % len(self._readable)
            self._read(device, self._readable[self._turn])
        return bool(pending)

    def _read(self, device: Device, number: int) -> None:
        wide, block = _ext_control(number)
        try:
            device.call(raw.IOC.G_EXT_CTRLS, block)
        except OSError:  # inactive, or busy: the last value stays
            return
        value = wide.m1.value64 if self._controls[number].kind == raw.CtrlType.INTEGER64 else wide.m1.value
        with self._lock:
            self._values[number] = value

    def _write(self, device: Device, number: int, value: int) -> None:
        wide, block = _ext_control(number)
        if self._controls[number].kind == raw.CtrlType.INTEGER64:
            wide.m1.value64 = value
        else:
            wide.m1.value = value
        try:
            device.call(raw.IOC.S_EXT_CTRLS, block)
        except OSError:  # grabbed by the stream, or out of the range of now
            with self._lock:
                self._chosen.pop(number, None)

    def _control(self, name: str, control: DriverControl) -> Control:
        get, put = partial(self.value, control.id), partial(self._put_of_user, control.id)
        title = control.title
        if control.items:
            numbers = {text: number for number, text in control.items.items()}
            first = next(iter(numbers))
            return Choice(
                *(name, title, GROUP),
                choices=tuple(numbers),
                get=lambda: control.items.get(get(), first),
                set=lambda text: put(numbers[text]),
            )
        if control.kind == raw.CtrlType.BUTTON:
            return Action(name, title, GROUP, do=lambda: put(1))
        if control.kind == raw.CtrlType.BOOLEAN:
            return Switch(name, title, GROUP, get=lambda: bool(get()), set=lambda on: put(int(on)))
        return Number(
            *(name, title, GROUP),
            minimum=float(control.minimum),
            maximum=float(control.maximum),
            step=float(control.step),
            get=lambda: float(get()),
            set=lambda value: put(_stepped(value, control)),
        )


def _stepped(value: float, control: DriverControl) -> int:
    """The closest value that the driver accepts."""
    steps = round((value - control.minimum) / control.step)
    return min(max(control.minimum + steps * control.step, control.minimum), control.maximum)


def _ext_control(number: int) -> tuple[Any, Any]:
    """A control, and the block of one control that the driver reads and fills."""
    wide = (raw.v4l2_ext_control * 1)()
    wide[0].id = number
    return wide[0], raw.v4l2_ext_controls(count=1, controls=wide)
