"""Invalid development settings are refused with a clear message."""

from __future__ import annotations

import groundglass as gg
import pytest
from groundglass.errors import GroundglassError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"demosaic": "rdc"}, "demosaic 'rdc' is unknown; did you mean 'rcd'?"),
        ({"highlights": "rebuilt"}, "highlights 'rebuilt' is unknown; did you mean 'rebuild'?"),
        ({"defects": "some"}, "defects 'some' is unknown; use one of auto, listed, off"),
        ({"quad": "binned"}, "quad 'binned' is unknown; did you mean 'bin'?"),
        ({"denoise": 1.5}, "denoise 1.5 is outside 0..1; try 0.5"),
        ({"temporal": float("nan")}, "temporal nan is outside 0..1; try 0.5"),
        ({"sharpen": -0.1}, "sharpen -0.1 is outside 0..1; try 0.5"),
    ],
)
def test_an_invalid_setting_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(GroundglassError) as refused:
        gg.Development(**settings)
    assert str(refused.value) == message
