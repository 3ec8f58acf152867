"""Tests with other Pythons and other versions of the dependencies: `nox -s lowest`, `nox -s newest-3.14`.

`make test` is the test of the present environment. nox is not part of it: pip install nox.
"""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
# What the lowest versions are tried with: everything that calls a library, without long measurements.
SMOKE = [
    "tests/test_api.py",
    "tests/test_engine.py",
    "tests/test_frame.py",
    "tests/formats",
    "tests/gl",
    "tests/output",
]
SMOKE += ["tests/capture", "tests/commands/test_cli.py", "tests/display/test_target.py", "tests/viewfinder", "tests/qt"]
# Tools of the tests themselves, and what has no release for all Pythons: not pinned.
UNPINNED = {"build", "mypy", "nvidia-cuda-nvrtc", "ruff", "setuptools", "wheel"}
REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?>=([0-9.]+)")

nox.options.sessions = ["lowest", "newest"]


def lowest_versions() -> list[str]:
    """A constraint for each requirement of setup.cfg: exactly the lowest version that it allows."""
    config = configparser.ConfigParser()
    config.read(Path(__file__).parent / "setup.cfg", encoding="utf-8")
    listed = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    found = dict(match.groups() for text in listed for match in REQUIREMENT.finditer(text))
    return sorted(f"{name}=={version}" for name, version in found.items() if name not in UNPINNED)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """The lowest version of every dependency, with the oldest Python."""
    constraints = Path(session.create_tmp()) / "lowest.txt"
    constraints.write_text("\n".join(lowest_versions()) + "\n", encoding="utf-8")
    session.install("--editable", ".[test]", "--constraint", str(constraints))
    session.run("python", "-m", "pytest", "-n", "2", *(session.posargs or SMOKE))


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """The newest version of every dependency, with each Python: the whole of `make test`."""
    session.install("--upgrade", "--editable", ".[test]")
    session.run("python", "-m", "ruff", "check", ".")
    session.run("python", "-m", "mypy", "engine")
    session.run("python", "-m", "pytest", "-n", "2", "--dist", "loadfile", *session.posargs)


@nox.session(python=PYTHONS)
def extras(session: nox.Session) -> None:
    """All extras install together, and the package starts with them."""
    names = "bench,camera,depth,exr,face,heif,lut,notebook,panel,qt,tether,tiff,video,webcam"
    session.install(f".[{names}]")
    session.run("python", "-m", "pip", "check")
    session.run("groundglass", "--version")
