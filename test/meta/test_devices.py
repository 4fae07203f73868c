from pathlib import Path

import pytest
import torch

from stf2m_ros.meta.devices import chosen_device, has_bfloat16, mixed_precision

NO_GPU = not torch.cuda.is_available()
CPU = torch.device("cpu")


@pytest.mark.parametrize(("setting", "complaint"), [("tpu", "expected one of auto, cpu, cuda, found 'tpu'")])
def test_an_unknown_device_is_told(setting, complaint):
    with pytest.raises(ValueError, match=complaint):
        chosen_device(setting)


@pytest.mark.skipif(not NO_GPU, reason="a GPU is here")
def test_a_gpu_that_is_not_there_is_told_and_auto_does_without():
    with pytest.raises(ValueError, match="expected 2 GPUs or more, one for each process of this machine, found 0"):
        chosen_device("cuda", local_rank=1)
    assert chosen_device("auto", local_rank=1) == torch.device("cpu")


def product_type(wanted):
    with mixed_precision(CPU, wanted):
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


def test_a_cpu_computes_in_bfloat16_only_where_it_has_instructions_for_it():
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    has_them = bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))
    assert product_type(wanted=True) == (torch.bfloat16 if has_them else torch.float32)
    assert product_type(wanted=False) == torch.float32


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"avx2": True, "avx512_bf16": False}, False), ({"avx512_bf16": True}, True), ({"bf16": True}, True), ({}, False)],
)
def test_what_a_cpu_tells_of_itself_says_whether_it_has_bfloat16(capabilities, expected):
    assert has_bfloat16(capabilities) == expected
