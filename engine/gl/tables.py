"""Tables on the GL side: uploaded when they are new, kept while they are drawn with."""

from __future__ import annotations

import moderngl
import numpy as np

from .passes import Table


class TableTextures:
    """The textures of the tables that a look names, one table at a time for each of a pass's parameters."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._kept: dict[str, tuple[Table, dict[str, moderngl.Texture | moderngl.Texture3D]]] = {}

    def of(self, prefix: str, table: Table) -> dict[str, moderngl.Texture | moderngl.Texture3D]:
        """By the name of the sampler, which begins with `prefix`; uploads where the table is another one than before.

        A pass fetches from them by whole numbers: they are neither filtered nor repeated.
        """
        kept = self._kept.get(prefix)
        if kept is not None and kept[0] is table:
            return kept[1]
        if kept is not None:
            for texture in kept[1].values():
                texture.release()
        made: dict[str, moderngl.Texture | moderngl.Texture3D] = {}
        for name, numbers in table.textures.items():
            data = np.ascontiguousarray(numbers, dtype=np.float32)
            size = data.shape[-2::-1]  # the fastest axis first
            texture = (
                self._ctx.texture3d(size, 4, data.tobytes(), dtype="f4")
                if len(size) == 3
                else self._ctx.texture(size, 4, data.tobytes(), dtype="f4")
            )
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            made[prefix + name] = texture
        self._kept[prefix] = table, made
        return made

    def release(self) -> None:
        """Gives the textures back; harmless when done twice."""
        for _, textures in self._kept.values():
            for texture in textures.values():
                texture.release()
        self._kept.clear()
