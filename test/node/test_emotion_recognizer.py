"""The node in this process, under real rclpy, over the real middleware."""

import array
import shutil
import threading
from importlib.util import find_spec

import cv2
import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from node_answers import activate, face_seen, newest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import ReliabilityPolicy
from ros_rig import BEGIN_S, FACE_PX, REPOSITORY
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from stf2m_msgs.msg import EmotionSegment, Utterance
from stf2m_ros.node.stamps import time_of

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


def test_images_become_emotion_sequences(rig, recognizer_node):
    activate(recognizer_node())
    rig.send_images(until=face_seen(rig), what="a face in the newest segment")
    message = newest(rig)
    assert message.schema_version == message.SCHEMA_VERSION
    assert message.caveat == "random weights, for tests only"
    assert (message.model_name, message.engine) == ("tiny", "onnxruntime-cpu")
    assert message.header.frame_id == "test_camera"
    assert message.header.stamp.sec >= BEGIN_S
    assert message.reason == ""
    assert len(message.segments) == 60
    assert message.labels[EmotionSegment.FEAR_MEDIUM] == "fear-medium"
    assert message.segments[-1].probabilities.sum() == pytest.approx(1, abs=1e-4)
    x, y, width, height = message.face_box
    assert 0 <= x < x + width <= FACE_PX
    assert 0 <= y < y + height <= FACE_PX


@pytest.mark.parametrize(("suffix", "size"), [(".jpg", (48, 48)), (".png", (2160, 3840))])
def test_compressed_images_are_heard_below_the_images_topic_up_to_4k(rig, recognizer_node, suffix, size):
    activate(recognizer_node(image_transport="compressed"))
    camera = rig.harness.create_publisher(CompressedImage, "image/compressed", 1)
    rig.until(lambda: camera.get_subscription_count(), "a subscription of the compressed images")
    _, data = cv2.imencode(suffix, np.full((*size, 3), 90, np.uint8))

    def compressed(stamp_s):
        message = CompressedImage(format=suffix[1:], data=array.array("B", data.tobytes()))
        message.header.stamp = time_of(stamp_s)
        return message

    # 4K takes a machine under load half a second: sent faster, most of the camera's time would pass unseen.
    rig.send_images(until=face_seen(rig), what="a face", make=compressed, step_s=0.5, publisher=camera, every_s=0.2)


def test_the_qos_of_the_images_can_be_overridden(rig, recognizer_node):
    activate(recognizer_node(**{"qos_overrides./image.subscription.reliability": "reliable"}))
    rig.until(lambda: rig.harness.get_subscriptions_info_by_topic("/image"), "the subscription in the graph")
    (subscription,) = rig.harness.get_subscriptions_info_by_topic("/image")
    assert subscription.qos_profile.reliability == ReliabilityPolicy.RELIABLE


def test_a_sequence_is_published_for_each_hop(rig, recognizer_node):
    activate(recognizer_node())
    rig.send_images(until=lambda: len(rig.harness.sequences) >= 8, what="eight sequences")
    ends = [message.window_end.sec + message.window_end.nanosec * 1e-9 for message in rig.harness.sequences]
    assert np.allclose(np.diff(ends), 0.5)


def test_any_number_of_life_cycles_leaves_nothing_behind(rig, recognizer_node):
    node = recognizer_node()
    threads = threading.active_count()
    for _ in range(3):
        activate(node)
        rig.harness.sequences.clear()
        rig.send_images(until=face_seen(rig), what="a face in each life")
        assert node.trigger_deactivate() == SUCCESS
        assert node.trigger_cleanup() == SUCCESS
        assert threading.active_count() == threads
        rig.until(lambda: rig.harness.images.get_subscription_count() == 0, "the subscription to go")


def test_a_transition_that_is_not_possible_is_refused_and_the_node_stays_up(rig, recognizer_node):
    activate(recognizer_node())
    client = rig.harness.create_client(ChangeState, "/emotion_recognizer/change_state")
    rig.until(client.service_is_ready, "the service")
    answer = client.call_async(ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE)))
    rig.until(answer.done, "an answer")
    assert not answer.result().success
    rig.until(lambda: rig.harness.said("transition 1 refused"), "a line in the log")
    rig.send_images(until=face_seen(rig), what="a face all the same")


def test_an_inactive_node_can_be_activated_again_with_an_empty_window(rig, recognizer_node):
    node = recognizer_node()
    activate(node)
    rig.send_images(until=face_seen(rig), what="a face")
    assert node.trigger_deactivate() == SUCCESS
    rig.until(lambda: rig.harness.images.get_subscription_count() == 0, "the subscription to go")
    rig.harness.sequences.clear()
    rig.stamp_s += 5.0
    begin_s = rig.stamp_s
    assert node.trigger_activate() == SUCCESS
    rig.send_images(until=face_seen(rig), what="a face again")
    seen = [segment.start.sec for segment in newest(rig).segments if segment.face_coverage > 0]
    assert min(seen) >= int(begin_s)


def test_a_node_that_was_shut_down_says_that_it_is_final(rig, recognizer_node):
    node = recognizer_node()
    activate(node)
    assert node.trigger_shutdown() == SUCCESS
    rig.until(
        lambda: any(array.status[0].message == "finalized" for array in rig.harness.diagnostics), "the state it is in"
    )


def test_a_misspelt_parameter_and_what_a_node_waits_for_are_told(rig, recognizer_node):
    recognizer_node(bundel="x")
    rig.until(lambda: rig.harness.said("parameter bundel is not known"), "the name in the log")
    rig.until(lambda: rig.harness.said("ros2 lifecycle set /emotion_recognizer configure"), "what to do in the log")
    assert not any("parameter bundle is" in line or "qos_" in line for line in rig.harness.logs)


def test_autostart_configures_and_activates_by_itself(rig, recognizer_node):
    recognizer_node(autostart=True)
    rig.send_images(until=face_seen(rig), what="a face, without anybody's asking")


# -- bundles that are not what they should be: one line, and a retry after the mend


def fails_until_mended(rig, node, expected, mend):
    assert node.trigger_configure() == FAILURE
    rig.until(lambda: rig.harness.said("configure failed"), "the reason in the log")
    line = next(line for line in rig.harness.logs if "configure failed" in line)
    assert expected in line
    assert "\n" not in line
    mend()
    activate(node)
    rig.send_images(until=face_seen(rig), what="a face after the mend")


def test_a_missing_bundle_fails_in_one_line_and_can_be_retried(rig, recognizer_node, tiny_bundle_folder, tmp_path):
    folder = tmp_path / "bundle_to_come"
    node = recognizer_node(bundle=str(folder))
    fails_until_mended(
        rig, node, "expected a model bundle, found no such folder", lambda: shutil.copytree(tiny_bundle_folder, folder)
    )


def test_a_changed_byte_in_a_bundle_is_told_and_can_be_mended(rig, recognizer_node, bundle_folder):
    path = bundle_folder / "last_layer.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    node = recognizer_node(bundle=str(bundle_folder))
    fails_until_mended(rig, node, "expected sha256", lambda: path.write_bytes(whole))


def test_a_bundle_of_another_version_is_told(rig, recognizer_node, bundle_folder):
    card = bundle_folder / "bundle.yaml"
    whole = card.read_text()
    card.write_text(whole.replace("format_version: 1", "format_version: 2"))
    node = recognizer_node(bundle=str(bundle_folder))
    fails_until_mended(rig, node, "expected format_version 1, found 2", lambda: card.write_text(whole))


def test_a_rule_with_an_unknown_component_is_told_and_takes_effect_once_mended(rig, recognizer_node, tmp_path):
    rules = tmp_path / "rules.yaml"
    whole = (REPOSITORY / "config" / "rules" / "facs.yaml").read_text()
    rules.write_text(whole.replace("mouth_corners:", "moustache:"))
    node = recognizer_node(rules=str(rules))
    fails_until_mended(rig, node, "moustache", lambda: rules.write_text(whole))


def test_word_vectors_that_the_bundle_never_learned_from_are_refused(rig, recognizer_node, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("hello " + " ".join(["0.5"] * 300) + "\n")
    node = recognizer_node(word_vectors=str(vectors))
    assert node.trigger_configure() == FAILURE
    rig.until(lambda: rig.harness.said("expected a bundle that was trained on word vectors"), "the reason in the log")


def test_a_bundle_that_is_not_installed_is_told_with_those_that_are(rig, recognizer_node):
    node = recognizer_node(bundle="no_such_model")
    assert node.trigger_configure() == FAILURE
    rig.until(lambda: rig.harness.said("found 'no_such_model'"), "the name in the log")


# -- words


def counted_words(rig):
    return sum(segment.word_count for segment in newest(rig).segments) if rig.harness.sequences else 0


def test_words_of_the_transcript_are_in_the_window(rig, recognizer_node):
    activate(recognizer_node())
    publisher = rig.harness.create_publisher(Utterance, "transcript", 10)
    rig.send_images(until=face_seen(rig), what="a face")
    rig.until(lambda: publisher.get_subscription_count(), "a subscription of the words")
    message = Utterance(text="I am glad to see you", is_final=True)
    message.start.sec, message.end.sec = int(rig.stamp_s) - 1, int(rig.stamp_s)
    publisher.publish(message)
    rig.send_images(until=lambda: counted_words(rig) >= 6, what="six words")
    assert any(segment.modalities & EmotionSegment.MODALITY_WORDS for segment in newest(rig).segments)


def test_plain_text_counts_at_its_arrival_on_the_clock_of_the_images(rig, recognizer_node):
    activate(recognizer_node(transcript_type="string", transcript_latency_s=1.0))
    publisher = rig.harness.create_publisher(String, "transcript", 10)
    rig.send_images(until=face_seen(rig), what="a face")
    rig.until(lambda: publisher.get_subscription_count(), "a subscription of the words")
    publisher.publish(String(data="it hurts"))
    rig.send_images(until=lambda: counted_words(rig) >= 2, what="two words")


@pytest.mark.parametrize("text", ["word " * 20_000, "\x00\x07it\x1b[31m hurts\u202e", "", "\n\n\n"])
def test_odd_texts_are_borne(rig, recognizer_node, text):
    node = recognizer_node()
    activate(node)
    publisher = rig.harness.create_publisher(Utterance, "transcript", 10)
    rig.until(lambda: publisher.get_subscription_count(), "a subscription of the words")
    rig.send_images(until=face_seen(rig), what="a face")
    publisher.publish(Utterance(text=text, is_final=True))
    seen = len(rig.harness.sequences)
    rig.send_images(until=lambda: len(rig.harness.sequences) > seen + 3, what="more sequences")
    assert not rig.harness.said("the window begins anew")


def test_words_whose_times_run_backwards_are_passed_over(rig, recognizer_node):
    activate(recognizer_node())
    publisher = rig.harness.create_publisher(Utterance, "transcript", 10)
    rig.until(lambda: publisher.get_subscription_count(), "a subscription of the words")
    message = Utterance(text="backwards", is_final=True)
    message.start.sec, message.end.sec = 20, 10
    publisher.publish(message)
    rig.until(lambda: rig.harness.said("transcript passed over"), "the reason in the log")


def test_a_speech_recogniser_of_another_type_is_told_once_and_in_diagnostics(rig, stranger, recognizer_node):
    words = stranger.create_publisher(String, "transcript", 10)
    activate(recognizer_node())
    told = "words on /transcript are not heard: stranger sends std_msgs/msg/String, expected stf2m_msgs/msg/Utterance"
    rig.until(lambda: rig.harness.said(told), "the recogniser in the log")
    rig.until(lambda: told in words_not_heard(rig), "the recogniser in the diagnostics")
    stranger.destroy_publisher(words)
    rig.until(lambda: words_not_heard(rig)[-1] == "", "the end of it")
    assert sum(told in line for line in rig.harness.logs) == 1


def words_not_heard(rig):
    values = [each for array in rig.harness.diagnostics for each in array.status[0].values]
    return [each.value for each in values if each.key == "words not heard"]


def test_a_transcript_type_that_is_not_installed_is_told(rig, recognizer_node):
    if find_spec("hri_msgs"):
        pytest.skip("hri_msgs is installed here")
    assert recognizer_node(transcript_type="live_speech").trigger_configure() == FAILURE
    rig.until(lambda: rig.harness.said("hri_msgs"), "the package's name in the log")


# -- parameters and diagnostics


def test_a_parameter_that_would_take_no_effect_is_refused(rig, recognizer_node):
    node = recognizer_node()
    activate(node)
    (result,) = node.set_parameters([Parameter("threads", value=2)])
    assert not result.successful
    assert "clean the node up first" in result.reason
    node.trigger_deactivate()
    node.trigger_cleanup()
    (result,) = node.set_parameters([Parameter("threads", value=2)])
    assert result.successful


@pytest.mark.parametrize(("name", "value"), [("backend", "abacus"), ("threads", 0), ("transcript_latency_s", -1.0)])
def test_a_parameter_of_a_wrong_value_is_refused(rig, recognizer_node, name, value):
    (result,) = recognizer_node().set_parameters([Parameter(name, value=value)])
    assert not result.successful


def test_diagnostics_tell_what_the_node_does(rig, recognizer_node):
    activate(recognizer_node())
    rig.send_images(until=face_seen(rig), what="a face")
    rig.harness.diagnostics.clear()
    rig.until(lambda: rig.harness.diagnostics, "diagnostics")
    status = rig.harness.diagnostics[-1].status[0]
    values = {each.key: each.value for each in status.values}
    assert status.name == "/emotion_recognizer: emotion recognition"
    assert status.message == "a person is followed"
    assert values["engine"] == "onnxruntime-cpu"
    assert int(values["frames received"]) >= int(values["frames looked at"]) > 0
    assert values["failures"] == "0"


def test_diagnostics_of_a_node_at_rest_tell_nothing_of_what_it_last_saw(rig, recognizer_node):
    node = recognizer_node()
    activate(node)
    rig.send_images(until=face_seen(rig), what="a face")
    assert node.trigger_deactivate() == SUCCESS
    rig.harness.diagnostics.clear()
    rig.until(lambda: rig.harness.diagnostics, "diagnostics")
    values = {each.key: each.value for each in rig.harness.diagnostics[-1].status[0].values}
    assert (values["state"], values["absence"], values["images a second"]) == ("inactive", "nothing seen yet", "")
