"""The player's stamps, clock and words, heard over the real middleware."""

from itertools import islice

import numpy as np
import pytest
from rclpy.qos import QoSProfile
from ros_rig import write_video
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from stf2m_msgs.msg import Utterance as UtteranceMessage
from stf2m_ros.node.player import Player
from stf2m_ros.node.stamps import seconds_of
from stf2m_ros.node.video_source import TimedImage, VideoFile
from stf2m_ros.stream.utterance import Utterance

FAST = 20.0


class Listener:
    """Everything that a player sends, in the order of its coming."""

    def __init__(self, rig) -> None:
        self.images, self.words, self.clocks, self.order = [], [], [], []
        everything = QoSProfile(depth=100)
        rig.harness.create_subscription(Image, "image", self._image, everything)
        rig.harness.create_subscription(UtteranceMessage, "transcript", self._words, everything)
        rig.harness.create_subscription(Clock, "/clock", lambda clock: self.clocks.append(seconds_of(clock.clock)), 100)

    def _image(self, message: Image) -> None:
        self.images.append(message)
        self.order.append(seconds_of(message.header.stamp))

    def _words(self, message: UtteranceMessage) -> None:
        self.words.append(message)
        self.order.append(message.text)

    @property
    def stamps(self):
        return np.array([seconds_of(message.header.stamp) for message in self.images])


@pytest.fixture()
def play(rig):
    made = []

    def start(source, script=(), loop=False, images=None):
        listener = Listener(rig)
        player = Player(FAST, publish_clock=True)
        made.append(player)
        for topic in ("transcript", "/clock"):
            rig.until(lambda topic=topic: rig.harness.count_publishers(topic), f"the player on {topic}")
        assert "listening" in player.wait_for_listener(10.0)
        for _ in player.play(source, script, loop):
            rig.executor.spin_once(timeout_sec=0.001)
            if images and player.frames >= images:
                break
        rig.until(lambda: len(listener.images) >= min(player.frames, 2), "images")
        return listener, player

    yield start
    for player in made:
        player.destroy_node()


def heard_all(rig, listener, player):
    rig.until(lambda: len(listener.images) == player.frames and len(listener.words) == player.utterances, "everything")


def test_images_carry_the_times_of_the_video(rig, play, tmp_path):
    listener, player = play(VideoFile(write_video(tmp_path / "clip.mp4", frames=8)))
    heard_all(rig, listener, player)
    assert np.allclose(listener.stamps - listener.stamps[0], np.arange(8) / 10, atol=0.003)
    assert {(message.encoding, message.header.frame_id) for message in listener.images} == {("bgr8", "video")}


def test_words_come_when_they_were_spoken_to_the_end_with_times_of_the_same_clock(rig, play, tmp_path):
    script = (Utterance("it hurts", 0.1, 0.35, utterance_id="1"), Utterance("after the end", 5.0, 6.0))
    listener, player = play(VideoFile(write_video(tmp_path / "clip.mp4", frames=8)), script)
    heard_all(rig, listener, player)
    begin_s = listener.stamps[0]
    first = listener.words[0]
    assert seconds_of(first.start) - begin_s == pytest.approx(0.1, abs=0.003)
    assert seconds_of(first.end) - begin_s == pytest.approx(0.35, abs=0.003)
    assert first.is_final
    assert [message.text for message in listener.words] == ["it hurts", "after the end"]


def test_the_clock_is_the_images_clock(rig, play, tmp_path):
    listener, player = play(VideoFile(write_video(tmp_path / "clip.mp4", frames=8)))
    heard_all(rig, listener, player)
    player.let_time_pass(1.0)
    rig.until(lambda: listener.clocks and listener.clocks[-1] > listener.stamps[-1] + 0.8, "the clock to go on")
    assert np.all(np.diff(listener.clocks) >= 0)
    assert set(np.round(listener.stamps, 3)) <= set(np.round(listener.clocks, 3))


def test_in_a_loop_stamps_go_on_and_the_same_words_are_new_speech(rig, play, tmp_path):
    script = (Utterance("hello", 0.0, 0.2, utterance_id="1"),)
    source = VideoFile(write_video(tmp_path / "clip.mp4", frames=30))
    listener, player = play(source, script, loop=True, images=90)
    rig.until(lambda: len(listener.words) >= 2, "the words of two rounds")
    assert np.all(np.diff(listener.stamps) > 0)
    assert [message.utterance_id for message in listener.words[:2]] == ["1.1", "1.2"]


def test_without_a_listener_the_player_waits_so_long_and_then_plays(ros):
    player = Player(namespace="/empty_room")
    try:
        text = player.wait_for_listener(0.05)
        assert text == "play: nobody listens to /empty_room/image after 0 s; playing all the same"
    finally:
        player.destroy_node()


class CutOffVideo:
    """States a length that it does not have, as a file does whose copying was broken off."""

    is_live, description = False, "cut off"

    def __init__(self, stated_s: float, frames: int) -> None:
        self.duration_s, self._frames = stated_s, frames

    def images(self):
        return (TimedImage(number / 10, np.zeros((4, 4, 3), np.uint8)) for number in range(self._frames))

    def close(self) -> None: ...


@pytest.mark.parametrize(("stated_s", "is_told"), [(20.0, True), (2.2, False), (None, False)])
def test_a_video_that_ends_long_before_its_stated_length_is_told(rig, stated_s, is_told):
    player = Player(100.0)
    try:
        lines = list(player.play(CutOffVideo(stated_s, frames=20)))
    finally:
        player.destroy_node()
    assert ("play: expected 20.0 s of video, found 1.9 s that can be read: a broken file?" in lines) == is_told


@pytest.mark.parametrize("loop", [True, False])
def test_a_video_without_a_readable_image_ends_playing_in_one_line(rig, loop):
    player = Player(100.0)
    try:
        with pytest.raises(ValueError, match="^cut off: expected images, found none that can be read$"):
            list(islice(player.play(CutOffVideo(20.0, frames=0), loop=loop), 50))
    finally:
        player.destroy_node()
