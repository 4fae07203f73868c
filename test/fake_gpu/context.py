"""Contexts and streams: what is current on a thread, and what happens in which order."""

import threading
from typing import Any, Callable, List

from fake_gpu.rules import DriverError, RuleBroken


class FakeContext:
    def __init__(self, driver: Any) -> None:
        self._driver, self._thread, self._detached = driver, threading.current_thread(), False

    def push(self) -> None:
        self._driver.stack().append(self)

    def pop(self) -> None:
        stack, used = self._driver.stack(), self._driver.in_use()
        if not stack or stack[-1] is not self:
            raise RuleBroken("pop: this context is not the current one of this thread")
        left = {what: count for what, count in used.items() if count and what != "contexts"}
        if left:
            raise RuleBroken(f"the context is left while things live in it: {left}")
        stack.pop()

    def detach(self) -> None:
        if self._detached or self._thread is not threading.current_thread():
            raise RuleBroken("detach: on another thread than the one that retained the context, or twice")
        self._detached = True
        self._driver.retained -= 1


class FakeStream:
    def __init__(self, driver: Any, handle: int) -> None:
        self.driver, self.handle = driver, handle
        self._queued: List[Callable[[], None]] = []
        self.touched: set = set()  # device addresses that queued work reads or writes
        driver.streams[handle] = self

    def queue(self, work: Callable[[], None], addresses: set) -> None:
        self.driver.check_context("queue on a stream")
        for other in self.driver.streams.values():
            if other is not self and other.touched & addresses:
                raise RuleBroken("two streams use the same memory without waiting for each other")
        self._queued.append(work)
        self.touched |= addresses

    def synchronize(self) -> None:
        self.driver.check_context("wait for a stream")
        queued, self._queued, self.touched = self._queued, [], set()
        if self.driver.fault:
            queued.clear()
            raise DriverError(self.driver.fault)
        for work in queued:
            work()
