import numpy as np
import pytest

from stf2m_ros.evaluation.interference.corruptions import CLEAN, DRAWN, Corruption, Moment
from stf2m_ros.evaluation.interference.spoiled_pictures import spoiled

GREY = np.full((96, 96, 3), 90, np.uint8)


def textured(side: int = 96) -> np.ndarray:
    rows, columns = np.indices((side, side))
    return np.stack([(rows * 2 + 40) % 200, (columns * 2 + 30) % 200, (rows + columns) % 200], -1).astype(np.uint8)


@pytest.mark.parametrize("kind", DRAWN)
def test_the_same_seed_and_clip_give_the_same_picture_and_another_seed_does_not(kind):
    moment = Moment("clip", 3, 0.3)
    first, again = (spoiled(textured(), moment, Corruption(kind, 0.9, seed=1)) for _ in range(2))
    assert (first == again).all()
    assert first.dtype == np.uint8
    assert first.shape == (96, 96, 3)
    if kind != "face_mask":  # which is always where the mouth is
        assert (first != spoiled(textured(), moment, Corruption(kind, 0.9, seed=2))).any()


@pytest.mark.parametrize("kind", ["block_mask", "patch_mask", "face_mask"])
@pytest.mark.parametrize("level", [0.1, 0.3, 0.5])
def test_a_mask_hides_its_share_of_the_area(kind, level):
    image = textured(112)
    hidden = (spoiled(image, Moment("clip", 0, 0.0), Corruption(kind, level)) != image).any(-1)
    assert hidden.mean() == pytest.approx(level, abs=0.03)


def test_a_mask_lies_on_the_face_where_the_face_is_a_part_of_the_picture():
    image = textured(200)
    hidden = (spoiled(image, Moment("c", 0, 0.0, face=(50, 20, 80)), Corruption("face_mask", 0.4)) != image).any(-1)
    rows, columns = np.nonzero(hidden)
    assert (columns.min(), columns.max()) == (50, 129)
    assert rows.max() == 99
    assert hidden.sum() == pytest.approx(0.4 * 80 * 80, rel=0.06)


@pytest.mark.parametrize("level", [0.1, 0.3, 0.5])
def test_fog_adds_its_share_of_white_light(level):
    fogged = spoiled(np.zeros((112, 112, 3), np.uint8), Moment("clip", 0, 0.0), Corruption("fog", level))
    assert fogged.mean() / 255 == pytest.approx(level, abs=0.05)


def test_fog_stands_still_within_a_clip():
    fog = Corruption("fog", 0.3)
    assert (spoiled(GREY, Moment("a", 0, 0.0), fog) == spoiled(GREY, Moment("a", 9, 0.9), fog)).all()
    assert (spoiled(GREY, Moment("a", 0, 0.0), fog) != spoiled(GREY, Moment("b", 0, 0.0), fog)).any()


def test_low_light_takes_its_share_of_the_light():
    dark = spoiled(GREY, Moment("clip", 0, 0.0), Corruption("low_light", 0.5))
    assert dark.mean() == pytest.approx(45, abs=6)


def test_distortion_hits_its_share_of_the_samples_and_more_at_a_higher_level():
    moments = [Moment(f"clip{number}", 0, 0.5 * number) for number in range(600)]
    low, high = ([Corruption("distortion", level).hits(each) for each in moments] for level in (0.1, 0.5))
    assert np.mean(low) == pytest.approx(0.1, abs=0.04)
    assert np.mean(high) == pytest.approx(0.5, abs=0.06)
    assert all(at_high for at_low, at_high in zip(low, high) if at_low)


def test_frames_are_dropped_and_words_masked_by_their_share():
    frames, words = Corruption("frames", 0.3), Corruption("words", 0.3)
    dropped = [spoiled(GREY, Moment("clip", index, index / 10), frames) is None for index in range(500)]
    assert np.mean(dropped) == pytest.approx(0.3, abs=0.06)
    assert np.mean([words.keeps_word("clip", place) for place in range(500)]) == pytest.approx(0.7, abs=0.06)
    assert spoiled(GREY, Moment("clip", 0, 0.0), words) is GREY


def test_nothing_changes_at_level_0():
    assert spoiled(GREY, Moment("clip", 0, 0.0), CLEAN) is GREY


def test_an_unknown_kind_or_level_is_refused():
    with pytest.raises(ValueError, match="expected one of fog"):
        Corruption("rain", 0.1)
    with pytest.raises(ValueError, match="expected 0 to 1, found 10"):
        Corruption("fog", 10)


def test_fog_is_as_dense_at_the_face_as_elsewhere():
    black = np.zeros((112, 112, 3), np.uint8)
    fogs = [spoiled(black, Moment(str(clip), 0, 0.0), Corruption("fog", 0.3)) for clip in range(20)]
    assert np.mean([fog[28:84, 28:84].mean() / 255 for fog in fogs]) == pytest.approx(0.3, abs=0.03)
