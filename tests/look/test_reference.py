"""Every pixel pass has a NumPy reference, and the GPU draws the same picture."""

import numpy as np
import pytest
from groundglass.errors import LookError
from groundglass.gl.passes import Stage, list_passes, load_pass
from groundglass.look import reference
from groundglass.look.grade import grade
from groundglass.look.look import list_looks, load_look
from look_support import ENCODED, context, look_of, scene_of, some_lut


def test_every_pixel_pass_has_a_reference() -> None:
    assert {name for name in list_passes() if load_pass(name).stage is Stage.PIXEL} == set(reference.PASSES)


def random_values(name: str, seed: int) -> dict[str, object]:
    """A random value within the range of each parameter; the channels of a colour differ."""
    rng = np.random.default_rng(seed)
    values: dict[str, object] = {}
    for parameter in load_pass(name).parameters:
        if parameter.kind == "enum":
            values[parameter.name] = parameter.choices[seed % len(parameter.choices)]
        elif parameter.kind == "table":
            values[parameter.name] = some_lut()
        elif parameter.kind == "color":
            values[parameter.name] = rng.uniform(parameter.low, parameter.high, 3).tolist()
        else:
            values[parameter.name] = float(rng.uniform(parameter.low, parameter.high))
    return values


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", sorted(reference.PASSES))
def test_every_pass_matches_its_reference_at_random_values(name: str, seed: int) -> None:
    look = look_of(name, **random_values(name, seed))
    scene = scene_of((50, 60), seed=seed) ** 4 * 2.0
    drawn = grade(scene, look, space="rec2020", ctx=context())
    np.testing.assert_allclose(drawn, reference.apply(look, scene), atol=ENCODED)


@pytest.mark.parametrize("strength", [0.3, 1.0])
@pytest.mark.parametrize("name", list_looks())
def test_every_look_matches_its_reference(name: str, strength: float) -> None:
    scene = scene_of((60, 60)) ** 4 * 12.0
    drawn = grade(scene, name, space="rec2020", strength=strength, local=False, ctx=context())
    expected = reference.apply(load_look(name), scene, strength=strength)
    np.testing.assert_allclose(drawn, expected, atol=ENCODED)


def test_non_finite_light_becomes_black_or_white_in_both() -> None:
    scene = np.array([[[np.nan, -np.inf, -1.0], [np.inf, np.inf, np.inf]]])
    drawn = grade(scene, "neutral", space="rec2020", ctx=context())
    np.testing.assert_allclose(drawn, reference.apply(load_look("neutral"), scene), atol=ENCODED)


def test_a_pixel_pass_without_a_reference_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(reference.PASSES, "saturation")
    with pytest.raises(LookError, match="the pass 'saturation' has no reference"):
        reference.apply(look_of("saturation"), np.zeros(3))
