"""Where the time goes: stand-ins that pass every call on and note how long it took."""

import time
from collections import defaultdict
from contextlib import contextmanager
from typing import DefaultDict, Dict, Iterator, List, Mapping

import numpy as np

from stf2m_ros.runtime.engine import Engine
from stf2m_ros.stream.face_cropper import Cropper
from stf2m_ros.stream.face_observation import FaceFound, FaceObservation


class Stopwatch:
    """Seconds by stage: each call by the clock, and all of the processor, which other work prolongs less."""

    def __init__(self) -> None:
        self.seconds: DefaultDict[str, List[float]] = defaultdict(list)
        self._processor_s: DefaultDict[str, float] = defaultdict(float)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        started_s, worked_s = time.perf_counter(), time.process_time()
        yield
        self._processor_s[stage] += time.process_time() - worked_s
        self.seconds[stage].append(time.perf_counter() - started_s)

    def processor_s(self, stage: str) -> float:
        return self._processor_s[stage]

    def total_s(self, stage: str) -> float:
        return sum(self.seconds[stage])

    def calls(self, stage: str) -> int:
        return len(self.seconds[stage])


class TimedEngine:
    """An engine whose runs are timed."""

    def __init__(self, engine: Engine, stopwatch: Stopwatch, stage: str) -> None:
        self._engine, self._stopwatch, self._stage = engine, stopwatch, stage

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        with self._stopwatch.measure(self._stage):
            return self._engine.run(inputs)

    def close(self) -> None:
        self._engine.close()


class TimedCropper:
    """A cropper whose looks are timed, and that counts the images in which it found the person."""

    def __init__(self, cropper: Cropper, stopwatch: Stopwatch, stage: str) -> None:
        self._cropper, self._stopwatch, self._stage = cropper, stopwatch, stage
        self.found = 0

    def locate(self, stamp_s: float, image_rgb: np.ndarray) -> FaceObservation:
        with self._stopwatch.measure(self._stage):
            observation = self._cropper.locate(stamp_s, image_rgb)
        self.found += isinstance(observation, FaceFound)
        return observation

    def reset(self) -> None:
        self._cropper.reset()
