import numpy as np
import pytest

from stf2m_ros.stream.absence import AbsenceReason
from stf2m_ros.stream.cropper_settings import CropperSettings
from stf2m_ros.stream.face_cropper import FaceAbsent, FaceCropper, FaceFound, ReadyCrop
from stf2m_ros.stream.face_detectors import HaarDetector
from stf2m_ros.stream.frame_preprocessing import crop_face
from stf2m_ros.stream.settings import Preprocessing

EPOCH_S = 1.8e9


class RecordingDetector:
    """The real detector, and how often it was asked."""

    def __init__(self):
        self._detector, self.searches, self.looks = HaarDetector(), 0, 0

    def find(self, image_rgb):
        self.searches += 1
        return self._detector.find(image_rgb)

    def find_near(self, image_rgb, box):
        self.looks += 1
        return self._detector.find_near(image_rgb, box)


class Watch:
    """Shows a cropper ten images a second and writes down a letter for each: who, or why nobody."""

    LETTERS = {AbsenceReason.NO_FACE: ".", AbsenceReason.OTHER_PERSON: "o"}

    def __init__(self, **settings):
        self.detector = RecordingDetector()
        self.cropper = FaceCropper(self.detector, CropperSettings(**settings))
        self.seen = []

    def __call__(self, *images):
        letters = ""
        for image in images:
            observed = self.cropper.locate(EPOCH_S + 0.1 * len(self.seen), image)
            self.seen.append(observed)
            letters += self.LETTERS[observed.reason] if isinstance(observed, FaceAbsent) else str(observed.track_id)
        return letters

    @property
    def switches(self):
        return [k for k, observed in enumerate(self.seen) if isinstance(observed, FaceFound) and observed.switched]


@pytest.fixture
def watch():
    return Watch()


def test_a_new_face_is_taken_up_when_two_images_running_show_it(watch, scene):
    assert watch(*[scene((scene.anna, 320, 180, 150))] * 3) == ".11"
    assert watch.switches == []


def test_a_walking_person_is_followed_and_the_detector_is_asked_seldom(watch, scene):
    steps = range(100, 540, 10)
    letters = watch(*[scene((scene.anna, x, 180, 130)) for x in steps])
    assert letters == "." + "1" * (len(steps) - 1)
    boxes = [observed.box for observed in watch.seen[1:]]
    assert max(abs(box[0] + box[2] / 2 - x) for box, x in zip(boxes, steps[1:])) < 20
    assert watch.detector.searches == 2 and watch.detector.looks <= 7


def test_a_larger_face_beside_the_followed_one_changes_nothing(watch, scene):
    anna = (scene.anna, 200, 180, 110)
    assert watch(*[scene(anna)] * 10) == "." + "1" * 9
    assert watch(*[scene(anna, (scene.bela, 450, 180, 180)) for _ in range(20)]) == "1" * 20
    assert all(observed.box[0] < 300 for observed in watch.seen[1:])


def test_a_short_absence_keeps_the_person(watch, scene):
    watch(*[scene((scene.anna, 320, 180, 150)) for _ in range(10)])
    assert set(watch(*[scene() for _ in range(20)])) == {"."}
    assert watch(*[scene((scene.anna, 340, 180, 150)) for _ in range(8)])[-4:] == "1111"
    assert watch.switches == []


def test_another_person_in_their_place_is_not_read_until_the_wait_is_over(watch, scene):
    watch(*[scene((scene.anna, 320, 180, 150)) for _ in range(10)])
    letters = watch(*[scene((scene.bela, 320, 180, 150)) for _ in range(70)])
    assert letters[:49] == "o" * 49 and letters[-10:] == "2" * 10 and "1" not in letters
    assert watch.switches == [10 + letters.index("2")]


def test_the_person_who_returns_is_known_beside_the_other(watch, scene):
    bela = (scene.bela, 480, 180, 140)
    watch(*[scene((scene.anna, 180, 180, 140), bela) for _ in range(20)])
    first = watch.seen[5].box[0]
    who, other = (scene.anna, scene.bela) if first < 300 else (scene.bela, scene.anna)
    at_home, at_other = (180, 480) if first < 300 else (480, 180)
    assert set(watch(*[scene((other, at_other, 180, 140)) for _ in range(20)])) == {"o"}
    back = [scene((who, at_home, 180, 140), (other, at_other, 180, 140)) for _ in range(10)]
    assert watch(*back)[-5:] == "11111"
    assert abs(watch.seen[-1].box[0] - first) < 40


def test_after_a_long_absence_a_new_track_begins_and_it_is_said(scene):
    watch = Watch(switch_after_s=1.0)
    watch(*[scene((scene.anna, 320, 180, 150)) for _ in range(10)])
    watch(*[scene() for _ in range(30)])
    letters = watch(*[scene((scene.anna, 320, 180, 150)) for _ in range(10)])
    assert letters[-5:] == "22222" and len(watch.switches) == 1


@pytest.mark.parametrize("who, x_px, y_px", [("anna", 0, -5), ("anna", 0, -14), ("bela", -5, 0), ("bela", -9, 0)])
def test_who_walks_out_of_the_picture_is_gone(watch, scene, who, x_px, y_px):
    """On a smooth background the edge that they leave behind looks like them for a long time."""
    places = [(160 + x_px * step, 90 + y_px * step) for step in range(60)]
    images = [scene.still((getattr(scene, who), x, y, 100)) for x, y in [places[0]] * 5 + places]
    letters = watch(*images)
    assert letters.startswith(".1111") and letters.endswith("....")
    for image, observed in zip(images, watch.seen):
        if isinstance(observed, FaceFound):
            assert crop_face(image, observed.box, Preprocessing()).shape == (112, 112, 3)


def test_a_covered_face_is_not_followed_on_what_covers_it(watch, scene):
    anna = (scene.anna, 320, 180, 150)
    watch(*[scene(anna) for _ in range(10)])
    sliding = [scene(anna, covered=(round(560 - 20 * k), 40, 300, 280)) for k in range(20)]
    covered = [scene(anna, covered=(180, 40, 300, 280)) for _ in range(20)]
    assert watch(*sliding, *covered)[-15:] == "." * 15


def test_an_empty_room_is_searched_at_its_own_pace(watch, scene):
    assert set(watch(*[scene() for _ in range(40)])) == {"."}
    assert watch.detector.searches == 10


def test_another_resolution_of_the_same_person_is_no_switch(watch, scene):
    images = [scene((scene.anna, 320, 180, 150)) for _ in range(12)]
    watch(*images[:6])
    assert watch(*[image.repeat(2, axis=0).repeat(2, axis=1) for image in images[6:]]) == "111111"
    assert watch.seen[-1].box[2] == pytest.approx(2 * watch.seen[5].box[2], rel=0.1)


def test_after_a_reset_the_next_person_has_a_number_of_their_own(watch, scene):
    watch(*[scene((scene.anna, 320, 180, 150)) for _ in range(5)])
    watch.cropper.reset()
    assert watch(*[scene((scene.anna, 320, 180, 150)) for _ in range(3)])[-1] == "2"


def test_a_clock_that_went_back_does_not_stop_the_search(scene):
    cropper = FaceCropper(HaarDetector())
    cropper.locate(EPOCH_S, scene())
    images = [scene((scene.anna, 320, 180, 150)) for _ in range(2)]
    assert isinstance([cropper.locate(k * 0.1, image) for k, image in enumerate(images)][-1], FaceFound)


def test_what_is_not_an_image_is_refused(watch):
    with pytest.raises(ValueError, match="expected an RGB image"):
        watch(np.zeros((0, 0, 3), np.uint8))


@pytest.mark.parametrize(
    "wrong", [{"search_every_s": -1.0}, {"hold_score": 0.9}, {"same_likeness": 0.9}, {"size_share": 0.0}]
)
def test_settings_that_cannot_be_say_expected_and_found(wrong):
    with pytest.raises(ValueError, match="expected .*found"):
        CropperSettings(**wrong)


def test_a_ready_crop_is_handed_on_whole(scene):
    crop = scene((scene.anna, 320, 180, 150))[:112, :112]
    found = ReadyCrop(Preprocessing()).locate(EPOCH_S, crop)
    assert (found.track_id, found.switched) == (1, False)
    assert np.array_equal(crop_face(crop, found.box, Preprocessing()), crop)


@pytest.mark.parametrize("name, least", [("WolfgangLanger_Pexels.mp4", 0.98), ("single_face.mp4", 0.95)])
def test_a_real_face_is_followed_as_one_person(watch, real_video, name, least):
    letters = watch(*real_video(name))
    assert set(letters) <= {".", "1"} and letters.count("1") >= least * len(letters)


def test_a_real_cartoon_has_nobody_in_it(watch, real_video):
    assert set(watch(*real_video("no_face.mp4"))) == {"."}


def test_a_cut_to_another_real_person_never_passes_for_the_first(watch, real_video):
    woman, man = real_video("WolfgangLanger_Pexels.mp4")[:30], real_video("single_face.mp4")
    letters = watch(*woman, *man, *man)
    assert letters[:30] == "." + "1" * 29 and "1" not in letters[30:]
