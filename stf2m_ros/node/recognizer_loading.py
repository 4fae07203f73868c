"""From parameters to a recogniser that runs. What cannot be had is an error of one line, before anything starts."""

from dataclasses import dataclass
from os.path import expanduser  # of the files that are named: no shell does it behind :=

from stf2m_ros.node.messages import ModelIdentity
from stf2m_ros.node.parameters import RecognizerParameters
from stf2m_ros.runtime.backends import BackendSettings, open_engines
from stf2m_ros.runtime.bundle import TEXT_TABLE_FILE, Bundle, BundleMismatch, load_bundle
from stf2m_ros.runtime.engine_switch import BackendStatus, EngineSwitch
from stf2m_ros.runtime.recognizer import Recognizer
from stf2m_ros.shipped_files import find_bundle
from stf2m_ros.stream.face_cropper import Cropper, FaceCropper, ReadyCrop
from stf2m_ros.stream.face_detectors import HaarDetector, YuNetDetector
from stf2m_ros.stream.glove_file import GloveFile
from stf2m_ros.stream.text_embedding import SubwordTable, TextEmbedding
from stf2m_ros.stream.transcript import Transcript
from stf2m_ros.stream.word_table import load_text_table


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
    bundle = load_bundle(find_bundle(parameters.bundle), expanduser(parameters.rules) or None)
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


def _cropper(parameters: RecognizerParameters, bundle: Bundle) -> Cropper:
    if parameters.face_detector == "ready_crop":
        return ReadyCrop(bundle.card.preprocessing)
    if parameters.face_detector == "yunet":
        return FaceCropper(YuNetDetector(expanduser(parameters.yunet_model)))
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
    return GloveFile(expanduser(parameters.word_vectors), bundle.card.text.dim)
