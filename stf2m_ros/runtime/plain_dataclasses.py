"""Nested dataclasses <-> plain dictionaries and lists, as YAML holds them. Strict: every key known, none missing.

A field whose metadata says `added_later` may be absent: files that were written before it exists mean its default.
"""

from dataclasses import fields, is_dataclass
from typing import Any, Dict, List, Mapping, Tuple, Type, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """A dataclass as dictionaries, lists and scalars, in the order of its fields."""
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def from_plain(kind: Type[T], plain: Any, where: str = "") -> T:
    """The dataclass that the dictionary describes. ValueError: one line with the key, what was expected and found."""
    path = where or kind.__name__
    if not isinstance(plain, Mapping):
        raise ValueError(f"{path}: expected a mapping of keys, found {_kind_of(plain)}")
    known = [field.name for field in fields(kind)]
    absent = {field.name for field in fields(kind) if field.metadata.get("added_later") and field.name not in plain}
    _check_keys(path, [name for name in known if name not in absent], plain)
    hints = get_type_hints(kind)
    values = {name: _read(hints[name], plain[name], f"{where}.{name}" if where else name) for name in plain}
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _check_keys(path: str, known: List[str], plain: Mapping) -> None:
    unknown = [str(key) for key in plain if key not in known]
    if unknown:
        raise ValueError(f"{path}: unknown key {unknown[0]!r}, expected one of {', '.join(known)}")
    missing = [name for name in known if name not in plain]
    if missing:
        found = ", ".join(map(str, plain)) or "no keys"
        raise ValueError(f"{path}: key {missing[0]!r} is missing, expected {', '.join(known)}, found {found}")


def _read(hint: Any, value: Any, path: str) -> Any:
    if is_dataclass(hint):
        return from_plain(hint, value, path)
    if get_origin(hint) is tuple:
        return _read_tuple(get_args(hint), value, path)
    if get_origin(hint) is dict:
        return _read_dict(get_args(hint)[1], value, path)
    if hint is Any:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ValueError(f"{path}: expected {hint.__name__}, found {_kind_of(value)} {value!r}")
    return value


def _read_tuple(args: Tuple[Any, ...], value: Any, path: str) -> Tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{path}: expected a list, found {_kind_of(value)}")
    hints = [args[0]] * len(value) if args[1:] == (Ellipsis,) else list(args)
    if len(hints) != len(value):
        raise ValueError(f"{path}: expected {len(hints)} values, found {len(value)}")
    return tuple(_read(hint, item, f"{path}[{i}]") for i, (hint, item) in enumerate(zip(hints, value)))


def _read_dict(value_hint: Any, value: Any, path: str) -> Dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{path}: expected a mapping of keys, found {_kind_of(value)}")
    return {str(key): _read(value_hint, item, f"{path}.{key}") for key, item in value.items()}


def _kind_of(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
