"""Changed inputs of every parser, by a fixed seed: each is read or refused with a message. `make fuzz` reads more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz_parsers import all_parsers
from fuzz_run import Result, Worker
from groundglass.errors import GroundglassError

SEED = 20
PARSERS = all_parsers()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    started = Worker()
    yield started
    started.close()


@pytest.mark.parametrize("name", [name for name in PARSERS if not name.startswith("path-of-")])
def test_the_unchanged_inputs_are_valid(name: str, tmp_path: Path) -> None:
    parser = PARSERS[name]
    reading = parser.reader(tmp_path)
    read = next(reading)
    refused = []
    for content in parser.seeds():
        try:
            read(content)
        except GroundglassError as error:
            refused.append(str(error))
    reading.close()
    assert len(refused) < len(parser.seeds()), refused


@pytest.mark.parametrize("name", PARSERS)
def test_a_changed_input_is_read_or_refused(worker: Worker, name: str) -> None:
    found: Result = worker.run(name, SEED, 0, PARSERS[name].per_test)
    assert found.inputs == PARSERS[name].per_test
    assert found.faults == {}
