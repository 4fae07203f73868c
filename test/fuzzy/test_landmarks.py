import json
from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.fuzzy.components import COMPONENTS
from stf2m_ros.fuzzy.landmarks import LANDMARK_TABLE, OWN_NEUTRAL, SET_MEDIAN, measures, states_from_landmarks

REAL_FACES = Path(__file__).parents[3] / "shared" / "data" / "wflw" / "test_wflw.json"


def neutral_face():
    """(98, 2) a plain face, 100 pixels between the eyes; y grows downwards."""
    points = np.zeros((98, 2))
    points[60:68] = (-50, 0) + ring(15, 6)
    points[68:76] = (50, 0) + ring(15, 6)
    points[33:42] = [(x, -30) for x in (-75, -60, -48, -36, -25, -25, -36, -48, -60)]
    points[42:51] = [(x, -30) for x in (25, 36, 48, 60, 75, 60, 48, 36, 25)]
    points[57] = (0, 60)
    points[76:88] = [(-35, 90), (-25, 85), (-12, 82), (0, 82), (12, 82), (25, 85)] + [
        (35, 90), (25, 96), (12, 100), (0, 100), (-12, 100), (-25, 96)
    ]  # fmt: skip
    points[88:96] = [(-30, 90), (-12, 90), (0, 90), (12, 90), (30, 90), (12, 91), (0, 91), (-12, 91)]
    return points


def ring(width, height):
    angle = np.pi + np.arange(8) * np.pi / 4  # from the image-left corner over the top
    return np.stack([width * np.cos(angle), height * np.sin(angle)], axis=1)


def moved(points, indices, dx=0.0, dy=0.0):
    result = points.copy()
    result[list(indices)] += (dx, dy)
    return result


def state_of(face, component):
    return states_from_landmarks(face[None], neutral_face()[None]).states[0, COMPONENTS.index(component)]


@pytest.mark.parametrize(
    "component, indices, move, sign",
    [
        ("left_eyebrow", range(42, 51), {"dy": -10}, 1),
        ("right_eyebrow", range(33, 42), {"dy": 10}, -1),
        ("brow_crest", range(42, 51), {"dx": -8}, 1),
        ("left_eye", (69, 70, 71), {"dy": -5}, 1),
        ("right_eye", (61, 62, 63), {"dy": 5}, -1),
        ("mouth", range(93, 96), {"dy": 30}, 1),
        ("upper_lip", (78, 79, 80), {"dy": -4}, 1),
        ("lower_lip", (84, 85, 86), {"dy": -5}, -1),
        ("left_mouth_corner", (82,), {"dy": -10}, 1),
        ("right_mouth_corner", (76,), {"dy": 10}, -1),
    ],
)
def test_landmarks_that_move_set_their_component(component, indices, move, sign):
    assert sign * state_of(moved(neutral_face(), indices, **move), component) > 0.4


def test_the_neutral_face_is_normal_and_nose_and_nostril_are_undetermined():
    states = states_from_landmarks(neutral_face()[None], neutral_face()[None]).states[0]
    assert not np.nan_to_num(states).any()
    assert [name for name, state in zip(COMPONENTS, states) if np.isnan(state)] == ["nose", "nostril"]


def test_size_place_and_tilt_of_the_head_change_nothing():
    smile = moved(neutral_face(), (76, 82), dy=-10)
    angle = 0.4
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    seen = 3 * smile @ turn + (500, 200)
    np.testing.assert_allclose(measures(seen[None]), measures(smile[None]), atol=1e-4)


def test_without_neutral_frames_the_median_of_the_set_is_the_reference_and_is_said():
    faces = np.stack([neutral_face(), neutral_face(), moved(neutral_face(), (76, 82), dy=-10)])
    alone = states_from_landmarks(faces)
    assert alone.reference == SET_MEDIAN
    assert not np.nan_to_num(alone.states[:2]).any() and alone.states[2, 10] > 0.4
    assert states_from_landmarks(faces, faces[:2]).reference == OWN_NEUTRAL


def test_a_face_that_was_not_found_is_undetermined():
    faces = np.stack([neutral_face(), np.full((98, 2), np.nan), np.zeros((98, 2))])
    states = states_from_landmarks(faces).states
    assert np.isnan(states[1:]).all() and not np.isnan(states[0]).all()


def test_no_readable_face_and_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="at least one readable face"):
        states_from_landmarks(np.full((2, 98, 2), np.nan))
    with pytest.raises(ValueError, match=r"expected shape \(S, 98, 2\), found \(2, 68, 2\)"):
        states_from_landmarks(np.zeros((2, 68, 2)))


def test_every_measured_component_exists():
    assert set(LANDMARK_TABLE) == set(COMPONENTS) - {"nose", "nostril"}


@pytest.mark.skipif(not REAL_FACES.is_file(), reason=f"real WFLW landmarks are not at hand ({REAL_FACES})")
def test_the_one_sorrowful_face_of_four_real_ones_frowns_with_lowered_mouth_corners():
    annotations = json.loads(REAL_FACES.read_text())["annotations"]
    points = np.array([np.reshape(face["keypoints"], (98, 3))[:, :2] for face in annotations])
    states = states_from_landmarks(points).states
    sorrowful = states[0]
    assert sorrowful[COMPONENTS.index("brow_crest")] > 0.4
    assert (
        sorrowful[COMPONENTS.index("left_mouth_corner")]
        < -0.5
        < states[1:, COMPONENTS.index("left_mouth_corner")].min()
    )
