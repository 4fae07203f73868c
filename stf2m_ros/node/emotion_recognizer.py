"""The lifecycle node: images and transcripts in, emotion sequences out. It only connects; the runtime decides."""

import time
from dataclasses import replace
from functools import partial
from typing import Callable, Optional

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image

from stf2m_msgs.msg import EmotionSequence as EmotionSequenceMessage
from stf2m_ros.node import diagnostics, log_bridge, parameters
from stf2m_ros.node.image_bytes import header_of, rgb_of_compressed_bytes, rgb_of_image_bytes
from stf2m_ros.node.image_messages import ImageUnreadable
from stf2m_ros.node.image_rest import ImageRest
from stf2m_ros.node.image_watch import ImageRate, ImageWatch, describe_publishers, describe_unheard, topic_type_name
from stf2m_ros.node.messages import ModelIdentity, SequenceMessages, reason_text
from stf2m_ros.node.recognizer_loading import LoadedRecognizer, load_recognizer
from stf2m_ros.node.recognizer_worker import MAX_UTTERANCES, RecognizerWorker, WorkerCounts
from stf2m_ros.node.stamps import StampClock, StampTrust, seconds_of
from stf2m_ros.node.transcript_messages import TranscriptSource, transcript_source
from stf2m_ros.node.transitions import failing_clearly, refusing_the_impossible
from stf2m_ros.runtime.emotion_sequence import AbsenceReason, EmotionSequence

_THROTTLE_S = 10.0
_WATCH_PERIOD_S = 0.25
_SUCCESS = TransitionCallbackReturn.SUCCESS


class EmotionRecognizer(LifecycleNode):
    """Parameters and engines come with configure, subscriptions with activate; each has its mirror image."""

    def __init__(self, **node_options: object) -> None:
        super().__init__(parameters.NODE_NAME, **node_options)
        parameters.declare(self)
        refusing_the_impossible(self)
        self._log_handler = log_bridge.attach(self.get_logger())
        self.add_on_set_parameters_callback(lambda changes: parameters.judge_change(changes, self._worker is not None))
        self._worker: Optional[RecognizerWorker] = None
        self._loaded: Optional[LoadedRecognizer] = None
        self._publisher = self._image_subscription = self._transcript_subscription = None
        self._images: Optional[ImageWatch] = None
        self._rest = ImageRest(self)
        self._messages = SequenceMessages()  # of the worker's thread
        self._frame_id, self._idle_state, self._unheard = "", "unconfigured", ""
        self._forget_images()
        # Not the node's time: where simulated time stands still, the node shall start and speak all the same.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(diagnostics.PERIOD_S, self._diagnose, clock=steady)
        self.create_timer(_WATCH_PERIOD_S, self._watch_images, clock=steady)
        for name in parameters.unknown(self):
            self.get_logger().warning(f"parameter {name} is not known, and changes nothing: see docs/parameters.md")
        if self.get_parameter("autostart").value:
            self._autostart = self.create_timer(0.0, self._start_by_itself, clock=steady)
        else:
            name = self.get_fully_qualified_name()
            self.get_logger().info(f"unconfigured; go on with `ros2 lifecycle set {name} configure` and `activate`")

    # -- transitions

    @failing_clearly(undo="_release")
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._settings = parameters.read(self)
        self._transcript_source = transcript_source(self._settings.transcript_type)
        self._publisher = self.create_lifecycle_publisher(
            EmotionSequenceMessage, "emotion_sequence", 10, qos_overriding_options=_overridable()
        )
        self._worker = RecognizerWorker(partial(load_recognizer, self._settings), self._publish, self._stamp_now)
        self._loaded = self._worker.start()
        model = self._model_now()
        self.get_logger().info(f"configured: model {model.name} {model.version} on {model.engine}")
        return super().on_configure(state)

    @failing_clearly(undo="_stop_listening")
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._images = ImageWatch(time.monotonic())
        super().on_activate(state)
        self._worker.activate()
        self._image_subscription = self._subscribe_images()
        if _holds_the_newest_only(self._image_subscription.qos_profile):
            self._rest.begin(self._loaded.recognizer.slot_s)
        self._transcript_subscription = self._subscribe_transcript(self._transcript_source)
        self.get_logger().info(
            f"active: images from {self._image_subscription.topic_name}, words from "
            f"{self._transcript_subscription.topic_name}, results on {self._publisher.topic_name}"
        )
        return _SUCCESS

    @failing_clearly(undo="_stop_listening")
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop_listening()
        return super().on_deactivate(state)

    @failing_clearly(undo="_release")
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._release()
        return _SUCCESS

    @failing_clearly(undo="_release")
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._release()
        self._idle_state = "finalized"
        return _SUCCESS

    def close(self) -> None:
        """Frees everything in whatever state the node is; the process is about to end."""
        self._release()
        log_bridge.detach(self._log_handler)
        self.destroy_node()

    def _stop_listening(self) -> None:
        for subscription in (self._image_subscription, self._transcript_subscription):
            if subscription is not None:
                self.destroy_subscription(subscription)
        self._rest.end()
        self._image_subscription = self._transcript_subscription = self._images = None
        if self._worker is not None:
            self._worker.deactivate()
        self._forget_images()

    def _forget_images(self) -> None:
        """What was seen is of no time to come; not before the worker is at rest, which tells of absence too."""
        self._image_rate, self._stamp_clock, self._stamp_trust = ImageRate(), StampClock(), StampTrust()
        self._absence = AbsenceReason.WINDOW_FILLING

    def _release(self) -> None:
        self._stop_listening()
        if self._worker is not None:
            self._worker.stop()
        if self._publisher is not None:
            self.destroy_lifecycle_publisher(self._publisher)
        self._worker = self._publisher = self._loaded = None

    def _start_by_itself(self) -> None:
        self.destroy_timer(self._autostart)
        if self.trigger_configure() == _SUCCESS:
            self.trigger_activate()

    # -- inputs: callbacks only hand over

    def _subscribe_images(self) -> object:
        """The newest image only, best effort: what cameras send and what a robot needs."""
        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        message_type, topic, read = Image, "image", rgb_of_image_bytes
        if self._settings.image_transport == "compressed":
            # The convention of image_transport: the compressed topic lies below the raw one, also a remapped one.
            topic = self.resolve_topic_name("image") + "/compressed"
            message_type, read = CompressedImage, rgb_of_compressed_bytes
        callback, overridable = partial(self._on_image, message_type, read), _overridable()
        # Raw: as bytes, see image_bytes.py.
        return self.create_subscription(
            message_type, topic, callback, qos, callback_group=self._rest, qos_overriding_options=overridable, raw=True
        )

    def _subscribe_transcript(self, source: TranscriptSource) -> object:
        callback = partial(self._on_transcript, source)
        return self.create_subscription(
            source.message_type, "transcript", callback, MAX_UTTERANCES, qos_overriding_options=_overridable()
        )

    def _on_image(self, message_type: type, read: Callable, data: bytes) -> None:
        try:
            header = header_of(data, message_type)
        except ImageUnreadable as error:
            self.get_logger().warning(f"image passed over: {error}", throttle_duration_sec=_THROTTLE_S)
            return
        silence_s = self._images.see(time.monotonic())
        if silence_s is not None:
            self.get_logger().info(f"images come again after {silence_s:.0f} s")
        self._frame_id = header.frame_id
        stamp_s = self._stamp_of(header.stamp)
        self._image_rate.see(stamp_s)
        self._worker.put_frame(stamp_s, partial(read, data), settles=self._rest.see(stamp_s))

    def _on_transcript(self, source: TranscriptSource, message: object) -> None:
        try:
            utterance = source.read(message, self._stamp_now() - self._settings.transcript_latency_s)
        except ValueError as error:
            self.get_logger().warning(f"transcript passed over: {error}", throttle_duration_sec=_THROTTLE_S)
            return
        self._worker.put_words(utterance)

    def _stamp_of(self, stamp: Time) -> float:
        now_s, stamp_s = self._now_s(), seconds_of(stamp)
        if stamp_s <= 0:
            self._rest.forget()
            self.get_logger().warning(
                "images carry no stamp, the time of arrival stands in", throttle_duration_sec=_THROTTLE_S
            )
            stamp_s = now_s  # seen like any other: beside a camera that stamps by a clock of its own time runs back
        if not self._stamp_trust.see(stamp_s, time.monotonic()):
            self._rest.forget()
            text = diagnostics.stamps_lost(self._stamp_trust.trouble)
            self.get_logger().warning(text, throttle_duration_sec=_THROTTLE_S)
            stamp_s = now_s
        self._stamp_clock.see(stamp_s, now_s)
        return stamp_s

    def _now_s(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _stamp_now(self) -> float:
        return self._stamp_clock.at(self._now_s())

    # -- outputs

    def _publish(self, sequence: EmotionSequence) -> None:
        """On the worker's thread."""
        if not self.context.ok():
            return
        self._absence = AbsenceReason.PRESENT if sequence.present else sequence.absence
        detail = self._worker.counts.last_unreadable if self._absence == AbsenceReason.BAD_IMAGE else ""
        self._publisher.publish(self._messages.write(sequence, self._model_now(), self._frame_id, detail))

    def _model_now(self) -> ModelIdentity:
        """With the engine that runs it at this moment."""
        return replace(self._loaded.model, engine=self._loaded.backend.engine)

    def _watch_images(self) -> None:
        now_s, images, subscription = time.monotonic(), self._images, self._image_subscription
        if images is not None and images.must_speak(now_s):
            type_name = topic_type_name(subscription.msg_type)
            found = describe_publishers(self, subscription.topic_name, type_name, subscription.qos_profile)
            silent_s = images.silent_s(now_s)
            self.get_logger().warning(f"no image on {subscription.topic_name} for {silent_s:.0f} s: {found}")

    def _watch_words(self) -> None:
        """A speech recogniser of another type or QoS is as silent as a patient who says nothing."""
        subscription, unheard = self._transcript_subscription, ""
        if subscription is not None:
            type_name = topic_type_name(subscription.msg_type)
            found = describe_unheard(self, subscription.topic_name, type_name, subscription.qos_profile)
            unheard = found and f"words on {subscription.topic_name} are not heard: {found}"
        if unheard and unheard != self._unheard:
            self.get_logger().warning(unheard)
        self._unheard = unheard

    def _diagnose(self) -> None:
        self._watch_words()
        health = self._health(time.monotonic())
        message = diagnostics.diagnostic_message(self.get_fully_qualified_name(), health)
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _health(self, now_s: float) -> diagnostics.Health:
        images, subscription, loaded = self._images, self._image_subscription, self._loaded
        result_topic = self._publisher.topic_name if self._publisher else ""
        silent = images is not None and images.is_silent(now_s)
        return diagnostics.Health(
            now_s=now_s,
            state="active" if images else "inactive" if self._worker else self._idle_state,
            engine=loaded.backend.engine if loaded else "",
            backend=loaded.backend.text if loaded else "",
            degraded=loaded.backend.degraded if loaded else False,
            model=f"{loaded.model.name} {loaded.model.version}" if loaded else "",
            image_topic=subscription.topic_name if subscription else "",
            silent_s=images.silent_s(now_s) if silent else None,
            absence=reason_text(self._absence),
            unreadable=self._absence == AbsenceReason.BAD_IMAGE,
            stamp_trouble=self._stamp_trust.trouble,
            images_a_second=self._image_rate.per_s,
            result_topic=result_topic,
            publishers=self.count_publishers(result_topic) if result_topic else 1,
            images_paced=self._rest.paced,
            unheard=self._unheard,
            counts=self._worker.counts if self._worker else WorkerCounts(),
        )


def _holds_the_newest_only(qos: QoSProfile) -> bool:
    """Whether an image that is not taken is overwritten, not kept for later."""
    return qos.history == HistoryPolicy.KEEP_LAST and qos.depth == 1


def _overridable() -> QoSOverridingOptions:
    return QoSOverridingOptions.with_default_policies()
