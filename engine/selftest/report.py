"""The report of a self test: JSON, or one HTML page that contains everything."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import LostOutputError, OutputError
from ..files import whole_file
from .compare import Row
from .measure import Launch

FORMATS = (".json", ".html")
_PACKAGES = ("groundglass", "numpy", "pyopencl", "pocl-binary-distribution", "cupy-cuda13x", "moderngl", "glcontext")
_STYLE = (
    "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;margin:1em 0}"
    "td,th{border:1px solid #bbb;padding:2px 8px;text-align:left}.failed{background:#fdd}"
)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """All results. `reference` names the source of the reference. `kernels` has the row of each kernel, by device."""

    reference: str
    rows: list[Row]
    kernels: dict[str, list[tuple[Launch, Row | None]]]
    machine: dict[str, Any]
    quick: bool = False

    @property
    def passes(self) -> bool:
        return bool(self.rows) and not any(row.problem for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `--report` and `--json`."""
        kernels = {
            device: [
                {"file": file, "kernel": kernel, "case": row and row.case, "codes": row and row.codes,
                 "problem": row.problem if row else "no case launches it on this device"}
                for (file, kernel), row in table
            ]
            for device, table in self.kernels.items()
        }  # fmt: skip
        return {
            "passes": self.passes,
            "quick": self.quick,
            "reference": self.reference,
            "versions": versions(),
            "machine": self.machine,
            "rows": [asdict(row) for row in self.rows],
            "kernels": kernels,
        }


def versions() -> dict[str, str]:
    """The versions of Python, the system and the packages that compute."""
    found = {"python": sys.version.split()[0], "system": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def check_report(path: Path) -> None:
    """Raises OutputError before the self test starts, if the report could not be written."""
    if path.suffix not in FORMATS:
        raise OutputError(f"{path}: a report is {' or '.join(FORMATS)}; change the name")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; make it first")


def write_report(path: Path, results: SelfTest) -> None:
    """Writes the whole report or nothing. Raises LostOutputError."""
    document = results.as_dict()
    text = json.dumps(document, indent=2) + "\n" if path.suffix == ".json" else page(document)
    try:
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LostOutputError(f"{path}: cannot be written ({error.strerror}); name another file") from error


def page(document: dict[str, Any]) -> str:
    """The report as HTML: verdict, machine, the table of cases, the table of kernels, tracebacks."""
    rows = document["rows"]
    verdict = "passed" if document["passes"] else "failed"
    parts = [
        f"<!doctype html><meta charset='utf-8'><title>groundglass selftest: {verdict}</title><style>{_STYLE}</style>",
        f"<h1>groundglass selftest: {verdict}</h1><p>reference: {escape(document['reference'])}</p>",
        "<h2>Versions</h2>",
        _table(("name", "version"), document["versions"].items()),
        f"<h2>Machine</h2><pre>{escape(json.dumps(document['machine'], indent=2))}</pre><h2>Cases</h2>",
        _table(tuple(Row.__dataclass_fields__)[:-1], ([row[key] for key in row if key != "trace"] for row in rows)),
    ]
    for device, kernels in document["kernels"].items():
        parts += [f"<h2>Kernels on {escape(device)}</h2>", _table(tuple(kernels[0]), (row.values() for row in kernels))]
    for row in rows:
        if row["trace"]:
            heading = escape(f"{row['device']}: {row['case']}")
            parts.append(f"<h2>Traceback, {heading}</h2><pre>{escape(row['trace'])}</pre>")
    return "\n".join(parts) + "\n"


def _table(headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = ["<table><tr>", *(f"<th>{escape(heading)}</th>" for heading in headings), "</tr>"]
    for row in rows:
        cells = list(row)
        failed = " class='failed'" if len(cells) > 2 and cells[-1] else ""
        lines += [f"<tr{failed}>", *(f"<td>{escape(_text(cell))}</td>" for cell in cells), "</tr>"]
    return "".join([*lines, "</table>"])


def _text(value: object) -> str:
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
