"""The textures of lookup tables: uploaded if new, kept while in use."""

from __future__ import annotations

from collections.abc import Container

import moderngl
import numpy as np

from .table import Table

_FILTERED = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)


class TableTextures:
    """The textures of a look's tables, one table for each table parameter of a pass."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._kept: dict[str, tuple[Table, dict[str, moderngl.Texture | moderngl.Texture3D]]] = {}

    def of(
        self, prefix: str, table: Table, samplers: Container[str] | None = None
    ) -> dict[str, moderngl.Texture | moderngl.Texture3D]:
        """The textures by sampler name, which begins with `prefix`. Uploads them if the table has changed.

        With `samplers` only those that are among them.

        A pass reads them with texelFetch, so they are neither filtered nor repeated, unless the table `is_filtered`.
        """
        kept = self._kept.get(prefix)
        wanted = {name for name in table.textures if samplers is None or prefix + name in samplers}
        if kept is not None and kept[0] is table and {prefix + name for name in wanted} <= kept[1].keys():
            return kept[1]
        if kept is not None:
            for texture in kept[1].values():
                texture.release()
        uploaded: dict[str, moderngl.Texture | moderngl.Texture3D] = {}
        for name, numbers in table.textures.items():
            if name not in wanted:
                continue
            data = np.ascontiguousarray(numbers, dtype=np.float32)
            size = data.shape[-2::-1]  # the fastest axis first
            texture = (
                self._ctx.texture3d(size, 4, data.tobytes(), dtype="f4")
                if len(size) == 3
                else self._ctx.texture(size, 4, data.tobytes(), dtype="f4")
            )
            if table.is_filtered:
                texture.build_mipmaps()
            texture.filter = _FILTERED if table.is_filtered else (moderngl.NEAREST, moderngl.NEAREST)
            uploaded[prefix + name] = texture
        self._kept[prefix] = table, uploaded
        return uploaded

    def release(self) -> None:
        """Releases the textures. May be called twice."""
        for _, textures in self._kept.values():
            for texture in textures.values():
                texture.release()
        self._kept.clear()
