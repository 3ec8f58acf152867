"""Measurements, each with the requirement that it has to meet, and the programs that print them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np


class NotPossibleError(Exception):
    """This machine lacks what a measurement needs."""


class Figure(NamedTuple):
    """One row of the table."""

    name: str
    required: str
    measured: str
    is_met: bool

    def __str__(self) -> str:
        return f"| {self.name} | {self.required} | {self.measured}{'' if self.is_met else ': **missed**'} |"


def summary(values: Sequence[float], unit: str) -> str:
    """Median, 95th percentile and maximum."""
    median, late, worst = np.percentile(values, (50, 95, 100))
    digits = 2 if unit == "s" or worst < 1 else 1
    return f"median {median:.{digits}f}, p95 {late:.{digits}f}, worst {worst:.{digits}f} {unit} of {len(values)}"


def parser_of_parts(description: str | None) -> argparse.ArgumentParser:
    """The command line of a program that measures parts, by default all."""
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("parts", nargs="*", metavar="PART", help="default: all")
    return arguments


def print_parts(
    arguments: argparse.ArgumentParser,
    parts: Mapping[str, Callable[[argparse.Namespace], Iterator[Figure]]],
    after: Callable[[str], None] = lambda part: None,
) -> int:
    """Prints the table of the chosen parts, and calls `after` each. Returns the exit status: 1 for a missed figure."""
    chosen = arguments.parse_args()
    if unknown := sorted(set(chosen.parts) - set(parts)):
        arguments.error(f"no part {unknown[0]!r}; the parts are {', '.join(parts)}")
    missed = 0
    print("| figure | required | measured |\n|---|---|---|")
    for part in chosen.parts or parts:
        try:
            for figure in parts[part](chosen):
                missed += not figure.is_met
                print(figure, flush=True)
        except NotPossibleError as error:
            print(f"| {part} | | not measured: {error} |", flush=True)
        after(part)
    return 1 if missed else 0
