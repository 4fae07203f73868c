import json

import pytest

from stf2m_ros.runtime.layer_report import BuiltLayer, described, read_layers


def layer(name: str, *formats: str) -> dict:
    return {
        "Name": name,
        "LayerType": "CaskConvolution",
        "Outputs": [{"Name": "x", "Format/Datatype": f} for f in formats],
    }


@pytest.mark.parametrize(
    ("said", "precision"),
    [
        ("Channel major FP16 format where channel % 8 == 0", "fp16"),
        ("Row major linear FP32", "fp32"),
        ("Half", "fp16"),
        ("Float", "fp32"),
        ("Four wide channel vectorized row major Int8 format", "int8"),
        ("Row major linear INT32", "int"),
        ("Row major Linear BF16", "bf16"),
        ("something new", "not told"),
    ],
)
def test_the_precision_of_a_layer_is_that_of_its_outputs(said: str, precision: str) -> None:
    assert read_layers(json.dumps({"Layers": [layer("conv1", said)]})) == [BuiltLayer("conv1", precision)]


def test_a_layer_of_several_outputs_tells_all_of_their_precisions() -> None:
    assert read_layers(json.dumps({"Layers": [layer("split", "Half", "Float", "Half")]}))[0].precision == "fp16+fp32"


def test_a_convolution_in_int8_whose_sums_leave_in_float32_is_int8() -> None:
    convolution = {**layer("conv1", "Row major linear FP32"), "Weights": {"Type": "Int8", "Count": 9408}}
    assert read_layers(json.dumps({"Layers": [convolution]})) == [BuiltLayer("conv1", "int8")]


def test_weights_of_which_nothing_is_told_leave_it_to_the_outputs() -> None:
    for weights in ({}, None, "9408"):
        layers = read_layers(json.dumps({"Layers": [{**layer("conv1", "Half"), "Weights": weights}]}))
        assert layers == [BuiltLayer("conv1", "fp16")]


def test_what_runs_on_a_dla_is_told_apart() -> None:
    on_dla = {**layer("{ForeignNode[conv1...relu]}", "Half"), "LayerType": "DLA"}
    layers = read_layers(json.dumps({"Layers": [on_dla, layer("cast", "Half"), layer("sum", "Half")]}))
    assert described(layers) == "2 fp16, 1 fp16 on the DLA"


def test_names_alone_are_layers_of_unknown_precision() -> None:
    assert read_layers('{"Layers": ["conv1", "relu1"]}')[1] == BuiltLayer("relu1", "not told")


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "{}", "null"])
def test_what_is_not_understood_is_left_out(text: str) -> None:
    assert read_layers(text) == []
