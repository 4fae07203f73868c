import numpy as np
import pytest

from stf2m_ros.stream.face_likeness import FaceMemory, face_signature, likeness

BOX = (220, 90, 180, 180)


def test_a_face_is_like_itself_in_another_light(scene):
    image = scene((scene.anna, 310, 180, 170))
    bright = (image * 1.15).clip(0, 255).astype(np.uint8)
    assert likeness(face_signature(image, BOX), face_signature(bright, BOX)) > 0.7


def test_another_face_and_a_wall_are_less_like_it(scene):
    anna = face_signature(scene((scene.anna, 310, 180, 170)), BOX)
    again = face_signature(scene((scene.anna, 312, 181, 170)), BOX)
    bela = face_signature(scene((scene.bela, 310, 180, 170)), BOX)
    wall = face_signature(scene(), BOX)
    assert likeness(anna, again) > 0.6 > likeness(anna, bela) > likeness(anna, wall)
    assert likeness(anna, wall) < 0.46


def test_a_grey_camera_has_no_colour_to_speak_against():
    grey = np.random.default_rng(0).integers(0, 256, (360, 640, 1), np.uint8).repeat(3, axis=2)
    assert likeness(face_signature(grey, BOX), face_signature(grey, BOX)) == pytest.approx(1.0, abs=1e-5)


def test_a_memory_knows_the_most_similar_of_its_moments(scene):
    memory = FaceMemory(moments=2, apart_s=1.0)
    signatures = [face_signature(scene((who, 310, 180, 170)), BOX) for who in (scene.anna, scene.bela, scene.anna)]
    assert memory.likeness(signatures[0]) == 0
    memory.remember(10.0, signatures[0])
    memory.remember(10.5, signatures[1])
    assert memory.likeness(signatures[1]) < 0.6  # too soon after the first to be remembered
    memory.remember(11.5, signatures[1])
    assert memory.likeness(signatures[1]) == pytest.approx(1.0, abs=1e-5)
    assert memory.likeness(signatures[0]) == pytest.approx(1.0, abs=1e-5)
