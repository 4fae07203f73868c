"""Painted faces: action units move what they name, and light, camera and occlusion do what they say."""

import cv2
import numpy as np
import pytest

from stf2m_ros.data.generated_faces.action_units import NUM_ACTION_UNITS, unit_row
from stf2m_ros.data.generated_faces.camera import Camera, Development, Pose, turn_and_crop
from stf2m_ros.data.generated_faces.canvas import CanvasGrid
from stf2m_ros.data.generated_faces.expression import Episode, classes_from_extents, extents_over_time
from stf2m_ros.data.generated_faces.identity import draw_identity
from stf2m_ros.data.generated_faces.landmarks import place_landmarks
from stf2m_ros.data.generated_faces.light import draw_light
from stf2m_ros.data.generated_faces.rendering import FacePainter
from stf2m_ros.data.generated_faces.style import draw_style
from stf2m_ros.emotions import EMOTIONS, NEUTRAL_INDEX, class_index

GRID = CanvasGrid()


def units_of(strengths):
    """(NUM_ACTION_UNITS,) from {FACS number: strength}."""
    units = np.zeros(NUM_ACTION_UNITS)
    for unit, strength in strengths.items():
        units[unit_row(unit)] = strength
    return units


def marks_with(**strengths):
    """Landmarks of one frame of person 0; au12=1.0 and so on."""
    units = units_of({int(name[2:]): strength for name, strength in strengths.items()})
    identity = draw_identity(np.random.default_rng(0))
    return place_landmarks(identity.geometry, np.repeat(units[None, :, None], 2, axis=2))


def brow_height(marks, point):
    return -marks.sides[1].brow_middle[0, point, 1]


def eye_height(marks):
    return np.ptp(marks.sides[1].eye[0, :, 1])


def test_a_smile_lifts_and_widens_the_mouth_corners():
    rest, smile = marks_with().sides[1].corner[0], marks_with(au12=1.0).sides[1].corner[0]
    assert smile[0] > rest[0] and smile[1] < rest[1]


def test_the_corner_depressor_lowers_the_mouth_corners():
    assert marks_with(au15=1.0).sides[0].corner[0, 1] > marks_with().sides[0].corner[0, 1]


def test_the_inner_brow_raiser_lifts_the_inner_end_most():
    lifted = [brow_height(marks_with(au1=1.0), point) - brow_height(marks_with(), point) for point in (0, 4)]
    assert lifted[0] > 0.05 > lifted[1] >= 0


def test_a_frown_lowers_the_brows_and_a_raised_lid_opens_the_eyes():
    assert brow_height(marks_with(au4=1.0), 0) < brow_height(marks_with(), 0)
    assert eye_height(marks_with(au5=1.0)) > eye_height(marks_with()) > eye_height(marks_with(au7=1.0))


def test_closed_eyes_are_a_line():
    assert eye_height(marks_with(au43=1.0)) < 0.5 * eye_height(marks_with())


def test_a_falling_jaw_opens_the_mouth_and_takes_the_chin_along():
    rest, fallen = marks_with(), marks_with(au25=1.0, au27=1.0)
    assert fallen.lip_gap[0] > rest.lip_gap[0] + 0.1
    assert fallen.chin[0, 1] > rest.chin[0, 1] + 0.1


def test_lips_never_cross():
    rng = np.random.default_rng(1)
    units = rng.uniform(0, 1, (50, NUM_ACTION_UNITS, 2))
    marks = place_landmarks(draw_identity(rng).geometry, units)
    assert np.isfinite(marks.mouth_opening).all() and (marks.lip_gap >= 0).all()


def test_one_side_moves_alone():
    units = np.zeros((1, NUM_ACTION_UNITS, 2))
    units[0, unit_row(12), 0] = 1.0
    marks = place_landmarks(draw_identity(np.random.default_rng(0)).geometry, units)
    assert marks.sides[0].corner[0, 1] < marks.sides[1].corner[0, 1]


@pytest.mark.parametrize("unit", [1, 4, 5, 6, 9, 10, 12, 15, 17, 20, 24, 25, 27, 43])
def test_every_action_unit_can_be_seen(unit):
    rng = np.random.default_rng(8)
    painter = FacePainter(draw_identity(rng), draw_light(rng), GRID)
    units = np.stack([np.zeros(NUM_ACTION_UNITS), units_of({unit: 1.0})])
    clip = painter.prepare(np.repeat(units[..., None], 2, axis=2), np.zeros((2, 2)))
    before, after = (painter.paint(clip, index).astype(int) for index in (0, 1))
    assert (np.abs(after - before).max(axis=-1) > 20).sum() > 25


def test_levels_are_the_nearest_third():
    extents = np.zeros((4, len(EMOTIONS)))
    extents[:, 2] = [0.16, 0.4, 0.6, 0.9]
    names = [NEUTRAL_INDEX] + [class_index("sadness", level) for level in ("low", "medium", "high")]
    assert classes_from_extents(extents).tolist() == names


def test_an_episode_rises_and_falls_within_its_time():
    frame_s = np.arange(50) * 0.1
    extent = extents_over_time((Episode(3, 1.0, 4.0, 1.0, 0.5, 1.0),), frame_s, np.random.default_rng(0))[:, 3]
    assert (extent[frame_s <= 1.0] == 0).all() and (extent[frame_s >= 4.0] == 0).all()
    assert 0.9 < extent[15:30].min() <= extent.max() <= 1


def test_people_express_differently():
    styles = [draw_style(np.random.default_rng(seed)) for seed in range(6)]
    happy = np.stack([style.fullest[0] for style in styles])
    assert happy.std(axis=0).max() > 0.1
    assert all(style.fullest[emotion].max() > 0.3 for style in styles for emotion in range(len(EMOTIONS)))


def test_a_turned_head_shows_its_nose_beside_the_middle():
    painted = np.zeros((GRID.size_px, GRID.size_px, 3), np.uint8)
    middle = GRID.size_px // 2
    painted[middle - 3 : middle + 3, middle - 3 : middle + 3] = 255
    height = np.full((GRID.size_px, GRID.size_px), 0.7, np.float32)
    turned = [turn_and_crop(painted, height, GRID, pose_of(yaw), 0, 112) for yaw in (0.0, 0.4)]
    centres = [np.argwhere(crop[..., 0] > 128)[:, 1].mean() for crop in turned]
    assert abs(centres[0] - 55.5) < 1 and centres[1] > centres[0] + 5


def test_a_grey_camera_gives_equal_channels_of_the_asked_size():
    camera = Camera(True, 1.0, (1, 1, 1), 1.0, 1.0, 0.0, 48, 0.5, 4.0, 50)
    image = np.random.default_rng(0).integers(0, 255, (112, 112, 3)).astype(np.uint8)
    seen = Development(camera, 112, np.random.default_rng(0))(cv2.blur(image, (9, 9)), 0)
    assert seen.shape == (112, 112, 3)
    assert np.abs(seen[..., 0].astype(int) - seen[..., 2]).max() <= 4


def pose_of(yaw):
    one = np.ones(1)
    return Pose(yaw * one, 0 * one, 0 * one, one, np.zeros((1, 2)))
