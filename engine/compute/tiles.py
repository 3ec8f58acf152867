"""Launches of kernels that work on tiles of pixels, or on small tables of such tiles."""

from __future__ import annotations

from .device import Device

TILE = 16  # side of a tile in pixels; kernels/tiles.h defines the same number
GROUP = (TILE, 2)  # work-items of a GPU for a tile: a warp; kernels/tiles.h builds on it
WARP = 32


def run_tiles(
    device: Device, source: str, kernel: str, tiles: tuple[int, int], /, cpu_group: int = 1, **arguments: object
) -> None:
    """Queues a kernel over (columns, rows) of tiles: a work-item a tile on a CPU, a group a tile on a GPU.

    On a CPU, groups are `cpu_group` tiles of a row. The kernel ignores those beyond the last column.
    """
    if device.run_length > 1:
        run_cells(device, source, kernel, tiles, cpu_group=cpu_group, **arguments)
    else:
        device.launch(source, kernel, (tiles[0] * GROUP[0], tiles[1] * GROUP[1]), GROUP, arguments)


def run_cells(
    device: Device, source: str, kernel: str, cells: tuple[int, int], /, cpu_group: int = 1, **arguments: object
) -> None:
    """Queues a kernel over a table of (columns, rows), a work-item a cell. On a GPU a warp processes cells of a row.

    The kernel ignores the cells beyond the last column.
    """
    group = cpu_group if device.run_length > 1 else WARP
    device.launch(source, kernel, (-(-cells[0] // group) * group, cells[1]), (group, 1), arguments)
