import numpy as np
import pytest

from stf2m_ros.stream.frame_preprocessing import crop_face, normalise
from stf2m_ros.stream.settings import Preprocessing

SAME_SIZE = Preprocessing(size_px=112, box_scale=1.0)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)


def test_a_box_of_the_crops_size_is_cut_unchanged(image):
    assert np.array_equal(crop_face(image, (50, 60, 112, 112), SAME_SIZE), image[60:172, 50:162])


def test_the_crop_is_the_scaled_square_around_the_boxs_centre(image):
    crop = crop_face(image, (106, 66, 56, 56), Preprocessing(size_px=112, box_scale=2.0))
    assert np.array_equal(crop, image[38:150, 78:190])


def test_parts_outside_the_image_repeat_its_edge(image):
    crop = crop_face(image, (-56, 60, 112, 112), SAME_SIZE)
    assert np.array_equal(crop[:, 56:], image[60:172, :56])
    assert (crop[:, :56] == image[60:172, :1]).all()


@pytest.mark.parametrize("side", [20, 112, 200])
def test_every_box_gives_the_cards_size_in_uint8(image, side):
    crop = crop_face(image, (150, 100, side, side), Preprocessing())
    assert crop.shape == (112, 112, 3) and crop.dtype == np.uint8


def test_a_large_face_is_averaged_not_sampled():
    stripes = np.zeros((224, 224, 3), np.uint8)
    stripes[:, ::2] = 200
    assert set(np.unique(crop_face(stripes, (0, 0, 224, 224), SAME_SIZE))) == {100}


def test_normalised_crops_are_channels_first_and_centred():
    crops = np.zeros((2, 112, 112, 3), np.uint8)
    crops[..., 0] = 255
    faces = normalise(crops, Preprocessing())
    assert faces.shape == (2, 3, 112, 112) and faces.dtype == np.float32 and faces.flags.c_contiguous
    assert np.allclose(faces[:, 0], 2.0, atol=1e-5) and np.allclose(faces[:, 1:], -2.0, atol=1e-5)


@pytest.mark.parametrize("shape", [(0, 0, 3), (10, 10), (10, 10, 4)])
def test_what_is_not_an_rgb_image_says_what_was_found(shape):
    with pytest.raises(ValueError, match="expected an RGB image"):
        crop_face(np.zeros(shape, np.uint8), (0, 0, 5, 5), Preprocessing())


@pytest.mark.parametrize("box", [(5, 5, 0, 0), (1000, 1000, 20, 20)])
def test_a_box_that_holds_nothing_is_refused(image, box):
    with pytest.raises(ValueError, match="expected a face box"):
        crop_face(image, box, Preprocessing())


def test_crops_of_another_size_are_not_normalised():
    with pytest.raises(ValueError, match="expected crops"):
        normalise(np.zeros((1, 48, 48, 3), np.uint8), Preprocessing())
