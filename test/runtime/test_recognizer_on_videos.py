"""The whole runtime on real videos, where they lie beside the checkout; the graphs have random weights."""

from pathlib import Path
from typing import List

import cv2
import pytest

from stf2m_ros.runtime.bundle import TEXT_TABLE_FILE, load_bundle
from stf2m_ros.runtime.bundle_engines import open_onnx_engines
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, EmotionSequence
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.face_cropper import FaceCropper
from stf2m_ros.stream.face_detectors import HaarDetector
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.text_embedding import SubwordTable

VIDEOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "video"
BEGIN_S = 1.8e9


def watched(folder: Path, name: str) -> List[EmotionSequence]:
    """The sequences of a whole video."""
    if not (VIDEOS / name).is_file():
        pytest.skip(f"the video {name} is not beside this checkout; it is not part of the project")
    bundle = load_bundle(folder)
    engines = open_onnx_engines(bundle)
    words = SubwordTable.load(bundle.path(TEXT_TABLE_FILE), bundle.card.text)
    recognizer = Recognizer(bundle, engines.frame_encoder, engines.window_head, FaceCropper(HaarDetector()), words)
    video, sequences, number = cv2.VideoCapture(str(VIDEOS / name)), [], 0
    rate = video.get(cv2.CAP_PROP_FPS)
    while True:
        there, bgr = video.read()
        if not there:
            return sequences
        stamp_s = BEGIN_S + number / rate
        recognizer.push_frame(Frame(stamp_s, lambda bgr=bgr: cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)))
        number += 1
        if recognizer.is_due():
            sequences.append(recognizer.infer())


@pytest.mark.parametrize("name", ["WolfgangLanger_Pexels.mp4", "single_face.mp4"])
def test_a_persons_face_is_judged_in_nearly_every_segment(tiny_bundle_folder: Path, name: str) -> None:
    newest = watched(tiny_bundle_folder, name)[-1]
    seen = [segment for segment in newest.segments if segment.end_s > BEGIN_S + 0.5]
    assert sum(segment.face_coverage for segment in seen) > 0.9 * len(seen)
    assert newest.track_id == 1
    assert newest.present


def test_where_nobody_is_every_segment_says_so(tiny_bundle_folder: Path) -> None:
    newest = watched(tiny_bundle_folder, "no_face.mp4")[-1]
    assert {segment.class_index for segment in newest.segments} == {NO_CLASS}
    assert newest.absence == AbsenceReason.NO_FACE
    assert newest.runs == ()
    assert newest.track_id == 0
