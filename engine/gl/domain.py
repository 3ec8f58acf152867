"""The domain of a pass: its input and output light. The order of a look's passes is checked by it.

Scene light is linear Rec.2020, with 18 % grey at 0.18 and no upper limit. Display light is the light of the finished
picture, 0 to 1. A look's tone curve converts scene light to display light. A shader declares its domain in its head:

    #pragma pass pixel scene            scene light in and out: before the tone curve
    #pragma pass pixel display          display light in and out: after the tone curve
    #pragma pass pixel scene display    a tone curve
    #pragma pass pixel any              before or after the tone curve
    #pragma display_where input srgb    display light if the parameter `input` has one of these values

A pass without a domain is not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import ShaderError

SCENE, DISPLAY, ANY = "scene", "display", "any"


@dataclass(frozen=True, slots=True)
class Domain:
    """The light that a pass `takes` and `gives`: `scene`, `display` or `any`.

    `display_choices` maps a parameter to the choices with which the pass takes and gives display light instead.
    """

    takes: str
    gives: str
    display_choices: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_curve(self) -> bool:
        """Whether the pass converts scene light to display light."""
        return (self.takes, self.gives) == (SCENE, DISPLAY)

    def of(self, values: Mapping[str, object]) -> Domain:
        """The domain for these values of the pass's parameters."""
        is_display = any(values.get(name) in choices for name, choices in self.display_choices.items())
        return Domain(DISPLAY, DISPLAY) if is_display else Domain(self.takes, self.gives)


def parse_domain(words: Sequence[str], where: str) -> Domain | None:
    """The domain from the words after the stage in `#pragma pass`; None without words. Raises ShaderError if unknown.

    `where` is the file and line for the message.
    """
    match list(words):
        case []:
            return None
        case ["scene" | "display" | "any" as light]:
            return Domain(light, light)
        case ["scene", "display"]:
            return Domain(SCENE, DISPLAY)
    raise ShaderError(f"{where}: unknown domain '{' '.join(words)}'; use scene, display, any, or scene display")


def with_display_choices(domain: Domain | None, words: Sequence[str], where: str) -> Domain:
    """`domain` with the words of a `#pragma display_where PARAMETER CHOICE ...`."""
    if domain is None or len(words) < 2:
        raise ShaderError(
            f"{where}: not '#pragma display_where PARAMETER CHOICE ...' after a '#pragma pass' with a domain"
        )
    return replace(domain, display_choices={**domain.display_choices, words[0]: frozenset(words[1:])})


def misplaced(passes: Iterable[tuple[str, Domain | None]]) -> tuple[str, str] | None:
    """The first pass of a look on the wrong side of its tone curve, and the reason; None if the order is right.

    `passes` are names and domains in order. A look without a tone curve is always right.
    """
    steps = [(name, domain) for name, domain in passes if domain is not None]
    curve = next((name for name, domain in steps if domain.is_curve), None)
    if curve is None:
        return None
    is_display = False
    for name, domain in steps:
        if domain.is_curve:
            if is_display:
                return (
                    name,
                    f"converts scene light to display light, but {curve} before it does so already; remove one of them",
                )
            is_display = True
        elif is_display and domain.takes == SCENE:
            return name, f"takes scene light, but comes after {curve}; move it before [pass.{curve}]"
        elif not is_display and domain.takes == DISPLAY:
            return name, f"takes display light, but comes before {curve}; move it after [pass.{curve}]"
    return None
