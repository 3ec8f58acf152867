"""Sources of other packages: entry points of the group groundglass.sources."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.kinds import listing_kind, schemes
from groundglass.errors import SourceError

PLUGIN = """
import numpy as np
from groundglass.capture import BaseSource
from groundglass.capture.kinds import ConnectedCamera
from groundglass.frame import Frame

class Grey(BaseSource):
    def __init__(self, name, fps):
        self.name, self.size, self.fps = name, (4, 2), fps
    def __iter__(self):
        yield Frame(np.full((2, 4), 7, np.uint16))

def open_source(name, request):
    return Grey(name, request.fps)

def list_cameras():
    return [ConnectedCamera("grey:0", "A grey card")]
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed package with the kind `grey`."""
    (tmp_path / "grey_plugin.py").write_text(PLUGIN)
    info = tmp_path / "grey_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: grey-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[groundglass.sources]\ngrey = grey_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("grey_plugin", None)


@pytest.mark.usefixtures("plugin")
def test_an_installed_package_adds_a_kind() -> None:
    with open_source("grey:0", fps=12.0) as source:
        assert (source.name, source.fps) == ("grey:0", 12.0)
        assert np.all(next(iter(source)).pixels == 7)
    assert "grey:" in schemes()
    assert [camera.source for camera in listing_kind("grey:").list_cameras()] == ["grey:0"]
    assert listing_kind("scene:") is None


def test_a_package_that_cannot_be_loaded_is_named(plugin: Path) -> None:
    (plugin / "grey_plugin.py").write_text("import no_such_library")
    with pytest.raises(SourceError, match=r"the package grey-plugin cannot be loaded .*no_such_library"):
        open_source("grey:0")


def test_a_name_with_a_colon_is_a_path_without_such_a_kind() -> None:
    with pytest.raises(SourceError, match="no such file"):
        open_source("grey:0")
