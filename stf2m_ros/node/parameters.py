"""The parameters: one frozen dataclass; ROS parameters, launch arguments and documentation are derived from it."""

from dataclasses import Field, dataclass, field, fields
from typing import Any, Iterable, List, Mapping, Optional, Tuple

import yaml
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from stf2m_ros.runtime.backends import BACKENDS, DLA_CORES, BackendSettings
from stf2m_ros.runtime.cuda_buffers import GPU_MEMORY
from stf2m_ros.runtime.tensorrt_api import PRECISIONS

NODE_NAME = "emotion_recognizer"
"""By which files of parameters know the node."""


def parameter(
    default: Any,
    description: str,
    choices: Tuple[str, ...] = (),
    limits: Optional[Tuple[float, float]] = None,
    read_only: bool = False,
) -> Any:
    """A dataclass field that says of itself what `ros2 param describe` shows."""
    metadata = {"description": description, "choices": choices, "limits": limits, "read_only": read_only}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class RecognizerParameters:
    """What a user may set on the node. Read at each configure; a default stands here and nowhere else."""

    bundle: str = parameter(
        "generated_faces", "Model bundle: a folder, or the name of one that is installed with stf2m_ros."
    )
    backend: str = parameter(
        BackendSettings.backend,
        "What runs the model. auto: TensorRT where it and an NVIDIA GPU are there, else ONNX Runtime on the CPU.",
        choices=BACKENDS,
    )
    precision: str = parameter(
        BackendSettings.precision,
        "fp32, fp16: of TensorRT's engines; ONNX Runtime runs fp32. int8: of the frame encoder, TensorRT's and where "
        "there is none ONNX Runtime's, with a bundle that has been quantised.",
        choices=PRECISIONS,
    )
    dla: int = parameter(
        BackendSettings.dla,
        "Core of the DLA on which TensorRT runs the frame encoder, in fp16 or int8; -1 for the GPU.",
        limits=(min(DLA_CORES), max(DLA_CORES)),
    )
    gpu_memory: str = parameter(
        BackendSettings.gpu_memory,
        "How TensorRT's inputs and outputs come to the GPU. mapped: it reads the CPU's memory; copied: into its own; "
        "auto: mapped where the two share one memory, as on a Jetson.",
        choices=GPU_MEMORY,
    )
    threads: int = parameter(
        BackendSettings.threads, "Processor cores that one run of the model may use.", limits=(1, 64)
    )
    rules: str = parameter("", "File of fuzzy rules to use instead of the bundle's; empty for the bundle's.")
    word_vectors: str = parameter(
        "",
        "File of GloVe word vectors, for a bundle that was trained on such: all of its words in place of the bundle's.",
    )
    face_detector: str = parameter(
        "haar",
        "haar: OpenCV's own; yunet: the file yunet_model; ready_crop: every image is one face already.",
        choices=("haar", "yunet", "ready_crop"),
    )
    yunet_model: str = parameter("", "ONNX file of OpenCV's YuNet face detector, for face_detector yunet.")
    image_transport: str = parameter(
        "raw", "raw: sensor_msgs/Image on image; compressed: CompressedImage below it.", choices=("raw", "compressed")
    )
    transcript_type: str = parameter(
        "utterance",
        "Type of the topic transcript: stf2m_msgs/Utterance, std_msgs/String or hri_msgs/LiveSpeech.",
        choices=("utterance", "string", "live_speech"),
    )
    transcript_latency_s: float = parameter(
        0.0, "Seconds between the end of speech and the arrival of a text without times of its own.", limits=(0.0, 30.0)
    )
    speaker_id: str = parameter("", "Only this speaker's utterances count, and those without an id; empty for all.")
    autostart: bool = parameter(
        False, "Configure and activate without being asked, also after a restart.", read_only=True
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each, getattr(self, each.name))
        if self.face_detector == "yunet" and not self.yunet_model:
            raise ValueError("yunet_model: expected a file for face_detector yunet, found none")


def _check(each: Field, value: Any) -> None:
    choices, limits = each.metadata["choices"], each.metadata["limits"]
    if choices and value not in choices:
        raise ValueError(f"{each.name}: expected one of {', '.join(choices)}, found {value!r}")
    if limits and not limits[0] <= value <= limits[1]:
        raise ValueError(f"{each.name}: expected {limits[0]} to {limits[1]}, found {value}")


def check_values(values: Mapping[str, Any]) -> None:
    """Raises ValueError for the first of ours that is of another type than the node declares, or out of range."""
    for each in fields(RecognizerParameters):
        if each.name in values:
            wanted, value = type(each.default), values[each.name]
            if type(value) is not wanted:
                raise ValueError(f"{each.name}: expected {wanted.__name__}, found {value!r}")
            _check(each, value)


def descriptor_of(each: Field) -> ParameterDescriptor:
    """What `ros2 param describe` shows of one field."""
    descriptor = ParameterDescriptor(
        name=each.name, description=each.metadata["description"], read_only=each.metadata["read_only"]
    )
    choices, limits = each.metadata["choices"], each.metadata["limits"]
    if choices:
        descriptor.additional_constraints = "one of " + ", ".join(choices)
    if limits and isinstance(each.default, int):
        descriptor.integer_range = [IntegerRange(from_value=limits[0], to_value=limits[1], step=0)]
    elif limits:
        descriptor.floating_point_range = [FloatingPointRange(from_value=limits[0], to_value=limits[1], step=0.0)]
    return descriptor


def declare(node: Node) -> None:
    """Declares every field. Raises rclpy's own errors for a wrong type or a value out of range."""
    for each in fields(RecognizerParameters):
        node.declare_parameter(each.name, each.default, descriptor_of(each))


def unknown(node: Node) -> List[str]:
    """Of the values that the process was given for the node, those that it never asks for: misspelt names, mostly."""
    given = getattr(node, "_parameter_overrides", {})  # rclpy tells nobody else
    return sorted(name for name in given if not (node.has_parameter(name) or name.startswith("qos_overrides.")))


def read(node: Node) -> RecognizerParameters:
    """The values of now. Raises ValueError, saying expected and found."""
    return RecognizerParameters(
        **{each.name: node.get_parameter(each.name).value for each in fields(RecognizerParameters)}
    )


def judge_change(changes: Iterable[Parameter], configured: bool) -> SetParametersResult:
    """Whether a running node can take these changes; a value that would have no effect is refused, not swallowed."""
    named = {each.name: each.value for each in changes}
    ours = {name: named[name] for name in _names() if name in named}
    if ours and configured:
        reason = f"{', '.join(ours)}: takes effect at configure only; clean the node up first"
        return SetParametersResult(successful=False, reason=reason)
    for each in fields(RecognizerParameters):
        if each.name in ours:
            try:
                _check(each, ours[each.name])
            except (ValueError, TypeError) as error:
                return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)


def _names() -> List[str]:
    return [each.name for each in fields(RecognizerParameters)]


_PAGE_HEAD = """# Parameters of the node

This page is made from the code: `python -m stf2m_ros.node.parameters > docs/parameters.md`.

The node reads its parameters at *configure*. While it is configured, setting one is refused; clean the node up
first. Set them in a file (`params_file:=` of the launch file, an example is `config/emotion_recognizer.yaml`), as
launch arguments of the same names, or with `ros2 param set` before configure.

| parameter | default | what it is |
|---|---|---|
"""
_PAGE_TAIL = """
QoS of the topics: `qos_overrides.<resolved topic>.subscription.<reliability, depth, history>` and the same with
`publisher`; for example `qos_overrides./image.subscription.reliability: reliable`. `use_sim_time` works as in
every node.
"""


def document() -> str:
    """docs/parameters.md."""
    return _PAGE_HEAD + "".join(_row(each) for each in fields(RecognizerParameters)) + _PAGE_TAIL


def _row(each: Field) -> str:
    limits, choices = each.metadata["limits"], each.metadata["choices"]
    extra = f" From {limits[0]} to {limits[1]}." if limits else ""
    extra += f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""
    default = "empty" if each.default == "" else f"`{yaml.safe_dump(each.default).splitlines()[0]}`"
    return f"| `{each.name}` | {default} | {each.metadata['description']}{extra} |\n"


if __name__ == "__main__":
    print(document(), end="")
