"""Tasks: what is left of them after a crash, and how a clip is split."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundglass.batch.pipeline import Use, use_of
from groundglass.batch.plan import PART, RUN_IN, Plan, make_tasks, open_clip
from groundglass.batch.pool import check_identity, devices_of
from groundglass.batch.task import Clip, Job, Order, Picture, Task, after_crash
from groundglass.errors import DeviceError
from groundglass.frame import Encoding
from groundglass.settings import Settings
from PIL import Image

STILLS = tuple(Picture(f"{name}.png", (f"{name}.dng",)) for name in "abc")


def clip(order: Order, frames: int, *, is_video: bool = False) -> Plan:
    files = () if is_video else tuple(f"{number}.dng" for number in range(frames))
    made = Clip("clip", order, (96, 64), Encoding.MOSAIC, 24.0, files)
    pictures = [Picture(f"{number:04d}.png", (f"{number}.dng",), number) for number in range(frames)]
    return Plan(pictures, {picture.output: made for picture in pictures})


def lengths(plan: Plan, workers: int) -> list[int]:
    outputs = [picture.output for picture in plan.pictures]
    return [len(task.pictures) for task in make_tasks(plan, outputs, workers)]


def test_after_a_crash_the_rest_is_rendered_carefully() -> None:
    remaining, failed = after_crash(Task(1, STILLS), {"a.png"}, "crashed")
    assert failed is None
    assert remaining == Task(1, STILLS[1:], careful=True)


def test_the_first_picture_of_a_second_crash_has_failed() -> None:
    remaining, failed = after_crash(Task(1, STILLS, careful=True), {"a.png"}, "its worker crashed (SIGSEGV)")
    assert remaining == Task(1, STILLS[2:], careful=True)
    assert failed is not None
    assert failed.output == "b.png"
    assert failed.reason.startswith("b.dng: its worker crashed (SIGSEGV), twice; ")
    assert after_crash(Task(1, STILLS[:1], careful=True), set(), "crashed")[0] is None
    assert after_crash(Task(1, STILLS[:1], careful=True), {"a.png"}, "crashed") == (None, None)


def test_a_frame_on_which_a_worker_crashed_is_not_read_again() -> None:
    plan = clip(Order.METERED, 3)
    task = Task(1, tuple(plan.pictures), plan.clips["0000.png"], careful=True)
    remaining, _ = after_crash(task, {"0000.png"}, "crashed")
    assert remaining is not None
    assert remaining.skipped == {1}


@pytest.mark.parametrize(
    ("order", "frames", "workers", "parts"),
    [
        (Order.FREE, 3, 2, [1, 1, 1]),
        (Order.METERED, 100, 2, [50, 50]),
        (Order.METERED, 20, 2, [20]),
        (Order.WHOLE, 100, 2, [100]),
        (Order.AVERAGED, PART + 10, 1, [PART, 10]),
        (Order.AVERAGED, PART + 10, 8, [PART, 10]),
    ],
)
def test_a_clip_is_split_where_its_pictures_stay_the_same(
    order: Order, frames: int, workers: int, parts: list[int]
) -> None:
    assert lengths(clip(order, frames), workers) == parts


def test_a_video_is_split_for_the_workers() -> None:
    assert lengths(clip(Order.FREE, 100, is_video=True), 2) == [50, 50]


def test_what_is_done_with_a_frame_depends_on_the_part_alone() -> None:
    """A part that is continued in its middle uses the frames as one from its beginning."""
    for order, before in ((Order.METERED, Use.METER), (Order.WHOLE, Use.DEVELOP), (Order.FREE, None)):
        made = clip(order, PART + 90)
        wanted = {PART + 50: made.pictures[PART + 50]}
        part = made.clips["0000.png"]
        assert use_of(PART + 50, wanted, part) is Use.WRITE
        assert use_of(PART + 49, wanted, part) is before
        assert use_of(0, wanted, part) is (None if order is Order.FREE else Use.DEVELOP)
    averaged = clip(Order.AVERAGED, PART + 90)
    wanted, part = {PART + 50: averaged.pictures[PART + 50]}, averaged.clips["0000.png"]
    uses = [use_of(number, wanted, part) for number in range(PART + 50)]
    assert uses == [Use.DEVELOP] + [Use.METER] * (PART - RUN_IN - 1) + [Use.DEVELOP] * (RUN_IN + 50)


def test_workers_must_be_equal() -> None:
    expected = {"program": "1", "device": "A"}
    check_identity(expected, dict(expected), "worker 2")
    with pytest.raises(DeviceError, match="worker 2: a worker has B, another has A"):
        check_identity(expected, {"program": "1", "device": "B"}, "worker 2")
    with pytest.raises(DeviceError, match="another version of groundglass"):
        check_identity(expected, {"program": "2", "device": "A"}, "worker 2")


def test_devices_are_named_with_commas() -> None:
    assert devices_of("cuda:0, cuda:1") == ["cuda:0", "cuda:1"]
    assert devices_of("auto") == ["auto"]
    assert devices_of("all")


@pytest.mark.parametrize("options", [{"raw_format": "rggb8", "raw_size": (4, 4)}, {}])
def test_a_list_of_depth_maps_belongs_to_pictures_alone(tmp_path: Path, options: dict[str, object]) -> None:
    """Headerless mosaics beside the lists of an RGB-D sequence are frames of their own."""
    for number in range(2):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{number}.png")
        Image.new("I;16", (4, 4), 1000).save(tmp_path / f"depth{number}.png")
        (tmp_path / f"{number}.raw").write_bytes(bytes(range(16)))
    for name, prefix in (("rgb.txt", ""), ("depth.txt", "depth")):
        (tmp_path / name).write_text("".join(f"{number}.0 {prefix}{number}.png\n" for number in range(2)))
    _, count, files = open_clip(Job(Settings(), str(tmp_path), source_options=options), str(tmp_path))
    kind, maps = (".raw", 0) if options else (".png", 1)
    assert (count, {name.endswith(kind) for name, *_ in files}) == (2, {True})
    assert {len(rest) for _, *rest in files} == {maps}
