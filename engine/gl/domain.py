"""The domain of a pass: the light that it takes and gives, by which the order of a look is checked.

Scene light is linear Rec.2020 with 18 % grey at 0.18 and no upper end; display light is that of the finished picture, 0
to 1. A look's tone curve turns the first into the second. The head of a shader says

    #pragma pass pixel scene            takes scene light and gives it: before the tone curve
    #pragma pass pixel display          takes display light and gives it: after the tone curve
    #pragma pass pixel scene display    is a tone curve
    #pragma pass pixel any              may stand on either side
    #pragma display_where input srgb    with these values of the parameter `input` it takes display light

A pass without the word is not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import ShaderError

SCENE, DISPLAY, ANY = "scene", "display", "any"


@dataclass(frozen=True, slots=True)
class Domain:
    """What light a pass `takes` and `gives`: `scene`, `display` or `any`.

    `display_where` are the choices of parameters with which it takes and gives display light instead.
    """

    takes: str
    gives: str
    display_where: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_curve(self) -> bool:
        """Whether it turns scene light into display light."""
        return (self.takes, self.gives) == (SCENE, DISPLAY)

    def of(self, values: Mapping[str, object]) -> Domain:
        """The domain with these values of the pass's parameters."""
        is_display = any(values.get(name) in choices for name, choices in self.display_where.items())
        return Domain(DISPLAY, DISPLAY) if is_display else Domain(self.takes, self.gives)


def parse_domain(words: Sequence[str], where: str) -> Domain | None:
    """From the words behind the stage in `#pragma pass`; None without any. ShaderError with `where` for others."""
    match list(words):
        case []:
            return None
        case ["scene" | "display" | "any" as light]:
            return Domain(light, light)
        case ["scene", "display"]:
            return Domain(SCENE, DISPLAY)
    raise ShaderError(f"{where}: unknown domain '{' '.join(words)}'; use scene, display, any, or scene display")


def with_display_where(domain: Domain | None, words: Sequence[str], where: str) -> Domain:
    """`domain` with what `#pragma display_where PARAMETER CHOICE ...` says of it."""
    if domain is None or len(words) < 2:
        raise ShaderError(
            f"{where}: not '#pragma display_where PARAMETER CHOICE ...' after a '#pragma pass' with a domain"
        )
    return replace(domain, display_where={**domain.display_where, words[0]: frozenset(words[1:])})


def misplaced(passes: Iterable[tuple[str, Domain | None]]) -> tuple[str, str] | None:
    """The first pass of a look on the wrong side of its tone curve, and what is wrong; None where all is well.

    `passes` are names and domains in their order. A look without a tone curve has no sides.
    """
    steps = [(name, domain) for name, domain in passes if domain is not None]
    curve = next((name for name, domain in steps if domain.is_curve), None)
    if curve is None:
        return None
    is_display = False
    for name, domain in steps:
        if domain.is_curve:
            if is_display:
                return name, f"turns scene light into display light, as {curve} before it does; leave one of them out"
            is_display = True
        elif is_display and domain.takes == SCENE:
            return name, f"takes scene light, but stands after {curve}; move it before [pass.{curve}]"
        elif not is_display and domain.takes == DISPLAY:
            return name, f"takes display light, but stands before {curve}; move it after [pass.{curve}]"
    return None
