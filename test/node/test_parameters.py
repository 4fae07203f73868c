"""Parameters: one dataclass, and everything derived from it agrees with it."""

from dataclasses import fields

import pytest
import ros_rig
import yaml
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.parameter import Parameter

from stf2m_ros.node.parameters import RecognizerParameters, declare, descriptor_of, document, judge_change, read

ALL = fields(RecognizerParameters)


def test_the_defaults_are_what_the_node_declares(rig):
    declare(rig.harness)
    assert read(rig.harness) == RecognizerParameters()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"backend": "abacus"}, "backend: expected one of auto, tensorrt, onnxruntime, found 'abacus'"),
        ({"threads": 0}, "threads: expected 1 to 64, found 0"),
        ({"transcript_latency_s": 31.0}, "transcript_latency_s: expected 0.0 to 30.0, found 31.0"),
        ({"face_detector": "yunet"}, "yunet_model: expected a file for face_detector yunet, found none"),
    ],
)
def test_wrong_values_say_expected_and_found(values, told):
    with pytest.raises(ValueError) as caught:
        RecognizerParameters(**values)
    assert str(caught.value) == told


def test_every_parameter_is_described_and_limited_as_the_dataclass_says():
    for each in ALL:
        descriptor = descriptor_of(each)
        limits = each.metadata["limits"]
        ranges = [*descriptor.integer_range, *descriptor.floating_point_range]
        assert descriptor.description.endswith(".")
        assert [(each.from_value, each.to_value) for each in ranges] == ([limits] if limits else [])


def test_a_value_of_another_type_is_refused_by_ros_itself(rig):
    from stf2m_ros.node.emotion_recognizer import EmotionRecognizer

    with pytest.raises(InvalidParameterTypeException):
        EmotionRecognizer(parameter_overrides=ros_rig.parameters(threads="two"))


def test_foreign_parameters_are_no_business_of_ours():
    assert judge_change([Parameter("use_sim_time", value=True)], configured=True).successful


def test_the_example_file_sets_parameters_that_exist_to_values_that_fit():
    text = (ros_rig.REPOSITORY / "config" / "emotion_recognizer.yaml").read_text(encoding="utf-8")
    (values,) = (node["ros__parameters"] for node in yaml.safe_load(text).values())
    RecognizerParameters(**values)


def test_the_page_of_parameters_is_the_one_that_the_dataclass_gives():
    page = ros_rig.REPOSITORY / "docs" / "parameters.md"
    assert page.read_text(encoding="utf-8") == document(), "write it anew: python -m stf2m_ros.node.parameters"
