import numpy as np

from stf2m_ros.evaluation.robot_films import HEIGHT_PX, WIDTH_PX, angle_of, film
from stf2m_ros.stream.face_detectors import HaarDetector


def test_a_film_is_the_same_each_time_and_shows_a_face():
    shown = film(0, duration_s=1.0)
    pictures = list(shown.pictures())
    assert [stamp_s for stamp_s, _ in pictures] == [place / 10 for place in range(10)]
    assert pictures[0][1].shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert (next(iter(film(0, duration_s=1.0).pictures()))[1] == pictures[0][1]).all()
    assert HaarDetector().find(np.ascontiguousarray(pictures[5][1]))
    assert shown.labels[0].start_s == 0.0


def test_twenty_films_are_seen_from_twenty_angles():
    assert len({angle_of(seed) for seed in range(20)}) == 20
    assert film(1, 1.0).angle != film(2, 1.0).angle
