"""Clips made or read by several processes, in the order in which they are asked for; memory holds a few at a time."""

import ctypes
import logging
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Callable, Deque, Iterable, Iterator, Optional, Tuple

import cv2

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.clip_store import ClipStore

_PR_SET_PDEATHSIG = 1
_WAITING_PER_WORKER = 4
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClipJob:
    """One clip that shall stand in a store. make and made_from must survive the way to another process.

    made_from: a fingerprint of everything that the clip depends on.
    """

    folder: Path
    name: str
    make: Callable[[], Clip]
    made_from: str = ""

    @property
    def stands(self) -> bool:
        return ClipStore(self.folder).holds(self.name, self.made_from)

    def run(self) -> None:
        ClipStore(self.folder).write(self.name, self.make(), self.made_from)


Outcome = Callable[[], None]
"""Nothing where the clip stands; raises what making it raised."""


def fill_stores(jobs: Iterable[ClipJob], workers: int) -> Iterator[Tuple[ClipJob, Outcome]]:
    """Make every clip that does not stand yet; yields each job with its outcome, in order.

    No process is started before there is something to make.
    """
    waiting: Deque[Tuple[ClipJob, Optional[Future]]] = deque()
    pool: Optional[ProcessPoolExecutor] = None
    try:
        for job in jobs:
            if job.stands:
                waiting.append((job, None))
            else:
                pool = pool or _pool(workers)
                waiting.append((job, _begun(job, pool)))
            while waiting and (waiting[0][1] is None or len(waiting) > _WAITING_PER_WORKER * workers):
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())
    finally:
        if pool is not None:
            for _, future in waiting:
                if future is not None:
                    future.cancel()
            pool.shutdown(wait=True)


def _begun(job: ClipJob, pool: ProcessPoolExecutor) -> Future:
    try:
        return pool.submit(job.run)
    except BrokenProcessPool as error:
        raise _killed(job) from error


def _done(job: ClipJob, future: Optional[Future]) -> Tuple[ClipJob, Outcome]:
    if future is None:
        return job, _nothing
    error = future.exception()  # waits, and raises only what stops us, such as Ctrl-C
    if isinstance(error, BrokenProcessPool):
        raise _killed(job) from error
    return job, future.result


def _killed(job: ClipJob) -> ChildProcessError:
    """From outside: no clip is to blame, and all that follow would fail."""
    return ChildProcessError(
        f"{job.name}: expected a clip, found that a process which makes them was killed; "
        "where memory was short, fewer `workers` need less"
    )


def _nothing() -> None:
    return None


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker)


def _begin_worker() -> None:
    """One core each; Ctrl-C is the parent's to answer; and nobody works on for a parent that was killed."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    except (OSError, AttributeError):
        _LOG.debug("not Linux: workers outlive a parent that is killed")
