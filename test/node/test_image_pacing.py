"""What is taken of a camera's images, with a clock that the tests turn."""

import random
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Tuple

import pytest

from stf2m_ros.node.image_pacing import GIVE_UP_S, LEARN_S, MARGIN_S, PATIENCE, ImagePacing
from stf2m_ros.stream.slot_grid import slot_of

SLOT_S = 0.1
BEGIN_S = 1.8e9  # of the stamps; the steady clock begins at 0
DELAY_S = 0.015
Image = Tuple[float, float]  # stamp, arrival


@dataclass
class Reader:
    """Of the middleware: holds the newest image until it is taken, and is not looked at while images rest."""

    pacing: ImagePacing = field(default_factory=lambda: ImagePacing(SLOT_S))
    taken: List[Image] = field(default_factory=list)  # stamp, when it was taken
    waits_s: Dict[float, float] = field(
        default_factory=dict
    )  # of each stamp, from the image's arrival until it was taken
    settling: List[float] = field(default_factory=list)  # stamps of images that were said to end their slots
    rests_until_s: float = float("-inf")

    def film(self, images: List[Image]) -> None:
        nexts_s = [arrival_s for _, arrival_s in images[1:]] + [images[-1][1] + 0.01]  # the film ends
        for (stamp_s, arrival_s), next_s in zip(images, nexts_s):
            moment_s = max(arrival_s, self.rests_until_s)
            if moment_s < next_s:  # else the next has overwritten it
                self._take(stamp_s, moment_s)
                self.waits_s[stamp_s] = moment_s - arrival_s

    def _take(self, stamp_s: float, now_s: float) -> None:
        self.taken.append((stamp_s, now_s))
        until_s = self.pacing.see(stamp_s, now_s)
        self.rests_until_s = float("-inf") if until_s is None else until_s
        if until_s is not None:
            self.settling.append(stamp_s)


def images(
    rate: float, seconds: float, begin_s: float = 0.0, late_s: Iterable[float] = (), drift: float = 0.0
) -> List[Image]:
    """Of a camera that begins at begin_s of the steady clock; late_s: how much later than usual each comes."""
    times_s = [begin_s + number / rate for number in range(round(seconds * rate))]
    lates_s = list(late_s) or [0.0] * len(times_s)
    return [(BEGIN_S + time_s * (1 + drift), time_s + DELAY_S + late_s) for time_s, late_s in zip(times_s, lates_s)]


def nearest(stamps_s: Iterable[float]) -> Dict[int, float]:
    """Of each slot the stamp nearest to its centre."""
    found: Dict[int, float] = {}
    for stamp_s in sorted(stamps_s):
        slot = slot_of(stamp_s, SLOT_S)
        if slot not in found or abs(stamp_s - slot * SLOT_S) < abs(found[slot] - slot * SLOT_S):
            found[slot] = stamp_s
    return found


def farther_s(reader: Reader, shots: List[Image]) -> float:
    """How much farther from its slot's centre an image lies that was taken than the nearest that was sent, at most."""
    found, wanted = nearest(stamp_s for stamp_s, _ in reader.taken), nearest(stamp_s for stamp_s, _ in shots)
    for last in sorted(wanted)[-2:]:  # the film may have ended before their nearest image
        del wanted[last]
    assert not wanted.keys() - found.keys(), "slots without an image"
    return max(abs(found[slot] - slot * SLOT_S) - abs(wanted[slot] - slot * SLOT_S) for slot in wanted)


def needed_wait_s(reader: Reader, begin_s: float = 2 * LEARN_S) -> float:
    """How long the images that counted waited in the reader; 95 of 100 waited less."""
    counted = set(nearest(stamp_s for stamp_s, _ in reader.taken).values())
    waits_s = sorted(
        reader.waits_s[stamp_s] for stamp_s, now_s in reader.taken if stamp_s in counted and now_s > begin_s
    )
    return waits_s[int(0.95 * len(waits_s))]


def filmed(shots: List[Image]) -> Reader:
    reader = Reader()
    reader.film(shots)
    return reader


def taken_from(reader: Reader, begin_s: float, end_s: float = float("inf")) -> List[float]:
    """Stamps of the images that were taken between two moments."""
    return [stamp_s for stamp_s, now_s in reader.taken if begin_s <= now_s < end_s]


def share_taken(reader: Reader, shots: List[Image], begin_s: float, end_s: float = float("inf")) -> float:
    return len(taken_from(reader, begin_s, end_s)) / sum(begin_s <= arrival_s < end_s for _, arrival_s in shots)


@pytest.mark.parametrize("rate", [20, 25, 29.97, 30, 60])
@pytest.mark.parametrize("phase_s", [0.0, 0.011, 0.0234])
def test_of_a_steady_camera_the_image_nearest_to_each_centre_is_taken_and_hardly_another(
    rate: float, phase_s: float
) -> None:
    shots = images(rate, 30.0, begin_s=phase_s)
    reader = filmed(shots)
    assert farther_s(reader, shots) < 0.2 / rate
    assert share_taken(reader, shots, 2 * LEARN_S) < 1.15 * 10 / rate
    assert needed_wait_s(reader) < 2 * MARGIN_S


@pytest.mark.parametrize("rate", [30, 60])
def test_every_image_is_taken_until_the_pace_is_known(rate: float) -> None:
    shots = images(rate, 5.0)
    reader = filmed(shots)
    assert share_taken(reader, shots, 0.0, LEARN_S) == 1
    assert reader.pacing.known


@pytest.mark.parametrize("rate", [5, 10, 15])
def test_of_a_slow_camera_every_image_is_taken(rate: float) -> None:
    reader = filmed(images(rate, 20.0))
    assert len(reader.taken) == 20 * rate
    assert not reader.settling


@pytest.mark.parametrize("phase_s", [0.0, 0.01, 0.02, 0.03])
def test_after_an_image_that_ends_its_slot_no_nearer_one_is_sent(phase_s: float) -> None:
    shots = images(30, 20.0, begin_s=phase_s)
    reader = filmed(shots)
    ended = {slot_of(stamp_s, SLOT_S): stamp_s for stamp_s in reader.settling}
    assert len(ended) > 180
    for stamp_s, _ in shots:
        slot = slot_of(stamp_s, SLOT_S)
        if stamp_s > ended.get(slot, float("inf")):
            assert abs(stamp_s - slot * SLOT_S) > abs(ended[slot] - slot * SLOT_S)


def test_images_that_come_a_little_late_or_early_are_not_missed() -> None:
    chance = random.Random(1)
    shots = images(30, 60.0, late_s=[abs(chance.gauss(0, 0.002)) for _ in range(1800)])
    reader = filmed(shots)
    assert farther_s(reader, shots) < 0.007
    assert share_taken(reader, shots, 2 * LEARN_S) < 0.45
    assert needed_wait_s(reader) < 4 * MARGIN_S


def test_where_images_come_at_any_time_all_are_taken() -> None:
    chance = random.Random(1)
    shots = images(30, 20.0, late_s=[chance.uniform(0, 0.03) for _ in range(600)])
    assert len(filmed(shots).taken) == len(shots)


def test_where_stamps_are_of_no_regular_camera_all_are_taken() -> None:
    chance = random.Random(1)
    moments_s = sorted(chance.uniform(0, 20) for _ in range(600))
    assert len(filmed([(BEGIN_S + moment_s, moment_s) for moment_s in moments_s]).taken) == 600


def test_where_an_image_is_lost_its_neighbours_are_taken() -> None:
    shots = images(30, 20.0)
    lost = [shot for number, shot in enumerate(shots) if number % 21]  # the nearest of every seventh slot
    reader = filmed(lost)
    assert farther_s(reader, lost) < 0.007
    assert share_taken(reader, lost, 2 * LEARN_S) < 0.5


@pytest.mark.parametrize("drift", [1e-4, -1e-4, 3e-4, -3e-4])
def test_clocks_that_drift_apart_are_followed(drift: float) -> None:
    shots = images(30, 300.0, drift=drift)
    reader = filmed(shots)
    assert farther_s(reader, shots) < 0.007
    assert share_taken(reader, shots, 2 * LEARN_S) < 0.4
    assert needed_wait_s(reader) < 3 * MARGIN_S


@pytest.mark.parametrize("rate_of_time", [0.5, 0.9, 1.1, 4.0])
def test_a_recording_that_is_played_at_another_rate_is_taken_whole(rate_of_time: float) -> None:
    shots = [(BEGIN_S + number / 30, number / 30 / rate_of_time) for number in range(600)]
    assert len(filmed(shots).taken) == 600


@pytest.mark.parametrize("jump_s", [-500.0, -0.3, 0.1, 0.217, 3600.0])
def test_after_a_jump_of_the_stamps_the_pace_is_learned_anew(jump_s: float) -> None:
    before, after = images(30, 5.0), images(30, 10.0, begin_s=5.0)
    jumped = [(stamp_s + jump_s, arrival_s) for stamp_s, arrival_s in after]
    reader = filmed(before + jumped)
    found = taken_from(reader, 5.0 + 2.5 * SLOT_S, 5.0 + LEARN_S)
    assert found == [stamp_s for stamp_s, arrival_s in jumped if 5.0 + 2.5 * SLOT_S <= arrival_s < 5.0 + LEARN_S]
    assert share_taken(reader, jumped, 5.0 + 2 * LEARN_S) < 0.4


def test_a_camera_that_slows_down_in_the_dark_is_still_taken_whole() -> None:
    slow = images(15, 10.0, begin_s=5.0)
    reader = filmed(images(30, 5.0) + slow)
    assert farther_s(reader, images(30, 5.0) + slow) == 0
    assert share_taken(reader, slow, 5.0) > 0.98


@pytest.mark.parametrize(("rate", "new_rate"), [(30, 24), (30, 25), (60, 25)])
@pytest.mark.parametrize("phase_s", [0.007, 0.013, 0.021])
def test_another_rate_is_learned_although_some_of_its_images_keep_the_former_pace(
    rate: float, new_rate: float, phase_s: float
) -> None:
    after = images(new_rate, 20.0, begin_s=5.0 + phase_s)
    reader = filmed(images(rate, 5.0) + after)
    assert share_taken(reader, after, 5.0 + 5 * LEARN_S) < 1.15 * 10 / new_rate


def test_after_a_pause_of_the_camera_its_first_image_is_taken_and_the_pace_learned_anew() -> None:
    pause_s = 2 * GIVE_UP_S
    after = images(30, 10.0, begin_s=5.0 + pause_s + 0.013)
    reader = filmed(images(30, 5.0) + after)
    begin_s = after[0][1]
    assert share_taken(reader, after, begin_s, begin_s + LEARN_S) == 1
    assert share_taken(reader, after, begin_s + 2 * LEARN_S) < 0.4


def test_a_few_images_off_the_pace_are_borne_and_more_are_another_pace() -> None:
    shots = images(30, 5.0)
    reader = filmed(shots)
    off_s = 5.0 + 0.4 / 30
    for number in range(PATIENCE):
        assert reader.pacing.known
        assert reader.pacing.see(BEGIN_S + off_s + number / 30, off_s + number / 30) is None
    assert not reader.pacing.known


def test_images_of_equal_stamps_are_all_taken() -> None:
    pacing = ImagePacing(SLOT_S)
    assert all(pacing.see(BEGIN_S + number // 2 / 15, number / 30) is None for number in range(300))


def test_two_cameras_on_one_topic_are_taken_whole() -> None:
    one, other = images(30, 10.0), images(30, 10.0, begin_s=0.008)
    both = sorted(one + other, key=lambda shot: shot[1])
    assert len(filmed(both).taken) == len(both)


def test_what_was_forgotten_is_learned_anew() -> None:
    shots = images(30, 5.0)
    reader = filmed(shots)
    reader.pacing.forget()
    assert not reader.pacing.known
    assert reader.pacing.see(BEGIN_S + 5.0, 5.0) is None


def test_after_a_machine_that_held_everything_up_the_rest_ends_in_time_again() -> None:
    late_s = [0.012 if 150 <= number < 165 else 0.0 for number in range(900)]
    reader = filmed(images(30, 30.0, late_s=late_s))
    assert needed_wait_s(reader, begin_s=25.0) < 2 * MARGIN_S


def test_a_rest_that_was_a_whole_image_too_long_is_shortened_at_once() -> None:
    reader = filmed(images(30, 10.0, late_s=[0.04] * 150 + [0.0] * 150))
    assert needed_wait_s(reader, begin_s=5.5) < 0.01


@pytest.mark.parametrize("rate", [30, 60])
def test_behind_a_machine_that_often_holds_things_up_hardly_an_image_is_missed(rate: int) -> None:
    shots = [(stamp_s, held_up(arrival_s)) for stamp_s, arrival_s in images(rate, 120.0)]
    reader = filmed(shots)
    wanted, found = (nearest(stamp_s for stamp_s, _ in each) for each in (shots, reader.taken))
    assert len([slot for slot in wanted if found.get(slot) != wanted[slot]]) < 0.01 * len(wanted)


def held_up(arrival_s: float) -> float:
    """What would come in a tenth of every second second comes at its end."""
    past_s = arrival_s % 2
    return arrival_s - past_s + SLOT_S + past_s / 20 if past_s < SLOT_S else arrival_s
