import numpy as np

from stf2m_ros.stream.face_tracker import FaceTracker

BOX = (150.0, 110.0, 120.0, 120.0)


def centre(box):
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def test_a_face_that_moves_is_followed_to_a_few_pixels(scene):
    tracker = FaceTracker()
    tracker.start(scene((scene.anna, 210, 170, 120)), BOX)
    for step in range(1, 10):
        tracked = tracker.follow(scene((scene.anna, 210 + 20 * step, 170 + 3 * step, 120)))
        assert tracked.score > 0.9
        assert np.allclose(centre(tracked.box), (210 + 20 * step, 170 + 3 * step), atol=4)


def test_a_face_that_comes_nearer_grows(scene):
    tracker = FaceTracker()
    tracker.start(scene((scene.anna, 210, 170, 120)), BOX)
    for size in range(122, 162, 2):
        tracked = tracker.follow(scene((scene.anna, 210, 170, size)))
    assert 145 < tracked.box[2] < 170


def test_a_face_that_is_gone_scores_low(scene):
    tracker = FaceTracker()
    tracker.start(scene((scene.anna, 210, 170, 120)), BOX)
    assert tracker.follow(scene()).score < 0.5
    assert tracker.follow(scene((scene.anna, 210, 170, 120), covered=(100, 50, 250, 250))).score < 0.5


def test_a_box_that_is_not_in_the_image_any_more_is_lost(scene):
    tracker = FaceTracker()
    tracker.start(scene((scene.anna, 580, 300, 100)), (530.0, 250.0, 100.0, 100.0))
    assert tracker.follow(np.zeros((50, 50, 3), np.uint8)).score == -1


def test_a_plain_wall_is_never_followed():
    tracker, wall = FaceTracker(), np.full((360, 640, 3), 90, np.uint8)
    tracker.start(wall, BOX)
    assert tracker.follow(wall).score == -1
