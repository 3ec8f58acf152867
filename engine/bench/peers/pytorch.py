"""The peers of PyTorch: a bilinear demosaic as a convolution, and a disc blur of eight layers at half the size.

The blur multiplies spectra: a grouped convolution with discs of up to 87 pixels takes minutes on a processor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...cfa import Cfa
from ...frame import Frame
from .layers import Layer, disc, layers_for
from .peer import Job, Peer, Picture

TORCH_DEMOSAIC, TORCH_BLUR = "torch bilinear", "torch disc blur, half size"
# Weights of the neighbours that have a photosite's missing colour: red or blue, and green.
_BILINEAR = np.array([[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]])
_GREEN = np.array([[0.0, 0.25, 0.0], [0.25, 1.0, 0.25], [0.0, 0.25, 0.0]])


def demosaic_weights(cfa: Cfa) -> NDArray[np.float32]:
    """(12, 1, 4, 4): from a 4x4 window around a 2x2 block to red, green and blue of its four photosites."""
    weights = np.zeros((3, 2, 2, 4, 4), np.float32)
    for colour, letter in enumerate("RGB"):
        kernel = _GREEN if letter == "G" else _BILINEAR
        for y, x, dy, dx in np.ndindex(2, 2, 3, 3):
            row, column = y + dy - 1, x + dx - 1
            if cfa.pattern[2 * (row % 2) + column % 2] == letter:
                weights[colour, y, x, row + 1, column + 1] = kernel[dy, dx]
    return weights.reshape(12, 1, 4, 4)


class TorchDemosaic:
    def __init__(self, job: Job) -> None:
        import torch

        self._weights = torch.from_numpy(demosaic_weights(job.frame.cfa))
        self._mosaic = torch.from_numpy(job.frame.pixels.astype(np.float32) / np.float32(job.frame.profile.white))

    def run(self, _: Frame) -> Picture:
        """(3, H, W) float32."""
        import torch
        from torch.nn import functional

        with torch.inference_mode():
            padded = functional.pad(self._mosaic[None, None], (1, 1, 1, 1), mode="reflect")
            blocks = functional.conv2d(padded, self._weights, stride=2)
            return np.asarray(functional.pixel_shuffle(blocks, 2)[0].numpy())


class TorchBlur:
    """Blurs light by its depth, in layers at half the size, composited from back to front."""

    def __init__(self, job: Job, light: NDArray[np.float32]) -> None:
        import torch

        self._layers: list[Layer] = layers_for(job)
        self._light = torch.from_numpy(np.ascontiguousarray(light.transpose(2, 0, 1)))
        self._size = job.frame.height // 2, job.frame.width // 2
        self._reach = max(len(self._disc(layer)) // 2 for layer in self._layers)
        self._padded = [side + 2 * self._reach for side in self._size]
        self._spectra = torch.stack([self._spectrum(layer) for layer in self._layers])[:, None]

    def _disc(self, layer: Layer) -> NDArray[np.float32]:
        return disc(layer.radius_px / 2)

    def _spectrum(self, layer: Layer) -> Any:
        """Of the disc with its centre at the first pixel."""
        import torch

        kernel = self._disc(layer)
        field = np.zeros(self._padded, np.float32)
        field[: len(kernel), : len(kernel)] = kernel
        return torch.fft.rfft2(torch.from_numpy(np.roll(field, (-(len(kernel) // 2),) * 2, (0, 1))))

    def run(self, frame: Frame) -> Picture:
        """(3, H, W) float32, linear."""
        import torch
        from torch.nn import functional

        assert frame.depth_m is not None, "the built-in scene has a depth map"
        with torch.inference_mode():
            depth_m = torch.from_numpy(frame.depth_m)[1::2, 1::2]
            light = functional.avg_pool2d(self._light[None], 2)[0]
            rgba = torch.cat([light, torch.ones_like(light[:1])])
            masks = torch.stack([(depth_m >= layer.near_m) & (depth_m < layer.far_m) for layer in self._layers])
            padded = functional.pad(rgba * masks[:, None], (self._reach,) * 4)
            blurred = torch.fft.irfft2(torch.fft.rfft2(padded) * self._spectra, s=self._padded)
            blurred = blurred[..., self._reach :, self._reach :][..., : self._size[0], : self._size[1]]
            composite = blurred[0]
            for layer in blurred[1:]:
                composite = composite * (1 - layer[3:]) + layer
            half = composite[:3] / composite[3:].clamp_min(1e-3)
            whole = functional.interpolate(half[None], size=tuple(self._light.shape[1:]), mode="bilinear")
            return np.asarray(whole[0].numpy())


def torch_peers(job: Job, light: NDArray[np.float32]) -> list[Peer]:
    import torch

    versions, threads = {"torch": str(torch.__version__)}, torch.get_num_threads()
    return [
        Peer(TORCH_DEMOSAIC, "demosaic bilinear", versions, threads, TorchDemosaic(job).run),
        Peer(TORCH_BLUR, "defocus live", versions, threads, TorchBlur(job, light).run),
    ]
