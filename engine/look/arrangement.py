"""The passes of a look: on and off, in another order, added and removed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from ..errors import LookError
from ..gl.domain import DISPLAY, misplaced
from ..gl.passes import list_passes, load_pass
from .look import Look, PassSettings, domain_of


def with_enabled(look: Look, name: str, enabled: bool) -> Look:
    """The look with a pass on or off. Raises LookError as all functions of this module."""
    at = _index(look, name)
    return _arranged(look, (*look.passes[:at], replace(look.passes[at], enabled=enabled), *look.passes[at + 1 :]))


def moved(look: Look, name: str, to: int) -> Look:
    """The look with a pass at the index `to`, which is limited to the ends."""
    at = _index(look, name)
    others = [*look.passes[:at], *look.passes[at + 1 :]]
    others.insert(min(max(to, 0), len(others)), look.passes[at])
    return _arranged(look, tuple(others))


def with_pass(look: Look, name: str) -> Look:
    """The look with a pass more, with its defaults: before the tone curve, or last if it takes display light."""
    if name not in list_passes():
        raise LookError(f"no pass '{name}' to add; there are {', '.join(list_passes())}")
    if any(settings.name == name for settings in look.passes):
        raise LookError(f"{look.name}: it has the pass '{name}' already; move it, or switch it on")
    shader = load_pass(name)
    if any(parameter.kind == "table" for parameter in shader.parameters):
        raise LookError(f"the pass '{name}' needs a file; open one with Ctrl+O, or write it into the look file")
    added = PassSettings(name, MappingProxyType({each.name: each.default for each in shader.parameters}))
    last = shader.domain is None or shader.domain.takes == DISPLAY
    curves = [at for at, settings in enumerate(look.passes) if _is_curve(settings)]
    at = len(look.passes) if last or not curves else curves[0]
    return _arranged(look, (*look.passes[:at], added, *look.passes[at:]))


def without(look: Look, name: str) -> Look:
    """The look without a pass. The last one stays."""
    at = _index(look, name)
    if len(look.passes) == 1:
        raise LookError(f"{look.name}: '{name}' is its only pass; switch it off instead")
    return _arranged(look, (*look.passes[:at], *look.passes[at + 1 :]))


def _is_curve(settings: PassSettings) -> bool:
    domain = domain_of(settings)
    return domain is not None and domain.is_curve


def _index(look: Look, name: str) -> int:
    for at, settings in enumerate(look.passes):
        if settings.name == name:
            return at
    raise LookError(f"{look.name}: no pass '{name}'; there are {', '.join(each.name for each in look.passes)}")


def _arranged(look: Look, passes: tuple[PassSettings, ...]) -> Look:
    wrong = misplaced((settings.name, domain_of(settings)) for settings in passes if settings.enabled)
    if wrong is not None:
        raise LookError(f"{look.name}: {wrong[0]} {wrong[1]}")
    return replace(look, passes=passes)
