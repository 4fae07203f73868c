"""What /diagnostics says of the node, once a second; diagnostic_updater is not everywhere."""

from dataclasses import dataclass
from typing import Optional

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from stf2m_ros.node.recognizer_worker import WorkerCounts
from stf2m_ros.node.stamps import RUN_BACK, STAND_STILL

PERIOD_S = 1.0
FAILURE_STANDS_S = 10.0
"""So long a failure, or a jump of the clock, is the state of the node; then it is in the values only."""

LEAST_IMAGES_A_SECOND = 3.0
"""With fewer most of a segment is not seen. The window takes ten a second at most."""

_CLOCK = "time ran backwards, the window began anew: two cameras on one topic, a bag that loops, a clock that was set?"
_STAMPS_BECAUSE = {RUN_BACK: "two cameras on one topic?", STAND_STILL: "a camera whose driver does not stamp them?"}


@dataclass(frozen=True)
class Health:
    """Everything there is to say at one moment."""

    state: str  # of the lifecycle
    now_s: float = 0.0  # on time.monotonic's clock
    engine: str = ""
    backend: str = ""  # what there is to say of what runs the model
    degraded: bool = False  # the backend is not the one that is wanted
    model: str = ""
    image_topic: str = ""
    silent_s: Optional[float] = None  # since the last image, if that is too long
    absence: str = ""  # why nobody is seen, empty while somebody is
    unreadable: bool = False  # images come that cannot be read
    stamp_trouble: str = ""  # RUN_BACK or STAND_STILL: the images' stamps are of no use
    images_a_second: Optional[float] = None  # by their stamps, once some came
    result_topic: str = ""
    publishers: int = 1  # on it, ourselves among them
    unheard: str = ""  # whose words do not come, and why
    images_paced: bool = False  # only the one of each slot that counts is taken
    counts: WorkerCounts = WorkerCounts()  # noqa: RUF009  frozen


def diagnostic_message(node_name: str, health: Health) -> DiagnosticArray:
    """One status; the caller stamps it."""
    level, text = judge(health)
    counts = health.counts
    values = {
        "state": health.state,
        "engine": health.engine,
        "backend": health.backend,
        "model": health.model,
        "image topic": health.image_topic,
        "images taken": "one per slot" if health.images_paced else "all",
        "frames received": counts.frames_received,
        "frames dropped": counts.frames_dropped,
        "frames looked at": counts.frames_read,
        "sequences published": counts.sequences,
        "last inference ms": f"{counts.last_inference_ms:.1f}",
        "absence": health.absence,
        "camera silent": "no" if health.silent_s is None else f"{health.silent_s:.0f} s",
        "time ran backwards": counts.clock_jumps,
        "images a second": "" if health.images_a_second is None else f"{health.images_a_second:.1f}",
        "images count at": "the time of arrival" if health.stamp_trouble else "their stamps",
        "words not heard": health.unheard,
        "failures": counts.failures,
        "last failure": counts.last_failure,
    }
    status = DiagnosticStatus(level=level, name=f"{node_name}: emotion recognition", message=text)
    status.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticArray(status=[status])


def stamps_lost(trouble: str) -> str:
    return f"the images' stamps {trouble}, the time of arrival stands in: {_STAMPS_BECAUSE[trouble]}"


def judge(health: Health) -> "tuple[bytes, str]":
    """Level and one line."""
    if health.state != "active":
        return DiagnosticStatus.OK, health.state
    if health.now_s - health.counts.last_failure_s < FAILURE_STANDS_S:
        return DiagnosticStatus.ERROR, health.counts.last_failure
    if health.silent_s is not None:
        return DiagnosticStatus.WARN, f"no image on {health.image_topic} for {health.silent_s:.0f} s"
    if health.unreadable:
        return DiagnosticStatus.WARN, f"{health.absence} ({health.counts.last_unreadable})"
    if health.stamp_trouble:
        return DiagnosticStatus.WARN, stamps_lost(health.stamp_trouble)
    if health.now_s - health.counts.last_clock_jump_s < FAILURE_STANDS_S:
        return DiagnosticStatus.WARN, _CLOCK
    if health.images_a_second is not None and health.images_a_second < LEAST_IMAGES_A_SECOND:
        return DiagnosticStatus.WARN, f"images come at {health.images_a_second:.1f} a second, about 10 are wanted"
    if health.unheard:
        return DiagnosticStatus.WARN, health.unheard
    if health.publishers > 1:
        text = f"{health.publishers} nodes publish on {health.result_topic}: was one left running?"
        return DiagnosticStatus.WARN, text
    if health.degraded:
        return DiagnosticStatus.WARN, health.backend
    return DiagnosticStatus.OK, health.absence or "a person is followed"
