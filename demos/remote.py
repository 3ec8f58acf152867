"""A client for a viewfinder that runs with `--control 0`: for scripts, knobs and stream decks.

python demos/remote.py list
python demos/remote.py set look natural
python demos/remote.py set look.tone_curve.toe "[0.7, 0.7, 0.7]"
python demos/remote.py do still            (also: get NAME, press KEY, state)
python demos/remote.py watch               prints every change until Ctrl-C
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from groundglass.remote.remote import control_file

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("verb", choices=("list", "get", "set", "do", "press", "state", "watch"))
parser.add_argument("words", nargs="*", help="a name, and the value for set")
parser.add_argument("--file", type=Path, default=control_file(), help="control file of the viewfinder (%(default)s)")
wanted = parser.parse_args()


def setting(text: str) -> Any:
    """A number, true, false or a list in JSON; other text unchanged."""
    with contextlib.suppress(ValueError):
        return json.loads(text)
    return text


name = wanted.words[0] if wanted.words else True
to = {"to": setting(wanted.words[1])} if wanted.verb == "set" and len(wanted.words) == 2 else {}
try:
    server = json.loads(wanted.file.read_text())
    with socket.create_connection(("127.0.0.1", server["port"])) as connection, connection.makefile("rw") as lines:
        for line in ({"token": server["token"]}, {wanted.verb: name} | to):
            print(json.dumps(line), file=lines, flush=True)
        # A reply to the token and a reply to the request; after watch, a line for each change.
        for reply in map(json.loads, islice(lines, None if wanted.verb == "watch" else 2)):
            if not reply.get("ok", True):
                sys.exit(reply["error"])
            value = reply.get("changed", reply.get("value"))
            for item in value if wanted.verb == "list" and value else [value]:
                if item is not None:
                    print(json.dumps(item), flush=True)
except (OSError, ValueError, KeyError) as error:
    sys.exit(f"no viewfinder is running; start one with: groundglass view --control 0 ({error})")
except KeyboardInterrupt:
    pass
