"""A result as one page of HTML: tables and charts in the file itself, without scripts and without the network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from . import stress, sweep
from .chart import Chart, to_svg
from .roofline import roofline
from .schema import ResultError

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #202020; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 0.15rem 0.6rem; text-align: right; border-bottom: 1px solid #dddddd; }
th:first-child, td:first-child { text-align: left; }
dl { display: grid; grid-template-columns: max-content auto; gap: 0 1rem; } dt { color: #606060; } dd { margin: 0; }
svg { width: 100%; height: auto; break-inside: avoid; margin-top: 1rem; }
@media print { body { margin: 0; max-width: none; font-size: 11px; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""
Lines = Sequence[tuple[str, str]]
Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]  # title, headings, rows


def charts_of(result: dict[str, Any]) -> list[Chart]:
    """The charts of a result of any kind. Without known arithmetic the stages have none."""
    match result["kind"]:
        case "stress":
            return list(stress.charts_of(result))
        case "sweep":
            return [sweep.chart_of(result)]
        case "peers":
            return []
        case _:
            try:
                return [roofline(result)]
            except ResultError:
                return []


def page_of(result: dict[str, Any], lines: Lines, tables: Sequence[Table]) -> str:
    """The page: `lines` of names and values, the tables, the charts, and the versions of all programs."""
    title = f"groundglass bench: {result['kind']}, {result['device']}"
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        _list(lines),
        *(to_svg(chart) for chart in charts_of(result)),
        *(_table(*table) for table in tables),
        "<h2>Versions</h2>",
        _list(sorted(result["machine"]["versions"].items())),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _list(lines: Lines) -> str:
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in lines) + "</dl>"


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def row(cells: Sequence[str], kind: str) -> str:
        return "<tr>" + "".join(f"<{kind}>{escape(cell.strip())}</{kind}>" for cell in cells) + "</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f"<h2>{escape(title)}</h2><table><thead>{row(headings, 'th')}</thead><tbody>{body}</tbody></table>"
