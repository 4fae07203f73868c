"""Tokens in this machine's memory: which row the window head sees where."""

from typing import Dict, Mapping

import numpy as np

from stf2m_ros.runtime.token_store import HostTokens


class Echo:
    """Gives back what it is given, as an engine that runs at once; keeps a copy, for the memory is used again."""

    def __init__(self) -> None:
        self.seen: Dict[str, np.ndarray] = {}

    def run(self, inputs: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        self.seen = {name: value.copy() for name, value in inputs.items()}
        return {"tokens": inputs["faces"]} if "faces" in inputs else dict(inputs)

    def close(self) -> None:
        """There is nothing to close."""


def filled() -> "tuple[HostTokens, Echo]":
    head = Echo()
    tokens = HostTokens(Echo(), head, (4, 2, 3))
    for row in range(4):
        tokens.encode(np.full((1, 2, 3), row + 1, np.float32), row)
    return tokens, head


def test_the_head_sees_the_rows_in_the_order_asked_for_and_zeros_where_nobody_is() -> None:
    tokens, head = filled()
    tokens.judge(np.array([2, 3, 0]), np.array([True, False, True]), {})
    assert head.seen["tokens"].shape == (1, 3, 2, 3)
    assert head.seen["tokens"][0, :, 0, 0].tolist() == [3, 0, 1]


def test_what_was_blank_in_one_window_is_filled_again_in_the_next() -> None:
    tokens, head = filled()
    tokens.judge(np.array([0, 1]), np.array([False, False]), {})
    tokens.judge(np.array([0, 1]), np.array([True, True]), {})
    assert head.seen["tokens"][0, :, 0, 0].tolist() == [1, 2]
    assert tokens.rows[:, 0, 0].tolist() == [1, 2, 3, 4]


def test_a_window_over_the_end_of_the_ring_is_seen_in_its_order_also_after_a_row_is_kept_anew() -> None:
    tokens, head = filled()
    tokens.judge(np.array([2, 3, 0]), np.array([True, True, True]), {})
    assert head.seen["tokens"][0, :, 0, 0].tolist() == [3, 4, 1]
    tokens.keep(0, np.full((2, 3), 9, np.float32))
    tokens.judge(np.array([3, 0, 1]), np.array([True, True, True]), {})
    assert head.seen["tokens"][0, :, 0, 0].tolist() == [4, 9, 2]


def test_a_slot_that_takes_its_neighbours_face_is_seen_with_it() -> None:
    tokens, head = filled()
    tokens.judge(np.array([1, 1, 3]), np.array([True, True, True]), {})
    assert head.seen["tokens"][0, :, 0, 0].tolist() == [2, 2, 4]


def test_other_inputs_of_the_head_pass_through() -> None:
    tokens, _ = filled()
    words = np.ones((1, 2), np.float32)
    assert tokens.judge(np.array([0]), np.array([True]), {"words": words})["words"] is words
