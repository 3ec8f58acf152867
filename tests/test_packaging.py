"""The installation matches the source tree: packages, data files, and a working wheel and sdist."""

from __future__ import annotations

import configparser
import email
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import groundglass
import pytest
from packaging.requirements import Requirement

# Folder in the repository -> package.
ROOTS = {"engine": "groundglass", "kernels": "groundglass.kernels", "shaders": "groundglass.shaders"}
EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")


def packaged_files(repository: Path) -> set[str]:
    """The files in the packages' folders, as paths in the wheel."""
    return {
        f"{package.replace('.', '/')}/{path.relative_to(repository / folder).as_posix()}"
        for folder, package in ROOTS.items()
        for path in (repository / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


@pytest.fixture(scope="module")
def source_copy(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree without build results, so that the wheel has no files of an old build/."""
    copy = tmp_path_factory.mktemp("source") / "groundglass"
    shutil.copytree(repository, copy, ignore=NOT_SOURCE)
    return copy


@pytest.fixture(scope="module")
def distributions(source_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """(wheel, sdist, output of the build); the wheel is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source_copy)
    done = run(*command, cwd=folder, env=os.environ | EPOCH)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz")), done.stdout + done.stderr


def test_every_package_folder_is_listed(repository: Path) -> None:
    config = configparser.ConfigParser()
    config.read(repository / "setup.cfg", encoding="utf-8")
    listed = config["options"]["packages"].split()
    found = [
        ".".join((package, *path.parent.relative_to(repository / folder).parts))
        for folder, package in ROOTS.items()
        for path in (repository / folder).rglob("__init__.py")
    ]
    assert sorted(listed) == sorted(found)
    bare = {path.parent for path in (repository / "engine").rglob("*.py") if not (path.parent / "__init__.py").exists()}
    assert bare == set()


def test_the_wheel_contains_the_whole_tree(distributions: tuple[Path, Path, str], repository: Path) -> None:
    names = set(zipfile.ZipFile(distributions[0]).namelist())
    code = {name for name in names if ".dist-info/" not in name}
    assert code == packaged_files(repository)
    assert any(name.endswith("LICENSE") for name in names)


@pytest.mark.parametrize("name", ["LICENSE", "README.md", "CHANGELOG.md", "Makefile", "tests/conftest.py", "setup.cfg"])
def test_the_sdist_contains_the_files_for_a_build(distributions: tuple[Path, Path, str], name: str) -> None:
    with tarfile.open(distributions[1]) as archive:
        assert f"{distributions[1].name.removesuffix('.tar.gz')}/{name}" in archive.getnames()


def test_the_build_does_not_warn(distributions: tuple[Path, Path, str]) -> None:
    assert "Deprecat" not in distributions[2]
    assert "SetuptoolsWarning" not in distributions[2]


def test_a_second_build_at_another_time_and_place_has_the_same_bytes(
    distributions: tuple[Path, Path, str], source_copy: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(source_copy, tmp_path / "elsewhere" / "tree", ignore=NOT_SOURCE)
    for path in other.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    build = "import sys; sys.path.insert(0, 'tools'); import build_backend as b; b.build_sdist('.'); b.build_wheel('.')"
    run(sys.executable, "-c", build, cwd=other, env=os.environ | EPOCH)
    for built in distributions[:2]:
        assert (other / built.name).read_bytes() == built.read_bytes()


def test_the_metadata_has_the_version_of_the_package(distributions: tuple[Path, Path, str]) -> None:
    with zipfile.ZipFile(distributions[0]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        fields = email.message_from_bytes(wheel.read(name))
    assert fields["Version"] == groundglass.__version__
    assert fields["Author"] == "The groundglass maintainers"
    assert {"qt", "notebook", "cuda", "panel"} <= set(fields.get_all("Provides-Extra", ()))


def test_no_two_extras_exclude_each_other(repository: Path) -> None:
    """Each package has one range of versions in all of setup.cfg, so that pip can install the extras together."""
    config = configparser.ConfigParser()
    config.read(repository / "setup.cfg", encoding="utf-8")
    listed = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    ranges: dict[str, set[str]] = {}
    for line in filter(None, "\n".join(listed).splitlines()):
        requirement = Requirement(line)
        if requirement.name != "nvidia-cuda-nvrtc":  # the tests need any of its versions
            ranges.setdefault(requirement.name, set()).add(str(requirement.specifier))
    assert {name: found for name, found in ranges.items() if len(found) > 1} == {}


@pytest.fixture(scope="module")
def environment(distributions: tuple[Path, Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel and what it requires. Modules that no test imports are not compiled."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    install(folder, distributions[0])
    return folder


def install(environment: Path, *words: str | Path) -> None:
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile")
    run(*pip, *words, cwd=environment.parent)


def requirements_of(environment: Path) -> set[str]:
    """The requirements in the installed metadata; their order depends on the version of setuptools."""
    (folder,) = environment.glob("lib/python*/site-packages")
    (found,) = metadata.distributions(name="groundglass", path=[str(folder)])
    return set(found.requires or ())


def assert_the_command_runs(environment: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = ("view", "--headless", "--frames", "3", "--size", "160x96", "--json", "-")
    done = run(environment / "bin" / "groundglass", *words, cwd=environment.parent, env=env)
    assert json.loads(done.stdout)["frames"] == 3


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_wheel_runs_in_a_new_environment(environment: Path) -> None:
    assert_the_command_runs(environment)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_sdist_runs_in_place_of_the_wheel(environment: Path, distributions: tuple[Path, Path, str]) -> None:
    """Both require the same packages, so the wheel's environment, with its compiled kernels, serves for both."""
    of_the_wheel = requirements_of(environment)
    install(environment, "--no-deps", "--force-reinstall", distributions[1])
    assert requirements_of(environment) == of_the_wheel
    assert_the_command_runs(environment)
