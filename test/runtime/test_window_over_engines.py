"""What happens to the thirty seconds when the engine below them changes."""

from pathlib import Path
from typing import List, Optional

import numpy as np
import pytest
from fakes import ScriptedCropper
from gpu_rig import GpuRig

from stf2m_ros.node.recognizer_worker import RecognizerWorker
from stf2m_ros.runtime.bundle import FRAME_ENCODER_FILE, WINDOW_HEAD_FILE
from stf2m_ros.runtime.bundle_engines import token_rows
from stf2m_ros.runtime.emotion_sequence import EmotionSequence
from stf2m_ros.runtime.engine_switch import SwitchedEngine
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.runtime.switched_tokens import SwitchedTokens
from stf2m_ros.stream.face_observation import FaceFound
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.text_embedding import SubwordTable

EPOCH_S = 1.8e9
DEADLINE_S = 20.0
FACE = FaceFound(box=(10.0, 10.0, 80.0, 80.0), track_id=1, switched=False)


@pytest.fixture
def rig(tiny_bundle_folder: Path, tmp_path: Path) -> GpuRig:
    return GpuRig(tiny_bundle_folder, tmp_path / "engines")


def recognizer_on(rig: GpuRig, looks: int) -> Recognizer:
    """looks: how often the engines are looked after before their build is done."""
    switch = rig.open(looks)
    words = SubwordTable.load(rig.bundle.path("text_table.npz"), rig.bundle.card.text)
    engines = (SwitchedEngine(switch, FRAME_ENCODER_FILE), SwitchedEngine(switch, WINDOW_HEAD_FILE))
    tokens = SwitchedTokens(switch, token_rows(rig.bundle.card))
    return Recognizer(rig.bundle, *engines, ScriptedCropper(FACE), words, tokens=tokens)


def picture(number: int) -> np.ndarray:
    return np.random.RandomState(number).randint(0, 256, (120, 120, 3), np.uint8)


def film(recognizer: Recognizer, seconds: int, rig: GpuRig, breaks_at: Optional[int] = None) -> List[EmotionSequence]:
    """Ten frames a second; breaks_at: the frame from which on the GPU is broken."""
    found = []
    for number in range(10 * seconds):
        if number == breaks_at:
            rig.driver.fault = "an illegal memory access was encountered"
        recognizer.push_frame(Frame(EPOCH_S + number / 10, lambda number=number: picture(number)))
        if recognizer.is_due():
            found.append(recognizer.infer())
    return found


def test_going_over_and_back_changes_no_sequence(rig: GpuRig) -> None:
    never = film(recognizer_on(rig, looks=10_000), 8, rig)
    both_ways = recognizer_on(rig, looks=30)
    changing = film(both_ways, 8, rig, breaks_at=60)
    assert len(rig.trt.builds) == 2
    assert len(changing) == len(never) >= 15
    for one, other in zip(never, changing):
        assert not other.window_reset
        for a, b in zip(one.segments, other.segments):
            np.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-4)
            assert a.face_coverage == b.face_coverage
    both_ways.close()
    assert rig.nothing_is_left()


def test_the_nodes_worker_keeps_all_of_cuda_on_its_own_thread(rig: GpuRig) -> None:
    """The fake raises where another thread touches the GPU, or where something is left when the context is."""
    sequences: List[EmotionSequence] = []

    class Loaded:
        def __init__(self) -> None:
            rig.build()
            self.recognizer = recognizer_on(rig, looks=1)

        def tend(self) -> None: ...

        def close(self) -> None:
            self.recognizer.close()

    worker = RecognizerWorker(Loaded, sequences.append, lambda: EPOCH_S)
    worker.start()
    worker.activate()
    for number in range(20):
        worker.put_frame(EPOCH_S + number / 10, lambda number=number: picture(number))
        _wait_until_idle(worker)
    worker.stop()
    assert worker.counts.failures == 0
    assert len(sequences) >= 3
    assert rig.nothing_is_left()


def _wait_until_idle(worker: RecognizerWorker) -> None:
    with worker._changed:
        assert worker._changed.wait_for(lambda: worker._frame is None and not worker._busy, DEADLINE_S)
