from pathlib import Path
from typing import Callable, List, Optional, Tuple

import numpy as np
import pytest
from fakes import CountingEngine, ScriptedCropper

from stf2m_ros.runtime.bundle import Bundle, load_bundle
from stf2m_ros.runtime.emotion_sequence import NO_CLASS, EmotionSequence, Modality
from stf2m_ros.runtime.onnx_engine import OnnxEngine
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.face_observation import FaceAbsent, FaceFound, FaceObservation
from stf2m_ros.stream.frame import Frame
from stf2m_ros.stream.text_embedding import SubwordTable
from stf2m_ros.stream.utterance import Utterance

EPOCH_S = 1.8e9
PICTURE = np.random.RandomState(0).randint(0, 256, (180, 320, 3), np.uint8)
FACE = FaceFound(box=(100.2, 40.0, 80.4, 80.4), track_id=1, switched=False)
NOBODY = FaceAbsent(AbsenceReason.NO_FACE)


class Robot:
    """A recognizer on the tiny bundle's real graphs, fed by a camera of any rate."""

    def __init__(self, folder: Path, see: Callable[[float], FaceObservation]) -> None:
        self.bundle: Bundle = load_bundle(folder)
        self.encoder = CountingEngine(OnnxEngine(folder / "frame_encoder.onnx"))
        self.head = CountingEngine(OnnxEngine(folder / "window_head.onnx"))
        self.cropper = ScriptedCropper(see)
        words = SubwordTable.load(folder / "text_table.npz", self.bundle.card.text)
        self.recognizer = Recognizer(self.bundle, self.encoder, self.head, self.cropper, words)
        self.reads = 0

    def film(
        self, start_s: float, end_s: float, rate: float = 30.0, picture: Optional[np.ndarray] = PICTURE
    ) -> List[EmotionSequence]:
        """Pushes the frames of [start_s, end_s); returns the sequences that came of it."""
        found = []
        for number in range(round((end_s - start_s) * rate)):
            self.recognizer.push_frame(Frame(start_s + number / rate, lambda: self._read(picture)))
            found += self.due()
        return found

    def wait(self, start_s: float, end_s: float, step_s: float = 0.1) -> List[EmotionSequence]:
        found = []
        for number in range(round((end_s - start_s) / step_s)):
            self.recognizer.pass_time(start_s + number * step_s)
            found += self.due()
        return found

    def due(self) -> List[EmotionSequence]:
        return [self.recognizer.infer()] if self.recognizer.is_due() else []

    def _read(self, picture: Optional[np.ndarray]) -> np.ndarray:
        self.reads += 1
        if picture is None:
            raise ValueError("image: expected 100 bytes, found 3")
        return picture


@pytest.fixture()
def robot(tiny_bundle_folder: Path) -> Robot:
    return Robot(tiny_bundle_folder, lambda stamp_s: FACE)


def seeing(folder: Path, *changes: Tuple[float, FaceObservation]) -> Robot:
    """A robot that sees each thing from a time on."""
    return Robot(folder, lambda stamp_s: [what for since_s, what in changes if stamp_s >= since_s][-1])


def test_a_sequence_comes_each_half_second(robot: Robot) -> None:
    sequences = robot.film(EPOCH_S + 0.01, EPOCH_S + 5)
    ends_s = [sequence.window_end_s - EPOCH_S for sequence in sequences]
    assert ends_s == pytest.approx([0.5 * (1 + hop) for hop in range(len(ends_s))], abs=1e-6)
    assert len(ends_s) == 10


@pytest.mark.parametrize("rate, seconds", [(30.0, 4), (10.0, 4), (24.0, 4), (60.0, 2)])
def test_a_frame_is_read_and_encoded_once_and_never_more_than_ten_a_second(
    robot: Robot, rate: float, seconds: int
) -> None:
    robot.film(EPOCH_S + 0.001, EPOCH_S + seconds, rate=rate)
    assert robot.encoder.calls == robot.reads
    assert 10 * seconds - 1 <= robot.encoder.calls <= 10 * seconds  # the last one waits for its slot's end


def test_every_slot_of_a_thirty_hertz_camera_holds_a_face(robot: Robot) -> None:
    newest = robot.film(EPOCH_S, EPOCH_S + 5)[-1]
    assert {segment.face_coverage for segment in newest.segments[-8:]} == {1.0}
    assert newest.present
    assert newest.absence == AbsenceReason.PRESENT


def test_the_window_reaches_back_thirty_seconds_and_is_filling_at_first(robot: Robot) -> None:
    sequence = robot.film(EPOCH_S, EPOCH_S + 2)[-1]
    assert sequence.window_end_s - sequence.window_start_s == 30.0
    assert len(sequence.segments) == 60
    assert sequence.segments[0].absence == AbsenceReason.WINDOW_FILLING
    assert sequence.segments[0].class_index == NO_CLASS
    assert sequence.segments[-1].class_index != NO_CLASS


def test_the_sequence_names_the_newest_data_the_track_and_the_box(robot: Robot) -> None:
    sequence = robot.film(EPOCH_S, EPOCH_S + 1.01)[-1]
    assert sequence.stamp_s == pytest.approx(EPOCH_S + 0.9, abs=0.02)
    assert sequence.track_id == 1
    assert sequence.face_box == (100, 40, 80, 80)


def test_a_camera_that_falls_silent_is_told_as_no_images(robot: Robot) -> None:
    robot.film(EPOCH_S, EPOCH_S + 2)
    sequence = robot.wait(EPOCH_S + 2.5, EPOCH_S + 5)[-1]
    assert not sequence.present
    assert sequence.absence == AbsenceReason.NO_IMAGES
    assert sequence.stamp_s == pytest.approx(EPOCH_S + 2, abs=0.05)


def test_a_camera_silent_for_a_minute_empties_the_window_and_comes_back(robot: Robot) -> None:
    robot.film(EPOCH_S, EPOCH_S + 2)
    silent = robot.wait(EPOCH_S + 2.5, EPOCH_S + 62)[-1]
    assert {segment.class_index for segment in silent.segments} == {NO_CLASS}
    back = robot.film(EPOCH_S + 62, EPOCH_S + 64)[-1]
    assert back.present
    assert back.segments[0].absence == AbsenceReason.NO_IMAGES
    assert not back.window_reset


def test_an_empty_window_costs_no_run_of_the_head(tiny_bundle_folder: Path) -> None:
    robot = seeing(tiny_bundle_folder, (0.0, NOBODY))
    sequence = robot.film(EPOCH_S, EPOCH_S + 3)[-1]
    assert robot.head.calls == robot.encoder.calls == 0
    assert sequence.absence == AbsenceReason.NO_FACE
    assert sequence.runs == ()
    assert sequence.face_box is None


def test_a_camera_that_never_sends_is_told_as_no_images(robot: Robot) -> None:
    sequence = robot.wait(EPOCH_S, EPOCH_S + 3)[-1]
    assert sequence.absence == AbsenceReason.NO_IMAGES
    assert sequence.segments[0].absence == AbsenceReason.WINDOW_FILLING
    assert sequence.track_id == 0
    assert sequence.stamp_s == sequence.window_end_s


def test_images_that_cannot_be_read_are_told_and_the_next_good_one_counts(robot: Robot) -> None:
    bad = robot.film(EPOCH_S, EPOCH_S + 2, picture=None)[-1]
    assert bad.absence == AbsenceReason.BAD_IMAGE
    assert robot.film(EPOCH_S + 2, EPOCH_S + 4)[-1].present


def test_another_person_starts_a_new_window_and_the_sequence_says_so_once(tiny_bundle_folder: Path) -> None:
    switch_s = EPOCH_S + 3.02
    robot = seeing(tiny_bundle_folder, (0.0, FACE), (switch_s + 0.15, FaceFound(FACE.box, 2, switched=False)))
    robot.cropper.say_once(switch_s, FaceFound(FACE.box, 2, switched=True))
    before = robot.film(EPOCH_S, EPOCH_S + 3)
    after = robot.film(EPOCH_S + 3, EPOCH_S + 5)
    assert not any(sequence.window_reset for sequence in before)
    assert [sequence.window_reset for sequence in after] == [True, False, False, False]
    assert after[-1].track_id == 2
    older = [segment for segment in after[-1].segments if segment.end_s <= EPOCH_S + 3]
    assert {segment.absence for segment in older} == {AbsenceReason.WINDOW_FILLING}
    assert {segment.class_index for segment in older} == {NO_CLASS}


def test_words_of_the_former_person_do_not_count_for_the_next(tiny_bundle_folder: Path) -> None:
    robot = seeing(tiny_bundle_folder, (0.0, FACE))
    robot.cropper.say_once(EPOCH_S + 2, FaceFound(FACE.box, 2, switched=True))
    robot.recognizer.push_words(Utterance("I am so happy", EPOCH_S + 0.5, EPOCH_S + 1.5))
    robot.film(EPOCH_S, EPOCH_S + 2.5)
    robot.recognizer.push_words(Utterance("late words of the first one", EPOCH_S + 1.5, EPOCH_S + 1.9))
    sequence = robot.film(EPOCH_S + 2.5, EPOCH_S + 4)[-1]
    assert sum(segment.word_count for segment in sequence.segments) == 0


def test_a_backward_clock_starts_a_new_window_and_the_sequence_says_so_once(robot: Robot) -> None:
    robot.film(EPOCH_S, EPOCH_S + 3)
    looped = robot.film(EPOCH_S - 100, EPOCH_S - 98)
    assert [sequence.window_reset for sequence in looped] == [True, False, False, False]
    assert robot.cropper.resets >= 2  # one at the start
    seen = [segment for segment in looped[-1].segments if segment.face_coverage == 1]
    assert seen[0].start_s == EPOCH_S - 100


def test_a_camera_that_stamps_by_a_clock_of_its_own_is_no_clock_that_ran_back(robot: Robot) -> None:
    robot.wait(EPOCH_S, EPOCH_S + 3)  # by the node's clock, while the camera starts
    since_boot = robot.film(100, 102)
    assert robot.recognizer.clock_jumps == 0
    assert [sequence.window_reset for sequence in since_boot] == [True, False, False, False]
    robot.film(50, 51)
    assert robot.recognizer.clock_jumps == 1


def test_two_cameras_of_different_clocks_give_no_window_but_every_jump_is_counted(robot: Robot) -> None:
    for number in range(30):
        stamp_s = EPOCH_S + number / 30
        robot.recognizer.push_frame(Frame(stamp_s, lambda: PICTURE))
        robot.recognizer.push_frame(Frame(stamp_s - 100, lambda: PICTURE))
    assert not robot.recognizer.is_due()
    assert robot.recognizer.clock_jumps == 30


def test_late_words_change_segments_of_the_past(robot: Robot) -> None:
    before = robot.film(EPOCH_S, EPOCH_S + 4)[-1]
    robot.recognizer.push_words(Utterance("hello", EPOCH_S + 1.0, EPOCH_S + 1.5))
    after = robot.film(EPOCH_S + 4, EPOCH_S + 4.6)[-1]
    (past,) = [segment for segment in before.segments if segment.start_s == EPOCH_S + 1.0]
    (revised,) = [segment for segment in after.segments if segment.start_s == EPOCH_S + 1.0]
    assert past.word_count == 0
    assert revised.word_count == 1
    assert revised.modalities == Modality.FACE | Modality.WORDS
    assert not np.allclose(past.probabilities, revised.probabilities)


def test_a_corrected_transcript_replaces_and_never_doubles(robot: Robot) -> None:
    for text in ("helo wold", "hello"):
        robot.recognizer.push_words(Utterance(text, EPOCH_S + 0.5, EPOCH_S + 1, utterance_id="u1"))
    sequence = robot.film(EPOCH_S, EPOCH_S + 3)[-1]
    assert sum(segment.word_count for segment in sequence.segments) == 1


def test_words_without_a_camera_are_judged(robot: Robot) -> None:
    robot.recognizer.push_words(Utterance("hello", EPOCH_S + 1.0, EPOCH_S + 1.5))
    sequence = robot.wait(EPOCH_S, EPOCH_S + 3)[-1]
    (heard,) = [segment for segment in sequence.segments if segment.word_count]
    assert heard.modalities == Modality.WORDS
    assert heard.class_index != NO_CLASS


def test_words_of_a_clock_that_is_ahead_are_not_taken_for_those_of_a_later_time(robot: Robot) -> None:
    robot.film(EPOCH_S, EPOCH_S + 1)
    heard = robot.recognizer.push_words(Utterance("hello", EPOCH_S + 60, EPOCH_S + 61))
    sequences = robot.wait(EPOCH_S + 1, EPOCH_S + 65)
    assert sequences
    assert not any(segment.word_count for sequence in sequences for segment in sequence.segments)
    assert (heard.words, heard.remark) == (0, "passed over: 59 s ahead of the images, by another clock?")


def test_words_older_than_the_window_are_forgotten(robot: Robot) -> None:
    robot.recognizer.push_words(Utterance("hello", EPOCH_S + 0.5, EPOCH_S + 1))
    sequence = robot.wait(EPOCH_S, EPOCH_S + 33, step_s=0.5)[-1]
    assert sum(segment.word_count for segment in sequence.segments) == 0


def test_live_and_replay_say_the_same(tiny_bundle_folder: Path) -> None:
    """However many frames a camera sends between the chosen ones."""
    live, replay = (seeing(tiny_bundle_folder, (0.0, FACE)) for _ in range(2))
    ten_hertz = replay.film(EPOCH_S, EPOCH_S + 4.1, rate=10.0)[-1]
    thirty_hertz = live.film(EPOCH_S, EPOCH_S + 4.1, rate=30.0)[-1]
    for one, other in zip(ten_hertz.segments, thirty_hertz.segments):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_time_that_already_passed_changes_nothing(robot: Robot) -> None:
    robot.film(EPOCH_S, EPOCH_S + 3)
    robot.recognizer.pass_time(EPOCH_S - 1000)
    assert not robot.film(EPOCH_S + 3, EPOCH_S + 4)[-1].window_reset


def test_word_vectors_of_another_width_are_refused(robot: Robot) -> None:
    class Narrow:
        dim = 50

    with pytest.raises(ValueError, match="text_embedding: expected 300 values a word, found 50"):
        Recognizer(robot.bundle, robot.encoder, robot.head, robot.cropper, Narrow())  # type: ignore[arg-type]


def test_closing_gives_both_engines_back(robot: Robot) -> None:
    robot.recognizer.close()
    with pytest.raises(RuntimeError, match="closed"):
        robot.film(EPOCH_S, EPOCH_S + 1)
