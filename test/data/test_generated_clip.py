"""A generated clip: the same from one seed, different people in different parts, and a truth that holds together."""

import pickle

import numpy as np
import pytest

from stf2m_ros.data.generated_faces.action_units import ACTION_UNITS, NUM_ACTION_UNITS, unit_row
from stf2m_ros.data.generated_faces.clip import components_of, generate_clip, labels_of, perform
from stf2m_ros.data.generated_faces.settings import PEOPLE, GeneratorSettings
from stf2m_ros.emotions import NEUTRAL_INDEX, class_index
from stf2m_ros.fuzzy.components import COMPONENTS, component_index

SHORT = GeneratorSettings(duration_s=4.0)


@pytest.fixture(scope="module")
def clip():
    return generate_clip(3, SHORT)


def test_the_same_seed_gives_the_same_clip_pixel_by_pixel(clip):
    again = generate_clip(3, SHORT)
    assert np.array_equal(clip.frames, again.frames)
    assert clip.words == again.words and clip.labels == again.labels


def test_another_seed_gives_another_clip(clip):
    assert not np.array_equal(clip.frames, generate_clip(4, SHORT).frames)


def test_frames_are_rgb_crops_on_the_slots_of_the_stamp_grid(clip):
    assert clip.frames.shape == (40, 112, 112, 3) and clip.frames.dtype == np.uint8
    assert np.allclose(clip.frame_s, np.arange(40) * 0.1)


def test_labels_fill_the_clip_on_multiples_of_a_segment(clip):
    assert clip.labels[0].start_s == 0 and clip.labels[-1].end_s == SHORT.duration_s
    assert [label.end_s for label in clip.labels[:-1]] == [label.start_s for label in clip.labels[1:]]
    assert all((2 * label.start_s).is_integer() for label in clip.labels)
    assert clip.boundaries_s == tuple(label.start_s for label in clip.labels[1:])


def test_a_clip_can_travel_between_processes(clip):
    assert np.array_equal(pickle.loads(pickle.dumps(clip)).action_units, clip.action_units)


def test_nobody_is_in_two_parts():
    spans = sorted((first, first + count) for first, count in PEOPLE.values())
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:]))


def test_a_rise_ends_at_the_apex():
    settings = GeneratorSettings(plan="rise", duration_s=2.0)
    for seed in range(5):
        extent = perform(settings, np.random.default_rng(seed)).extents.max(axis=1)
        assert extent[0] < 1 / 6 and extent[-1] > 0.8 * extent.max()


def test_each_emotion_of_a_clip_is_shown_at_its_fullest_once():
    for seed in range(10):
        largest = perform(GeneratorSettings(), np.random.default_rng(seed)).extents.max(axis=0)
        shown = largest[largest > 0]
        assert 1 <= len(shown) <= 3 and (shown > 5 / 6).all()


def test_a_segment_has_the_class_of_its_mean_extent():
    extents = np.zeros((15, 6), np.float32)
    extents[5:10, 1], extents[10:, 1] = 0.34, 0.95
    labels = labels_of(extents, GeneratorSettings(duration_s=1.5))
    expected = [NEUTRAL_INDEX, class_index("anger", "low"), class_index("anger", "high")]
    assert [label.class_index for label in labels] == expected


def test_the_viewers_right_mouth_corner_is_the_persons_left_one():
    units = np.zeros((1, NUM_ACTION_UNITS, 2), np.float32)
    units[0, unit_row(12), 1] = 0.8
    states = components_of(units)[0]
    assert states[component_index("left_mouth_corner")] == pytest.approx(0.8)
    assert states[component_index("right_mouth_corner")] == 0


def test_every_component_is_determined(clip):
    assert clip.components.shape == (40, len(COMPONENTS)) and np.isfinite(clip.components).all()
    assert clip.action_units.shape == (40, len(ACTION_UNITS), 2)
    assert clip.action_units.min() >= 0 and clip.action_units.max() <= 5


@pytest.mark.parametrize("wrong", [{"people": "friends"}, {"plan": "dance"}, {"duration_s": 0.2}, {"frames_per_s": 0}])
def test_settings_say_what_they_expected_and_found(wrong):
    with pytest.raises(ValueError, match="found"):
        GeneratorSettings(**wrong)
