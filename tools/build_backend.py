"""setuptools' build backend, whose sdist is reproducible with SOURCE_DATE_EPOCH, as its wheel is.

https://reproducible-builds.org/specs/source-date-epoch/
"""

from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403 - all other hooks


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """Builds the sdist. With SOURCE_DATE_EPOCH its members have this time, no owner, and are sorted."""
    name: str = build_meta.build_sdist(sdist_directory, config_settings)
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is not None:
        normalize(Path(sdist_directory, name), int(epoch))
    return name


def normalize(sdist: Path, epoch: int) -> None:
    """Writes the archive again, the same for the same files."""
    part = sdist.with_suffix(".part")
    with (
        tarfile.open(sdist) as archive,
        part.open("wb") as file,
        gzip.GzipFile("", "wb", mtime=epoch, fileobj=file) as packed,  # its header has this time, and no name
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as written,
    ):
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            written.addfile(member, archive.extractfile(member) if member.isfile() else None)
    part.replace(sdist)
