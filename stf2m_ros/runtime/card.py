"""The card of a model bundle: the contract between training and robot. Plain data; reading files is bundle.py's."""

from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

from stf2m_ros.fuzzy.membership import COMPONENT_RANGE, INTENSITY_RANGE
from stf2m_ros.fuzzy.rule_table import MAX_RULES
from stf2m_ros.stream.settings import Preprocessing, TextSettings, WindowGrid

__all__ = [
    "FORMAT_VERSION",
    "BundleCard",
    "FuzzySettings",
    "Preprocessing",
    "TextSettings",
    "TokenShape",
    "WindowGrid",
]

FORMAT_VERSION = 1


@dataclass(frozen=True)
class FuzzySettings:
    """The fitted membership ranges, how many rules the window head has room for, and how far the rules are heard.

    rule_share: of the rules in what is said among the emotions, see stf2m_ros.runtime.rule_witness; 0: not at all.
    """

    component_range: float = COMPONENT_RANGE
    intensity_range: float = INTENSITY_RANGE
    max_rules: int = MAX_RULES
    rule_share: float = field(default=0.0, metadata={"added_later": True})

    def __post_init__(self) -> None:
        for name in ("component_range", "intensity_range", "max_rules"):
            _require_positive(name, getattr(self, name))
        if not 0 <= self.rule_share < 1:
            raise ValueError(f"expected rule_share from 0 to below 1, found {self.rule_share}")


@dataclass(frozen=True)
class TokenShape:
    """Shapes that the two engines share: regions per frame, numbers per token, numbers per segment embedding."""

    regions: int = 16
    token_dim: int = 64
    embedding_dim: int = 128

    def __post_init__(self) -> None:
        for name in ("regions", "token_dim", "embedding_dim"):
            _require_positive(name, getattr(self, name))


@dataclass(frozen=True)
class BundleCard:
    """Everything a bundle says of itself (bundle.yaml)."""

    name: str
    model_version: str
    caveat: str
    files: Dict[str, str]  # file name -> sha256
    classes: Tuple[str, ...]
    components: Tuple[str, ...]
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    grid: WindowGrid = field(default_factory=WindowGrid)
    text: TextSettings = field(default_factory=TextSettings)
    fuzzy: FuzzySettings = field(default_factory=FuzzySettings)
    tokens: TokenShape = field(default_factory=TokenShape)
    temperature: float = 1.0  # logits are divided by it
    training: Dict[str, Any] = field(default_factory=dict)
    scores: Dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        _require_positive("temperature", self.temperature)


def _require_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"expected {name} above 0, found {value}")
