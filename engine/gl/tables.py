"""The textures of lookup tables: uploaded if new, kept while in use."""

from __future__ import annotations

import moderngl
import numpy as np

from .passes import Table


class TableTextures:
    """The textures of a look's tables, one table for each table parameter of a pass."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._kept: dict[str, tuple[Table, dict[str, moderngl.Texture | moderngl.Texture3D]]] = {}

    def of(self, prefix: str, table: Table) -> dict[str, moderngl.Texture | moderngl.Texture3D]:
        """The textures by sampler name, which begins with `prefix`. Uploads them if the table has changed.

        A pass reads them with texelFetch, so they are neither filtered nor repeated.
        """
        kept = self._kept.get(prefix)
        if kept is not None and kept[0] is table:
            return kept[1]
        if kept is not None:
            for texture in kept[1].values():
                texture.release()
        uploaded: dict[str, moderngl.Texture | moderngl.Texture3D] = {}
        for name, numbers in table.textures.items():
            data = np.ascontiguousarray(numbers, dtype=np.float32)
            size = data.shape[-2::-1]  # the fastest axis first
            texture = (
                self._ctx.texture3d(size, 4, data.tobytes(), dtype="f4")
                if len(size) == 3
                else self._ctx.texture(size, 4, data.tobytes(), dtype="f4")
            )
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            uploaded[prefix + name] = texture
        self._kept[prefix] = table, uploaded
        return uploaded

    def release(self) -> None:
        """Releases the textures. May be called twice."""
        for _, textures in self._kept.values():
            for texture in textures.values():
                texture.release()
        self._kept.clear()
