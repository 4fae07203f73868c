from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

import numpy as np
import pytest
import yaml

from stf2m_ros.runtime.plain_dataclasses import from_plain, to_plain


@dataclass(frozen=True)
class Inner:
    size_px: int = 8

    def __post_init__(self) -> None:
        if self.size_px < 1:
            raise ValueError(f"size_px: expected at least 1, found {self.size_px}")


@dataclass(frozen=True)
class Outer:
    name: str
    shares: Tuple[float, float]
    names: Tuple[str, ...]
    inner: Inner
    notes: Dict[str, Any]


OUTER = Outer("a", (0.5, 1.0), ("x", "y", "z"), Inner(3), {"seed": 1, "sets": ["faces"]})


def test_a_nested_dataclass_comes_back_as_it_was() -> None:
    assert from_plain(Outer, to_plain(OUTER)) == OUTER


def test_a_whole_number_is_read_where_a_fraction_is_expected() -> None:
    assert from_plain(Outer, {**to_plain(OUTER), "shares": [1, 2]}).shares == (1.0, 2.0)


def test_numbers_of_numpy_become_plain_ones() -> None:
    plain = to_plain(Outer("a", (np.float32(0.5), 1.0), (), Inner(3), {"accuracy": np.float64(0.25)}))
    assert yaml.safe_load(yaml.safe_dump(plain))["notes"] == {"accuracy": 0.25}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"colour": 1}, "Outer: unknown key 'colour', expected one of name, shares"),
        ({"name": 3}, "name: expected str, found int 3"),
        ({"shares": [1.0]}, "shares: expected 2 values, found 1"),
        ({"shares": "ab"}, "shares: expected a list, found str"),
        ({"inner": {"size_px": 0}}, "inner: size_px: expected at least 1, found 0"),
        ({"inner": {"size_px": True}}, "inner.size_px: expected int, found bool True"),
        ({"inner": {"size_px": "big"}}, "inner.size_px: expected int, found str 'big'"),
        ({"inner": {}}, "inner: key 'size_px' is missing, expected size_px, found no keys"),
        ({"inner": None}, "inner: expected a mapping of keys, found nothing"),
        ({"notes": []}, "notes: expected a mapping of keys, found list"),
    ],
)
def test_a_mistake_names_its_key_and_says_expected_and_found(change: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("[", r"\[")):
        from_plain(Outer, {**to_plain(OUTER), **change})


@dataclass(frozen=True)
class Grown:
    old: int
    young: bool = field(default=False, metadata={"added_later": True})
    strict: bool = False


def test_what_was_written_before_a_field_existed_means_its_default():
    assert from_plain(Grown, {"old": 1, "strict": True}) == Grown(1, False, True)
    assert from_plain(Grown, {"old": 1, "young": True, "strict": True}).young
    with pytest.raises(ValueError, match="'strict' is missing"):
        from_plain(Grown, {"old": 1})
