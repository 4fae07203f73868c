"""From parameters to a recogniser that runs. What cannot be had is an error of one line, before anything starts."""

import os
from dataclasses import dataclass
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from stf2m_ros.node.messages import ModelIdentity
from stf2m_ros.node.parameters import RecognizerParameters
from stf2m_ros.runtime.backends import BackendSettings, open_engines
from stf2m_ros.runtime.bundle import TEXT_TABLE_FILE, Bundle, BundleMismatch, BundleNotFound, load_bundle
from stf2m_ros.runtime.engine_switch import BackendStatus, EngineSwitch
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.stream.face_cropper import Cropper, FaceCropper, ReadyCrop
from stf2m_ros.stream.face_detectors import HaarDetector, YuNetDetector
from stf2m_ros.stream.glove_file import GloveFile
from stf2m_ros.stream.text_embedding import SubwordTable, TextEmbedding
from stf2m_ros.stream.transcript import Transcript
from stf2m_ros.stream.word_table import load_text_table

PACKAGE = "stf2m_ros"


@dataclass(frozen=True)
class LoadedRecognizer:
    """A recogniser and what to say of its model."""

    recognizer: Recognizer
    model: ModelIdentity
    switch: EngineSwitch

    @property
    def backend(self) -> BackendStatus:
        """What runs the model at this moment; any thread may ask."""
        return self.switch.status

    def tend(self) -> None:
        """Looks after engines that are being built; on the thread that loaded."""
        self.switch.tend()

    def close(self) -> None:
        self.recognizer.close()


def load_recognizer(parameters: RecognizerParameters) -> LoadedRecognizer:
    """Raises BundleMismatch, ValueError or OSError, in one line."""
    bundle = load_bundle(find_bundle(parameters.bundle), parameters.rules or None)
    _expect_pictures(bundle)
    cropper = _cropper(parameters, bundle)
    embedding = _embedding(parameters, bundle)
    settings = BackendSettings(
        parameters.backend,
        parameters.precision,
        parameters.threads,
        gpu_memory=parameters.gpu_memory,
        dla=parameters.dla,
    )
    engines = open_engines(bundle, settings)
    recognizer = Recognizer(
        bundle,
        engines.frame_encoder,
        engines.window_head,
        cropper,
        embedding,
        Transcript(followed_speaker=parameters.speaker_id),
        engines.tokens,
    )
    identity = ModelIdentity.of(bundle.card, bundle.rules.names, engines.frame_encoder.name)
    return LoadedRecognizer(recognizer, identity, engines.switch)


def _expect_pictures(bundle: Bundle) -> None:
    """A bundle may be trained on features that another program made of the pictures, as CMU-MOSEI gives them."""
    features = bundle.card.training.get("encoder", {}).get("features", 0)
    if features:
        raise BundleMismatch(f"{bundle.folder}: expected a bundle for pictures, found one of {features} features")


def find_bundle(name: str) -> Path:
    """The folder of a bundle: a path as it is, a bare name below the installed models."""
    if not name:
        raise BundleNotFound("bundle: expected a folder or the name of an installed model, found nothing")
    if os.sep in name or name.startswith("~"):
        return Path(name).expanduser()
    models = installed_models()
    if not (models / name).is_dir():
        there = ", ".join(sorted(each.name for each in models.glob("*/"))) if models.is_dir() else "none"
        raise BundleNotFound(f"bundle: expected a path, or one of the models in {models} ({there}), found {name!r}")
    return models / name


def installed_models() -> Path:
    """Where the models are that came with the package; the source tree's own where it is not installed."""
    try:
        return Path(get_package_share_directory(PACKAGE)) / "models"
    except PackageNotFoundError:
        return Path(__file__).resolve().parents[2] / "models"


def _cropper(parameters: RecognizerParameters, bundle: Bundle) -> Cropper:
    if parameters.face_detector == "ready_crop":
        return ReadyCrop(bundle.card.preprocessing)
    if parameters.face_detector == "yunet":
        return FaceCropper(YuNetDetector(parameters.yunet_model))
    return FaceCropper(HaarDetector())


def _embedding(parameters: RecognizerParameters, bundle: Bundle) -> TextEmbedding:
    table = load_text_table(bundle.path(TEXT_TABLE_FILE), bundle.card.text)
    if not parameters.word_vectors:
        return table
    if isinstance(table, SubwordTable):
        raise BundleMismatch(
            f"word_vectors: expected a bundle that was trained on word vectors, found one with a table of its own, "
            f"to which those of {parameters.word_vectors} mean nothing: {bundle.folder}"
        )
    return GloveFile(parameters.word_vectors)
