"""What engines are tried and timed on."""

from itertools import islice
from pathlib import Path

import numpy as np

from stf2m_ros.runtime.bundle import WINDOW_HEAD_FILE, load_bundle
from stf2m_ros.runtime.engine_trial import following_windows, trial_inputs


def test_each_following_window_is_the_one_before_and_a_hop_more(tiny_bundle_folder: Path) -> None:
    window = trial_inputs(load_bundle(tiny_bundle_folder))[WINDOW_HEAD_FILE]
    hops = window["frame_presence"].shape[1] // 5
    windows = list(islice(following_windows(window, 5), hops + 2))  # once round, and on
    for before, after in zip(windows, windows[1:]):
        for name in ("tokens", "frame_presence"):
            assert np.array_equal(before[name][:, 5:], after[name][:, :-5])
        assert {name: each.shape for name, each in after.items()} == {name: each.shape for name, each in window.items()}
