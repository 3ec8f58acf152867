"""Measures live cameras on this machine, without hardware, and prints a table.

    make cameras                                   all of it: half an hour
    make cameras ARGS="streams --names RTSP SRT"   the restarts of two servers

The parts: `checks` (requirements that tests decide), `pylon` (a minute of its emulation), `v4l2` (Python for a
frame), `faults` (the driver `vivid` in tools/v4l2_vm.sh), `streams` (servers are killed and restarted; needs ffmpeg),
`latency` (RTSP; needs GStreamer's server), `closing` (Ctrl-C, SIGTERM and Escape; needs Xvfb and xdotool), `depth` (a
depth model for a live picture).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from camera_checks import checks
from camera_closing import closing
from camera_depth import with_model
from camera_streams import latency, restarts
from camera_vision import pylon_minute, v4l2_faults, v4l2_python
from measured_figures import Figure, parser_of_parts, print_parts

Part = Callable[[argparse.Namespace], Iterator[Figure]]
PARTS: dict[str, Part] = {
    "checks": lambda chosen: checks(),
    "pylon": lambda chosen: pylon_minute(),
    "v4l2": lambda chosen: v4l2_python(),
    "faults": lambda chosen: v4l2_faults(),
    "streams": lambda chosen: restarts(chosen.seed, *chosen.names),
    "latency": lambda chosen: latency(),
    "closing": lambda chosen: closing(chosen.seed, chosen.rounds, *chosen.names),
    "depth": lambda chosen: with_model(),
}


def main() -> int:
    arguments = parser_of_parts(__doc__)
    arguments.add_argument("--names", nargs="*", default=[], help="protocols of `streams`, sources of `closing`")
    arguments.add_argument("--rounds", type=int, default=2, help="of `closing`; default: 2")
    arguments.add_argument("--seed", type=int, default=1)
    return print_parts(arguments, PARTS)


if __name__ == "__main__":
    sys.exit(main())
