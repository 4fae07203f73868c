"""The vocabulary: six emotions, three intensities each, and neutral."""

EMOTIONS = ("happiness", "anger", "sadness", "disgust", "fear", "surprise")
INTENSITIES = ("low", "medium", "high")
NEUTRAL = "neutral"

CLASS_NAMES = tuple(f"{emotion}-{intensity}" for emotion in EMOTIONS for intensity in INTENSITIES) + (NEUTRAL,)
NEUTRAL_INDEX = len(CLASS_NAMES) - 1
NUM_CLASSES = len(CLASS_NAMES)
NUM_EMOTION_CLASSES = NEUTRAL_INDEX
"""Classes of the paper's own task, without the neutral class that is ours."""


def class_index(emotion: str, intensity: str) -> int:
    """Index of an emotion at an intensity: 3 * emotion + intensity. Source: METHOD section 1."""
    return len(INTENSITIES) * EMOTIONS.index(emotion) + INTENSITIES.index(intensity)
