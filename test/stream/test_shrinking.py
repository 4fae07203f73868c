import cv2
import numpy as np

from stf2m_ros.stream.shrinking import shrunk


def test_a_picture_is_averaged_to_its_size() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    expected = cv2.resize(image, (30, 20), interpolation=cv2.INTER_AREA)
    assert np.array_equal(shrunk(image, 30, 20), expected)


def test_of_a_large_picture_nine_pixels_are_read_for_each_of_the_small_one() -> None:
    image = np.full((900, 1600, 3), 255, np.uint8)
    image[::10, ::10] = 0  # every tenth pixel each way: what is left after thinning to 90 x 160
    assert (shrunk(image, 160, 90) > 200).all() and (shrunk(image, 160, 90) < 255).all()
    assert not shrunk(image[::10, ::10], 160, 90).any()


def test_noise_is_averaged_away_in_pictures_of_every_size() -> None:
    noise = np.random.default_rng(0)
    for side in (60, 200, 1000):
        image = noise.normal(128, 30, (side, side, 3)).clip(0, 255).astype(np.uint8)
        assert abs(shrunk(image, 20, 20).mean() - 128) < 2
        assert shrunk(image, 20, 20).std() < 30 / 2.5


def test_what_a_large_picture_shows_stays_where_it_is() -> None:
    image = np.zeros((700, 700, 3), np.uint8)
    image[350:420, 490:560] = 255
    rows, columns = np.nonzero(shrunk(image, 50, 50)[..., 0] > 127)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (25, 29, 35, 39)
