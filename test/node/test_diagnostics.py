"""What /diagnostics says."""

import ros_rig  # noqa: F401  skips these tests where ROS is not there
from diagnostic_msgs.msg import DiagnosticStatus

from stf2m_ros.node.diagnostics import Health, diagnostic_message, judge
from stf2m_ros.node.recognizer_worker import WorkerCounts
from stf2m_ros.node.stamps import STAND_STILL


def test_a_node_that_follows_a_person_is_well():
    assert judge(Health(state="active")) == (DiagnosticStatus.OK, "a person is followed")


def test_nobody_there_is_no_fault_of_the_node():
    assert judge(Health(state="active", absence="no face in the images")) == (
        DiagnosticStatus.OK,
        "no face in the images",
    )


def test_images_that_cannot_be_read_are_a_warning_that_says_why():
    counts = WorkerCounts(last_unreadable="image: expected an even width, found 3")
    absence = "images come that cannot be read"
    level, text = judge(Health(state="active", absence=absence, unreadable=True, counts=counts))
    assert (level, text) == (DiagnosticStatus.WARN, f"{absence} (image: expected an even width, found 3)")


def test_a_silent_camera_is_a_warning_that_names_the_topic():
    level, text = judge(Health(state="active", image_topic="/cam/image", silent_s=61.2))
    assert (level, text) == (DiagnosticStatus.WARN, "no image on /cam/image for 61 s")


def test_a_failure_is_an_error_and_says_which():
    counts = WorkerCounts(failures=1, last_failure="RuntimeError: out of memory", last_failure_s=100.0)
    health = Health(state="active", now_s=101.0, counts=counts)
    assert judge(health) == (DiagnosticStatus.ERROR, "RuntimeError: out of memory")


def test_an_old_failure_does_not_hide_a_silent_camera():
    counts = WorkerCounts(failures=1, last_failure="RuntimeError: out of memory", last_failure_s=100.0)
    level, text = judge(Health(state="active", now_s=115.0, counts=counts, image_topic="/image", silent_s=4.0))
    assert (level, text) == (DiagnosticStatus.WARN, "no image on /image for 4 s")


def test_time_that_ran_backwards_is_a_warning_for_a_while_and_is_counted():
    counts = WorkerCounts(clock_jumps=3, last_clock_jump_s=100.0)
    health = Health(state="active", now_s=101.0, counts=counts)
    level, text = judge(health)
    assert level == DiagnosticStatus.WARN
    assert text.startswith("time ran backwards, the window began anew")
    values = {each.key: each.value for each in diagnostic_message("/node", health).status[0].values}
    assert values["time ran backwards"] == "3"
    assert judge(Health(state="active", now_s=111.0, counts=counts))[0] == DiagnosticStatus.OK


def test_it_is_said_whether_images_are_left_untaken():
    for paced, said in ((True, "one per slot"), (False, "all")):
        message = diagnostic_message("/node", Health(state="active", images_paced=paced))
        assert {each.key: each.value for each in message.status[0].values}["images taken"] == said


def test_stamps_of_no_use_are_a_warning_as_long_as_the_time_of_arrival_stands_in():
    health = Health(state="active", stamp_trouble=STAND_STILL)
    level, text = judge(health)
    assert level == DiagnosticStatus.WARN and "the time of arrival stands in" in text
    values = {each.key: each.value for each in diagnostic_message("/node", health).status[0].values}
    assert values["images count at"] == "the time of arrival"


def test_a_camera_that_is_too_slow_is_a_warning_with_its_rate():
    level, text = judge(Health(state="active", absence="no images come", images_a_second=1.04))
    assert (level, text) == (DiagnosticStatus.WARN, "images come at 1.0 a second, about 10 are wanted")
    assert judge(Health(state="active", images_a_second=5.0))[0] == DiagnosticStatus.OK


def test_words_that_do_not_come_are_a_warning_that_says_whose():
    unheard = "words on /transcript are not heard: asr sends std_msgs/msg/String, expected stf2m_msgs/msg/Utterance"
    assert judge(Health(state="active", unheard=unheard)) == (DiagnosticStatus.WARN, unheard)


def test_another_recogniser_on_the_same_topic_is_a_warning():
    level, text = judge(Health(state="active", result_topic="/emotion_sequence", publishers=2))
    assert (level, text) == (DiagnosticStatus.WARN, "2 nodes publish on /emotion_sequence: was one left running?")


def test_a_backend_that_is_not_the_wanted_one_is_a_warning():
    said = "ONNX Runtime serves: pycuda is not installed"
    assert judge(Health(state="active", backend=said, degraded=True)) == (DiagnosticStatus.WARN, said)


def test_a_build_that_goes_on_is_told_but_no_warning():
    health = Health(state="active", backend="TensorRT's engines are being built since 20 s")
    assert judge(health)[0] == DiagnosticStatus.OK
    values = {each.key: each.value for each in diagnostic_message("/node", health).status[0].values}
    assert values["backend"] == health.backend


def test_an_inactive_node_says_so():
    assert judge(Health(state="inactive", silent_s=99.0)) == (DiagnosticStatus.OK, "inactive")


def test_the_numbers_are_in_the_message():
    counts = WorkerCounts(frames_received=30, frames_dropped=2, frames_read=10, sequences=2, last_inference_ms=12.34)
    status = diagnostic_message("/robot/emotion_recognizer", Health(state="active", counts=counts)).status[0]
    values = {each.key: each.value for each in status.values}
    assert (values["frames received"], values["frames dropped"], values["frames looked at"]) == ("30", "2", "10")
    assert values["last inference ms"] == "12.3"
