"""Accuracy against frames per second, for each engine that is present on this machine."""

import time
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from stf2m_ros.evaluation.judging import judged
from stf2m_ros.evaluation.report.paper_tables import paper_frames_per_s
from stf2m_ros.evaluation.report.study_figures import Point, draw_scatter
from stf2m_ros.evaluation.robot_films import FRAMES_PER_S, film
from stf2m_ros.evaluation.scores.metrics import NINETEEN, SIX, accuracy, answers, not_askable, with_spread
from stf2m_ros.evaluation.studies.accuracy import OUR_NAME
from stf2m_ros.evaluation.study import Cell, Missing, Picture, Row, Score, StudyContext, StudyResult, Table
from stf2m_ros.runtime.backends import BackendSettings, ServedEngines, open_engines
from stf2m_ros.runtime.bundle import FRAME_ENCODER_INT8_FILE, TEXT_TABLE_FILE, Bundle, load_bundle
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.stream.face_cropper import FaceCropper
from stf2m_ros.stream.face_detectors import HaarDetector
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.word_table import load_text_table

COLUMNS = ("frames/s", "accuracy")
FILM_S, FILM_OF_SMOKE_S = 30.0, 6.0
STRETCH = 10
"""Frames of one round: a second of the robot's time, two windows included."""
_BEGIN_S = 600.0


class Engines(NamedTuple):
    """One way to run a bundle."""

    name: str
    settings: BackendSettings


WAYS = (
    Engines("ONNX Runtime, 1 thread", BackendSettings("onnxruntime", threads=1)),
    Engines("ONNX Runtime, 2 threads", BackendSettings("onnxruntime", threads=2)),
    Engines("ONNX Runtime, int8 frame encoder", BackendSettings("onnxruntime", "int8")),
    Engines("TensorRT, fp16", BackendSettings("tensorrt", "fp16")),
)


class Speed:
    """The paper's Fig. 6. A frame's time holds finding the face, encoding it, and its share of the window head."""

    name = "speed"

    def run(self, context: StudyContext) -> StudyResult:
        if context.data is None or context.bundle is None:
            row = Row.empty((OUR_NAME, "all"), COLUMNS, "no data or no bundle was given")
            return StudyResult(self.name, (Table("Speed", ("Methods", "Engine"), COLUMNS, (row,), as_percent=False),))
        bundle = load_bundle(context.bundle)
        right = _accuracy(context)
        shown = _film(FILM_OF_SMOKE_S if context.size.name == "smoke" else FILM_S)
        rows = []
        for way in WAYS:
            speed = _frames_per_s(bundle, way.settings, shown)
            cells: Dict[str, Cell] = {"frames/s": speed, "accuracy": right}
            if isinstance(speed, Missing):
                cells["accuracy"] = speed
            elif way.settings.precision == "int8":
                cells["accuracy"] = Missing("only speed is measured of int8")
            rows.append(Row((OUR_NAME, way.name), cells))
        note = (
            f"Frames of 640x360 from memory; deviation over stretches of {STRETCH} frames, two windows in each. "
            f"Accuracy on {context.data.name} is of ONNX Runtime in float32, with which TensorRT must agree to be "
            "used; that of int8 is not measured here. Measured by the clock: what else the machine does slows it."
        )
        table = Table("Speed", ("Methods", "Engine"), COLUMNS, tuple(rows), as_percent=False, note=note)
        return StudyResult(self.name, (table,), _pictures(context, rows))


def _accuracy(context: StudyContext) -> Cell:
    scored, _ = judged(context)
    task = SIX if not_askable(scored, NINETEEN) else NINETEEN
    return with_spread(answers(scored, task), accuracy, context.size.rounds, context.seed)


def _film(duration_s: float) -> List[Tuple[float, np.ndarray]]:
    return list(film(0, duration_s).pictures())


def _frames_per_s(bundle: Bundle, settings: BackendSettings, shown: List[Tuple[float, np.ndarray]]) -> Cell:
    if settings.precision == "int8" and FRAME_ENCODER_INT8_FILE not in bundle.card.files:
        return Missing(f"the bundle holds no {FRAME_ENCODER_INT8_FILE}; python -m stf2m_ros.export.quantise makes it")
    served = open_engines(bundle, settings)
    reason = _not_that_engine(served, settings)
    if reason:
        served.close()
        return Missing(reason)
    recognizer = _recognizer(bundle, served)
    try:
        rates = _rates(recognizer, shown)
    finally:
        recognizer.close()
    return Score.of_rounds(rates)


def _not_that_engine(served: ServedEngines, settings: BackendSettings) -> Optional[str]:
    status = served.switch.status
    if settings.backend == "onnxruntime" or "tensorrt" in status.engine.lower():
        return None
    return status.text or "its engines are not built yet; run build_engine"


def _recognizer(bundle: Bundle, served: ServedEngines) -> Recognizer:
    embedding = load_text_table(bundle.path(TEXT_TABLE_FILE), bundle.card.text)
    cropper = FaceCropper(HaarDetector())
    return Recognizer(bundle, served.frame_encoder, served.window_head, cropper, embedding, tokens=served.tokens)


def _rates(recognizer: Recognizer, shown: List[Tuple[float, np.ndarray]]) -> List[float]:
    """Frames per second of each stretch; the first one warms up and is left out."""
    rates, started_s = [], time.perf_counter()
    for index, (stamp_s, image) in enumerate(shown):
        recognizer.push_frame(Frame(_BEGIN_S + stamp_s, lambda image=image: image))
        if recognizer.is_due():
            recognizer.infer()
        if (index + 1) % STRETCH == 0:
            rates.append(STRETCH / (time.perf_counter() - started_s))
            started_s = time.perf_counter()
    return rates[1:]


def _pictures(context: StudyContext, rows: List[Row]) -> Tuple[Picture, ...]:
    points = {}
    for row in rows:
        speed, right = row.cells["frames/s"], row.cells["accuracy"]
        if isinstance(speed, Score) and isinstance(right, Score):
            # A 90 % interval, as the paper draws it.
            points[row.heading[1]] = Point(speed.mean, right.mean, 1.645 * speed.spread, 1.645 * right.spread)
    if not points:
        return ()
    line = (paper_frames_per_s(), f"the paper's {paper_frames_per_s():g} frames/s on a Jetson AGX Xavier")
    path = context.out / "speed.png"
    draw_scatter(points, f"Accuracy against speed, {context.data.name}", ("frames/s", "accuracy"), path, line)
    caption = f"Areas: 90 % of the rounds. The robot looks at {FRAMES_PER_S:g} frames/s. The line is the paper's own."
    return (Picture(path, caption),)
