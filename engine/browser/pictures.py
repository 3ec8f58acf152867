"""The newest picture, and one thread for each codec in use: it encodes once for all viewers of the codec.

The live loop only leaves its picture here. It never waits for an encoder, and an encoder never for a viewer: each takes
the newest picture when it is free.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import cause, print_line
from .encoders import Encoded, new_encoder

# A picture that does not change is encoded again, until its details have arrived within the bit rate.
REPEAT_S, REPEATS = 0.1, 12
LOSSY, LOSSLESS = 0.05, 0.01  # fraction of lost packets above which the bit rate falls, below which it rises
SLOWER, FASTER, MIN_FACTOR = 0.7, 1.15, 0.15
REPORTS_S = 2.0  # minimum interval between changes of the bit rate: each begins a new sequence


class Picture(NamedTuple):
    """(H, W, 3) display RGB with the time of its presentation."""

    rgb: NDArray[np.uint8]
    time_s: float


class Subscription:
    """A viewer of a codec. `deliver` is called in the encoder's thread with each encoded picture; it must not wait."""

    def __init__(self, codec: str, deliver: Callable[[Encoded], None]) -> None:
        self.codec, self.deliver = codec, deliver
        self.has_begun = False  # with a key picture
        self.lost = 0.0  # the fraction of packets that were lost, as reported by the viewer


class Pictures:
    """The pictures of a surface for viewers. `offer` is called by the live loop, the other methods by any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newest: Picture | None = None
        self._number = 0
        self._encodings: dict[str, _Encoding] = {}
        self._is_closed = False

    def offer(self, rgb: NDArray[np.uint8]) -> None:
        """The newest picture. The array is not copied, and must not change."""
        with self._changed:
            self._newest, self._number = Picture(rgb, perf_counter()), self._number + 1
            self._changed.notify_all()

    @property
    def is_watched(self) -> bool:
        """Whether a viewer receives pictures."""
        return bool(self._encodings)

    @property
    def size(self) -> tuple[int, int] | None:
        """(width, height) of the newest picture; None before the first."""
        return None if self._newest is None else (self._newest.rgb.shape[1], self._newest.rgb.shape[0])

    def wait_for_viewer(self, timeout_s: float) -> None:
        """Waits until a viewer receives pictures, or `wake`."""
        with self._changed:
            if not self._encodings:
                self._changed.wait(timeout_s)

    def wake(self) -> None:
        """Ends a `wait_for_viewer`."""
        with self._changed:
            self._changed.notify_all()

    def subscribe(self, codec: str, deliver: Callable[[Encoded], None]) -> Subscription:
        """Begins to encode for a viewer, from a key picture on."""
        subscription = Subscription(codec, deliver)
        with self._changed:
            encoding = self._encodings.get(codec)
            if encoding is None and not self._is_closed:
                encoding = self._encodings[codec] = _Encoding(codec, self)
                encoding.start()
            if encoding is not None:
                encoding.subscriptions += (subscription,)
                encoding.needs_key = True
            self._changed.notify_all()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Ends a subscription. The thread of a codec ends with its last one."""
        with self._changed:
            encoding = self._encodings.get(subscription.codec)
            if encoding is None:
                return
            encoding.subscriptions = tuple(each for each in encoding.subscriptions if each is not subscription)
            if not encoding.subscriptions:
                del self._encodings[subscription.codec]
            self._changed.notify_all()

    def request_key(self, subscription: Subscription) -> None:
        """The viewer has lost a picture: the next one must not depend on it."""
        with self._changed:
            if subscription.codec in self._encodings:
                self._encodings[subscription.codec].needs_key = True
                self._changed.notify_all()

    def close(self) -> None:
        """Ends all subscriptions."""
        with self._changed:
            self._is_closed = True
            encodings, self._encodings = list(self._encodings.values()), {}
            for encoding in encodings:
                encoding.subscriptions = ()
            self._changed.notify_all()
        for encoding in encodings:
            encoding.join()

    def next_for(self, encoding: _Encoding) -> tuple[Picture, bool] | None:
        """Waits for the picture that an encoder takes next, and whether it is a key. None without viewers."""
        with self._changed:
            while encoding.subscriptions:
                is_new = self._number != encoding.number
                repeats = encoding.repeats < encoding.max_repeats
                if self._newest is not None and (is_new or encoding.needs_key or (repeats and encoding.is_due)):
                    encoding.repeats = 0 if is_new or encoding.needs_key else encoding.repeats + 1
                    encoding.number, is_key, encoding.needs_key = self._number, encoding.needs_key, False
                    return self._newest, is_key
                self._changed.wait(REPEAT_S if repeats else None)
            return None


class _Encoding(threading.Thread):
    """Encodes the newest pictures for all viewers of a codec. `Pictures` changes its fields with its lock held."""

    def __init__(self, codec: str, pictures: Pictures) -> None:
        super().__init__(name=f"groundglass-{codec}", daemon=True)
        self._encoder, self._pictures = new_encoder(codec), pictures
        self.subscriptions: tuple[Subscription, ...] = ()
        self.needs_key = True
        self.number = 0  # the latest encoded picture
        self.repeats, self.max_repeats = 0, 0 if codec == "jpeg" else REPEATS
        self._encoded_s = self._changed_s = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the same picture may be encoded again."""
        return perf_counter() - self._encoded_s >= REPEAT_S

    def run(self) -> None:
        try:
            while (taken := self._pictures.next_for(self)) is not None:
                picture, is_key = taken
                self._adapt_bitrate()
                time_s = perf_counter() if self.repeats else picture.time_s
                encoded = self._encoder.encode(picture.rgb, time_s, is_key)
                self._encoded_s = perf_counter()
                for subscription in self.subscriptions:
                    subscription.has_begun |= encoded.is_key
                    if subscription.has_begun:
                        subscription.deliver(encoded)
        except Exception as error:  # raised by the encoder: the view continues without this codec
            print_line(f"{self.name.removeprefix('groundglass-')}: pictures cannot be encoded ({cause(error)})")
            for subscription in self.subscriptions:
                self._pictures.unsubscribe(subscription)

    def _adapt_bitrate(self) -> None:
        """Follows the loss that the viewers report: additive increase, multiplicative decrease."""
        now_s = perf_counter()
        if now_s - self._changed_s < REPORTS_S:
            return
        lost, factor = max((each.lost for each in self.subscriptions), default=0.0), self._encoder.bitrate_factor
        changed = factor * SLOWER if lost > LOSSY else factor * FASTER if lost < LOSSLESS else factor
        self._changed_s, self._encoder.bitrate_factor = now_s, min(max(changed, MIN_FACTOR), 1.0)
