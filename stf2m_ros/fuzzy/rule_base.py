"""Rule bases: YAML files that a nurse or an engineer can read and edit (docs/rules.md), read and checked."""

import re
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Tuple, Union

import yaml

from stf2m_ros.emotions import CLASS_NAMES, EMOTIONS, NEUTRAL
from stf2m_ros.fuzzy.components import COMPONENT_TABLE, COMPONENTS, Component
from stf2m_ros.fuzzy.rule_table import MAX_RULES, Rule, RuleBase, RuleBaseError, RuleTable

__all__ = ["MAX_RULES", "Rule", "RuleBase", "RuleBaseError", "RuleTable", "load_rule_base"]

GROUPS: Dict[str, Tuple[str, ...]] = {
    "all": COMPONENTS,
    "eyebrows": ("left_eyebrow", "right_eyebrow"),
    "eyes": ("left_eye", "right_eye"),
    "mouth_corners": ("left_mouth_corner", "right_mouth_corner"),
}
"""Names for several components at once. What is said of fewer components goes before what is said of more."""

SCALES = ("fixed", "free")
FILE_KEYS = ("name", "values_beyond_range", "rules")
RULE_KEYS = ("name", "class", "scale", "when")

_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")  # a zero, and half characters: no message can carry them

Complain = Callable[[str, object], RuleBaseError]


def load_rule_base(path: Union[str, Path]) -> RuleBase:
    """Reads and checks a rule base.

    Raises RuleBaseError, in one line: file and line, rule, what was expected, what was found; OSError without a file.
    """
    source = str(path)
    plain, lines = _read(source, Path(path).read_bytes())
    complain = _complaint(source)
    _check_keys(plain, FILE_KEYS, ("name", "rules"), complain)
    if not isinstance(plain["rules"], list) or not plain["rules"]:
        raise complain("rules to be a list of at least one rule", plain["rules"])
    beyond = plain.get("values_beyond_range", False)
    if not isinstance(beyond, bool):
        raise complain("values_beyond_range to be true or false", beyond)
    rules = tuple(_rule(entry, beyond, f"{source}:{line}") for entry, line in zip(plain["rules"], lines))
    _check_names(rules, complain)
    return RuleBase(str(plain["name"]), source, rules)


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML that does not swallow a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key given twice", node.start_mark)
        return mapping


def _read(source: str, text: bytes) -> Tuple[Mapping[str, Any], List[int]]:
    """The file's content, and the line on which each rule starts."""
    try:
        plain = yaml.load(text, Loader=_StrictLoader)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise RuleBaseError(f"{source}: expected YAML, found {' '.join(str(error).split())}") from error
    if not isinstance(plain, dict):
        raise RuleBaseError(f"{source}: expected the keys {', '.join(FILE_KEYS)}, found {_shown(plain)}")
    lists = [value.value for key, value in root.value if key.value == "rules"]
    return plain, [node.start_mark.line + 1 for node in lists[0] if hasattr(node, "start_mark")] if lists else []


def _complaint(where: str) -> Complain:
    return lambda expected, found: RuleBaseError(f"{where}: expected {expected}, found {_shown(found)}")


def _shown(found: object) -> str:
    text = "nothing" if found is None else " ".join(str(found).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _rule(entry: object, beyond_range: bool, where: str) -> Rule:
    if not isinstance(entry, dict):
        raise _complaint(where)("a rule with " + ", ".join(RULE_KEYS), entry)
    complain = _complaint(f"{where}: rule {_shown(entry.get('name', '(no name)'))!r}")
    _check_keys(entry, RULE_KEYS, RULE_KEYS, complain)
    if _UNSPEAKABLE.search(str(entry["name"])):
        raise complain("a name of whole characters", repr(entry["name"]))
    if entry["scale"] not in SCALES:
        raise complain(f"scale {' or '.join(SCALES)}", entry["scale"])
    free = entry["scale"] == "free"
    emotion, _, level = _class_name(entry["class"], free, complain).partition("-")
    values, weights = _code(entry["when"], beyond_range, complain)
    if not any(weights):
        raise complain("at least one component that matters", entry["when"])
    if free and not any(value * weight for value, weight in zip(values, weights)):
        raise complain("a value other than 0, which a free scale takes fractions of", entry["when"])
    return Rule(str(entry["name"]), emotion, level or None, free, values, weights)


def _check_keys(mapping: Mapping, known: Tuple[str, ...], needed: Tuple[str, ...], complain: Complain) -> None:
    for key in mapping:
        if key not in known:
            raise complain(f"the keys {', '.join(known)}", key)
    for key in needed:
        if mapping.get(key) is None:
            raise complain(key, None)


def _class_name(name: object, free: bool, complain: Complain) -> str:
    known = EMOTIONS if free else CLASS_NAMES
    if name not in known:
        raise complain(f"a class of a {'free' if free else 'fixed'} rule: {', '.join(known)}", name)
    return str(name)


def _code(when: object, beyond_range: bool, complain: Complain) -> Tuple[Tuple[float, ...], Tuple[float, ...]]:
    """Twelve values and weights from {component or group: value or [value, weight]}, or from twelve values."""
    if isinstance(when, list):
        if len(when) != len(COMPONENTS):
            raise complain(f"{len(COMPONENTS)} values in the order of the components", f"{len(when)} of them")
        when = dict(zip(COMPONENTS, when))
    if not isinstance(when, dict):
        raise complain("when to name components with their values", when)
    unknown = [name for name in when if name not in COMPONENTS and name not in GROUPS]
    if unknown:
        raise complain(f"a component of {', '.join((*COMPONENTS, *GROUPS))}", unknown[0])
    code = {name: (0.0, 0.0) for name in COMPONENTS}
    for name in sorted(when, key=lambda name: -len(GROUPS.get(name, (name,)))):
        for member in GROUPS.get(name, (name,)):
            code[member] = _value_and_weight(
                when[name], COMPONENT_TABLE[COMPONENTS.index(member)], beyond_range, complain
            )
    values, weights = zip(*code.values())
    return values, weights


def _value_and_weight(entry: object, component: Component, beyond: bool, complain: Complain) -> Tuple[float, float]:
    value, weight = entry if isinstance(entry, list) and len(entry) == 2 else (entry, 1.0)
    if isinstance(value, str) and value in component.terms:
        value = component.terms[value]
    lowest, highest = (-1.0, 1.0) if beyond else component.range
    if not _is_number(value) or not lowest <= value <= highest:
        terms = ", ".join(component.terms)
        raise complain(f"{component.name} {terms} or a number from {lowest:g} to {highest:g}", value)
    if not _is_number(weight) or not 0 <= weight <= 100:
        raise complain(f"the weight of {component.name} from 0 to 100", weight)
    return float(value), float(weight)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_names(rules: Tuple[Rule, ...], complain: Complain) -> None:
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise complain("every rule to have a name of its own", f"{names.count(name)} rules called {name}")
    if NEUTRAL not in {rule.emotion for rule in rules}:
        raise complain("a rule of the class neutral", "none")
