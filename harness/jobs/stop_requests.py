"""Ctrl-C and SIGTERM while jobs run: the first asks for an end, the second ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequests:
    """Takes both signals while it is entered; the handlers of before get the second one, and the end."""

    def __init__(self) -> None:
        self.asked: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # only there signals can be taken
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def end_as_asked(self) -> None:
        """Do now what the first signal would have done at once, such as raise KeyboardInterrupt."""
        if self.asked is not None:
            self._hand_on(self.asked, None)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.asked is None:
            self.asked = number
        else:
            self._hand_on(number, frame)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        handler = self._before.get(number)
        if callable(handler):
            handler(number, frame)
        else:  # the process was to end by it, or not to hear of it
            raise KeyboardInterrupt
