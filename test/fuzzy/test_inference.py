from pathlib import Path

import numpy as np
import pytest

from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, NEUTRAL_INDEX, class_index
from stf2m_ros.fuzzy.components import COMPONENTS, states_from_action_units
from stf2m_ros.fuzzy.inference import CHUNK_ROWS, NOTHING_FIRED, infer, strongest_class
from stf2m_ros.fuzzy.membership import LEVEL_CENTRES, eccentricity, membership
from stf2m_ros.fuzzy.rule_base import load_rule_base

SHIPPED = Path(__file__).parents[2] / "config" / "rules"
SCORED_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 15, 16, 17, 20, 22, 23, 24, 25, 26, 27, 28, 38)

# The published FACS and EMFACS prototypes, and their variants, that the components can tell apart.
PROTOTYPES = {
    "happiness": [(12,), (6, 12), (6, 12, 25), (6, 12, 25, 26)],
    "anger": [(4, 5, 7, 23), (4, 7, 24), (4, 7), (4, 5), (4, 5, 7, 17, 24), (4, 5, 7, 10, 22, 23, 25, 26)],
    "sadness": [(1, 4), (1, 4, 15), (1, 4, 15, 17), (6, 15), (15, 17)],
    "disgust": [(9,), (9, 15, 16), (9, 17), (4, 9), (10,), (10, 16, 25), (10, 17)],
    "fear": [(1, 2, 4, 5, 20, 26), (1, 2, 4, 5, 20), (1, 2, 4, 5), (5, 20), (5, 20, 26)],
    "surprise": [(1, 2, 5, 26), (1, 2, 5, 27), (1, 2, 5), (1, 2, 26), (5, 26)],
}


def rules_from(folder, *rules):
    path = folder / "rules.yaml"
    path.write_text("name: test\nrules:\n" + "\n".join(f"  - {rule}" for rule in rules))
    return load_rule_base(path).table()


@pytest.fixture(scope="module", params=["facs", "paper"])
def any_table(request):
    return load_rule_base(SHIPPED / f"{request.param}.yaml").table()


@pytest.fixture(scope="module")
def facs():
    return load_rule_base(SHIPPED / "facs.yaml").table()


@pytest.fixture
def table(tmp_path):
    return rules_from(
        tmp_path,
        "{name: smile, class: happiness, scale: free, when: {mouth_corners: raised}}",
        "{name: grin, class: happiness, scale: free, when: {mouth_corners: raised, mouth: open}}",
        "{name: sneer, class: disgust-low, scale: fixed, when: {nose: 0.5}}",
        "{name: grimace, class: disgust-high, scale: fixed, when: {nose: wrinkled}}",
        "{name: neutral, class: neutral, scale: fixed, when: {all: normal}}",
    )


def face(**components):
    return np.array([[components.get(name, 0.0) for name in COMPONENTS]], np.float32)


def smile(extent):
    return face(left_mouth_corner=extent, right_mouth_corner=extent)


def scored(units, score):
    return states_from_action_units({unit: np.array([score if unit in units else 0]) for unit in SCORED_UNITS})


def plain_inference(x, table, r_c, r_k):
    """METHOD section 3, one face and one rule after another."""
    determined = ~np.isnan(x)
    values, firing, semantics = np.zeros(19), np.zeros(len(table.free)), np.zeros(12)
    for j in np.flatnonzero(table.emotion.any(axis=1)):
        c, w = table.codes[j].astype(float), table.weights[j].astype(float)
        seen = w[determined].sum()
        if seen < w.sum() / 2:
            continue
        energy = (w * c * c)[determined].sum()
        t = np.clip((w * c * x)[determined].sum() / energy, 0, 1) if table.free[j] and energy else 1 - table.free[j]
        firing[j] = membership(np.sqrt((w * (x - t * c) ** 2)[determined].sum() / seen), 0, r_c)
        semantics += firing[j] * t * c
        emotion = table.emotion[j].argmax()
        for level, centre in enumerate(LEVEL_CENTRES):
            if emotion < 6:
                graded = membership(eccentricity(t), centre, r_k) if table.free[j] else table.level[j, level]
                values[3 * emotion + level] = max(values[3 * emotion + level], firing[j] * graded)
        if emotion == 6:
            values[-1] = max(values[-1], firing[j])
    return values, firing, semantics


def test_it_agrees_with_the_method_computed_step_by_step(any_table):
    rng = np.random.default_rng(3)
    states = rng.uniform(-1, 1, (200, 12)).astype(np.float32) * rng.uniform(0, 1, (200, 1)).astype(np.float32)
    states[rng.random(states.shape) < 0.2] = np.nan
    found = infer(states, any_table, 0.5, 0.3)
    for row, x in enumerate(states):
        values, firing, semantics = plain_inference(x, any_table, 0.5, 0.3)
        np.testing.assert_allclose(found.memberships[row], values, atol=2e-5)
        np.testing.assert_allclose(found.firing[row], firing, atol=2e-5)
        np.testing.assert_allclose(found.semantics[row], semantics, atol=1e-4)


def test_the_neutral_face_is_neutral_alone(any_table):
    result = infer(face(), any_table)
    assert result.memberships[0, NEUTRAL_INDEX] == 1.0
    assert strongest_class(result.memberships)[0] == NEUTRAL_INDEX
    assert result.memberships[0, :NEUTRAL_INDEX].max() < 0.4


def test_free_rules_contribute_nothing_to_the_neutral_face(facs):
    result = infer(face(), facs)
    assert result.memberships[0, :NEUTRAL_INDEX].max() < 0.05
    assert not result.strengths[0, facs.free > 0].any()
    assert not result.semantics.any()


@pytest.mark.parametrize("extent, level", [(1 / 3, "low"), (2 / 3, "medium"), (1.0, "high")])
def test_a_third_two_thirds_and_all_of_a_smile_are_its_levels(table, extent, level):
    values = infer(smile(extent), table).memberships[0]
    assert values[class_index("happiness", level)] == pytest.approx(1.0, abs=1e-5)
    assert CLASS_NAMES[values.argmax()] == f"happiness-{level}"


def test_the_extent_is_the_share_of_the_fullest_expression(table):
    result = infer(smile(0.4), table)
    assert result.extents[0, 0] == pytest.approx(0.4, abs=1e-5)
    assert result.extents[0, 1] == pytest.approx(0.8 / 3, abs=1e-5)  # the grin wants an open mouth too


def test_an_extent_stays_between_nothing_and_the_fullest(table):
    assert infer(smile(-1.0), table).extents[0, 0] == 0.0
    assert infer(smile(1.0) * 2, table).extents[0, 0] == 1.0


def test_a_rule_of_another_opinion_does_not_hide_the_one_that_matches(tmp_path):
    other = "{name: raised lip, class: disgust, scale: free, when: {upper_lip: thick}}"
    nose = "{name: wrinkled nose, class: disgust, scale: free, when: {nose: wrinkled, mouth: [normal, 0.5]}}"
    neutral = "{name: neutral, class: neutral, scale: fixed, when: {all: normal}}"
    result = infer(face(nose=0.7, mouth=0.2), rules_from(tmp_path, other, nose, neutral))
    assert result.firing[0, 0] > result.firing[0, 1]  # it fires fully, at extent 0
    assert strongest_class(result.memberships)[0] == class_index("disgust", "medium")


def test_a_fixed_rule_speaks_for_its_own_level_only(table):
    values = infer(face(nose=1.0), table).memberships[0]
    low, medium, high = (values[class_index("disgust", level)] for level in ("low", "medium", "high"))
    assert high == pytest.approx(1.0) and medium == 0.0 and low == pytest.approx(membership(0.5, 0, 0.4), abs=1e-5)


def test_firing_is_the_geometric_mean_of_the_components_memberships(table):
    state = face(left_mouth_corner=0.9, right_mouth_corner=0.5, mouth=0.3)
    result = infer(state, table)
    t = result.extents[0, 1]
    each = [membership(x, t, 0.4) for x in (0.9, 0.5, 0.3)]
    assert result.firing[0, 1] == pytest.approx(np.prod(each) ** (1 / 3), abs=1e-5)


def test_undetermined_components_are_left_out_of_the_match(table):
    state = smile(1.0)
    state[0, COMPONENTS.index("mouth")] = np.nan
    assert infer(state, table).firing[0, 1] == pytest.approx(1.0, abs=1e-5)


def test_a_rule_with_under_half_of_its_weight_determined_does_not_fire(table):
    state = np.full((1, 12), np.nan, np.float32)
    state[0, COMPONENTS.index("left_mouth_corner")] = 1.0
    firing = infer(state, table).firing[0]
    assert firing[0] == pytest.approx(1.0, abs=1e-5)  # one corner of two: just half
    assert firing[1] == 0.0  # one of three


def test_nothing_determined_gives_zeros_and_no_class(any_table):
    result = infer(np.full((2, 12), np.nan, np.float32), any_table)
    assert not result.memberships.any() and not result.firing.any() and not result.semantics.any()
    assert strongest_class(result.memberships).tolist() == [NOTHING_FIRED, NOTHING_FIRED]


def test_a_mirrored_face_gets_the_mirrored_rule(tmp_path):
    smirk = (
        "{name: smirk, class: happiness, scale: free, when: {left_mouth_corner: raised, right_mouth_corner: normal}}"
    )
    table = rules_from(tmp_path, smirk, "{name: neutral, class: neutral, scale: fixed, when: {all: normal}}")
    left, right = infer(face(left_mouth_corner=0.7), table), infer(face(right_mouth_corner=0.7), table)
    np.testing.assert_allclose(left.memberships, right.memberships, atol=1e-6)
    assert left.strengths[0].argmax() == 0 and right.strengths[0].argmax() == 1


def test_padding_rows_change_nothing(any_table):
    states = np.random.default_rng(0).uniform(-1, 1, (50, 12)).astype(np.float32)
    used = len(any_table.names)
    trimmed = type(any_table)(
        **{name: getattr(any_table, name)[:used] for name in ("codes", "weights", "free", "emotion", "level")},
        names=any_table.names,
    )
    padded, bare = infer(states, any_table), infer(states, trimmed)
    np.testing.assert_allclose(padded.memberships, bare.memberships, atol=1e-6)
    assert not padded.firing[:, used:].any() and not padded.extents[:, used:].any()


def test_states_beyond_one_chunk_are_inferred_alike(facs):
    states = np.tile(smile(0.6), (CHUNK_ROWS + 3, 1))
    memberships = infer(states, facs).memberships
    np.testing.assert_allclose(memberships, np.tile(memberships[:1], (len(states), 1)), atol=1e-6)


def test_no_states_give_no_rows(facs):
    assert infer(np.empty((0, 12), np.float32), facs).memberships.shape == (0, 19)


def test_states_of_another_shape_are_refused(facs):
    with pytest.raises(ValueError, match=r"expected shape \(S, 12\), found \(3, 11\)"):
        infer(np.zeros((3, 11)), facs)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_published_prototypes_get_their_emotion_and_level_from_facs(facs, emotion):
    for units in PROTOTYPES[emotion]:
        for score, level in ((2, "low"), (3, "medium"), (4, "medium"), (5, "high")):
            found = strongest_class(infer(scored(units, score), facs).memberships)[0]
            assert CLASS_NAMES[found] == f"{emotion}-{level}", f"action units {units} at {score}"


def test_a_talking_mouth_alone_is_neutral_in_facs(facs):
    for units, score in (((25,), 5), ((25, 26), 3), ((17,), 2)):
        assert strongest_class(infer(scored(units, score), facs).memberships)[0] == NEUTRAL_INDEX
