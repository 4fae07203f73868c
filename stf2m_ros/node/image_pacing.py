"""When the next image that is of use will have come, learned from those that did: until then none need be taken.

A camera sends three images a slot, and one is looked at. Taking one out of the middleware copies its pixels three
times, which is most of what a large image costs; one that is not taken is overwritten by the next.
"""

import math
from statistics import median
from typing import List, Optional, Tuple

from stf2m_ros.stream.slot_grid import slot_of

LEARN_S = 1.0
"""So long every image is taken, to learn the camera's pace."""
GIVE_UP_S = 1.0
"""A camera that pauses so long is learned anew."""
PATIENCE = 3
"""So many images in a row that break the pace are another pace; each of them is taken, and the one after it.

One in four that goes on breaking it is another pace too: 24 images/s keep that of 30 with three of four.
"""
MARGIN_S = 0.002
"""So much later than usual an image may come without the rest ending too early."""
_CREEP_S, _STEP_S = 0.00005, 0.002  # how far what is held to be the usual delay moves with one image, down and up
_LEAST_PER_SLOT = 1.9  # images: with fewer there is hardly one to leave
_OFF_PACE = 0.25  # of a period: an image that is farther off breaks the pace
_FORGIVEN = 0.2  # of an image that broke the pace, with each one that keeps it
_NEARLY = 0.0625  # of a period: two images that lie so alike beside the centre are as good as each other
_MOST_LOST = 1.25  # images sent for each that comes, where the loss is no pattern
_FOLLOW_STAMP, _FOLLOW_PERIOD = 0.3, 0.02  # of what an image was off, how much is believed


class ImagePacing:
    """Follows one camera. Stamps are seconds of the images' clock, `now_s` of a steady clock that may be any other.

    When a rest ends too early, an image is taken in vain and the right one is waited for: nothing is missed. The end
    creeps forward with every image that was there, until it is too early once and steps back; so it follows clocks
    that drift apart, and finds the usual delay although an image that had to wait does not tell when it came.
    """

    def __init__(self, slot_s: float) -> None:
        self._slot_s = slot_s
        self.forget()

    @property
    def known(self) -> bool:
        """Whether the camera keeps a pace, so that not all of its images are needed."""
        return self._period_s is not None

    def forget(self) -> None:
        """The stamps are of no use, or another camera's: begin anew."""
        self._seen: List[Tuple[float, float]] = []  # (stamp, now) while it learns
        self._broken = 0.0  # images that broke the pace and are not forgiven
        self._period_s: Optional[float] = None
        self._awaited_s: Optional[float] = None  # stamp of the image for which it rested, until the first came

    def see(self, stamp_s: float, now_s: float) -> Optional[float]:
        """An image was taken at now_s. Returns until when no other need be, None where the next is needed.

        With a time to rest until it is said as well that no later image lies clearly nearer to its slot's centre.
        """
        awaited_s, self._awaited_s = self._awaited_s, None
        if self._period_s is None:
            self._learn(stamp_s, now_s)
        elif not self._follow(stamp_s):
            return None
        elif awaited_s is None:
            self._note_arrival(now_s)
        elif not self._was_in_time(awaited_s, now_s):
            return None
        if self._period_s is None or self._before_centre_s(stamp_s) > self._period_s * (0.5 + _NEARLY):
            return None
        self._awaited_s = self._nearest_of_next_slot(stamp_s)
        return self._awaited_s + self._delay_s + MARGIN_S

    def _before_centre_s(self, stamp_s: float) -> float:
        return slot_of(stamp_s, self._slot_s) * self._slot_s - stamp_s

    def _nearest_of_next_slot(self, stamp_s: float) -> float:
        """The stamp that the image nearest to the next slot's centre will have."""
        centre_s = (slot_of(stamp_s, self._slot_s) + 1) * self._slot_s
        images = math.ceil((centre_s - self._stamp_s) / self._period_s - 0.5)
        return self._stamp_s + max(1, images) * self._period_s

    def _follow(self, stamp_s: float) -> bool:
        """Whether the image keeps the pace; then what is known moves a little towards it."""
        images = round((stamp_s - self._stamp_s) / self._period_s)
        off_s = stamp_s - self._stamp_s - images * self._period_s
        if images < 1 or images * self._period_s > GIVE_UP_S:
            self.forget()
            return False
        if abs(off_s) > _OFF_PACE * self._period_s:
            self._bear()
            return False
        self._broken = max(0.0, self._broken - _FORGIVEN)
        self._stamp_s = stamp_s - (1 - _FOLLOW_STAMP) * off_s
        self._period_s += _FOLLOW_PERIOD * off_s / images
        return True

    def _bear(self) -> None:
        self._broken += 1
        if self._broken >= PATIENCE:
            self.forget()

    def _note_arrival(self, now_s: float) -> None:
        """The image was waited for, so now is when it came."""
        self._delay_s += min(_STEP_S, max(-_CREEP_S, now_s - self._stamp_s - self._delay_s))

    def _was_in_time(self, awaited_s: float, now_s: float) -> bool:
        """Whether the image for which it rested is the one that was found, or the one after it."""
        late = round((self._stamp_s - awaited_s) / self._period_s)  # images
        if late > 1:
            self.forget()  # the stamps jumped as far as some images lie apart
        elif late >= 0:
            # What is there has come: where that is the one after it, the rest was a whole image too long.
            self._delay_s = min(self._delay_s - _CREEP_S, now_s - self._stamp_s)
        return 0 <= late <= 1  # where it was too early, the next image tells by how much

    def _learn(self, stamp_s: float, now_s: float) -> None:
        self._seen.append((stamp_s, now_s))
        if now_s - self._seen[0][1] < LEARN_S:
            return
        stamps_s = [stamp for stamp, _ in self._seen]
        delays_s = sorted(now - stamp for stamp, now in self._seen)
        period_s = _pace_of(stamps_s, self._slot_s / _LEAST_PER_SLOT)
        if period_s is not None and _spread(delays_s) <= _OFF_PACE * period_s:
            self._period_s, self._stamp_s, self._delay_s = period_s, stamp_s, median(delays_s)
        self._seen = self._seen[len(self._seen) // 2 :]


def _pace_of(stamps_s: List[float], longest_s: float) -> Optional[float]:
    """The period that nearly all of the stamps keep, some lost images allowed; None where there is none."""
    gaps_s = [later - stamp for stamp, later in zip(stamps_s, stamps_s[1:])]
    usual_s = median(gaps_s)
    if min(gaps_s) <= 0 or usual_s > longest_s:
        return None
    steps = [max(1, round(gap_s / usual_s)) for gap_s in gaps_s]
    if sum(steps) > _MOST_LOST * len(steps):
        return None  # two cameras: the stamps of both lie on a grid that neither has
    period_s = (stamps_s[-1] - stamps_s[0]) / sum(steps)
    off_s = sorted(abs(gap_s - step * period_s) for gap_s, step in zip(gaps_s, steps))
    return period_s if off_s[_most(off_s)] <= _OFF_PACE * period_s else None


def _spread(ordered: List[float]) -> float:
    return ordered[_most(ordered)] - ordered[len(ordered) - 1 - _most(ordered)]


def _most(ordered: List[float]) -> int:
    """Index below which nine of ten lie."""
    return int(0.9 * (len(ordered) - 1))
