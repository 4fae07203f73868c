"""Counted in processes of their own: the setting cannot be taken back."""

import platform
import subprocess
import sys

import pytest

PAGE_FAULTS_OF_TEN_LARGE_ARRAYS = """
import resource, sys
import numpy as np
from stf2m_ros.meta.freed_memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
np.ones(8_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(8_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how):
    command = [sys.executable, "-c", PAGE_FAULTS_OF_TEN_LARGE_ARRAYS, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has no such setting")
def test_what_was_freed_is_not_taken_from_the_system_again():
    assert page_faults("kept") < page_faults("given back") / 2
