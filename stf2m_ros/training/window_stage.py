"""Stage 2: the window head, on what the encoder made of every frame; at one level, then at two if that is asked for."""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Callable, Dict, Iterable, Optional

import torch

from stf2m_ros.data.clip import Clip
from stf2m_ros.data.fingerprint import fingerprint
from stf2m_ros.meta.best_weights import BestWeights, validation_accuracy
from stf2m_ros.meta.checkpoint import MadeFrom
from stf2m_ros.meta.episode_learning import EpisodeLearner, WithEpisodes
from stf2m_ros.meta.episodes import ClassEpisodes, class_split
from stf2m_ros.meta.meta_training import MetaLearner, MetaTrainingSettings, MetaTrainingTask
from stf2m_ros.meta.processes import Processes
from stf2m_ros.meta.tasks import TaskSampler
from stf2m_ros.meta.text_regression import TextRegressionSettings, begin_at, fit_regression, spoken_in
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings
from stf2m_ros.meta.window_batches import WindowSampler, cache_vocabulary, class_counts
from stf2m_ros.meta.window_training import FuzzyInputs, WindowModel, WindowTrainingTask
from stf2m_ros.net.text_table import TextTable
from stf2m_ros.training.bundle_head import load_head, load_words
from stf2m_ros.training.config import TrainingConfig
from stf2m_ros.training.fuzzy_ranges import FittedRanges, fit_ranges, has_emotions
from stf2m_ros.training.kept_steps import KeptSteps
from stf2m_ros.training.made_from import META, META_AT, WINDOWS, WINDOWS_AT, settings_of, weights_stamp
from stf2m_ros.training.word_vectors import known_words


@dataclass(frozen=True)
class WindowStage:
    """caches: by split, "train" and "validation". made_from: what they and the encoder's weights were."""

    config: TrainingConfig
    fuzzy: FuzzyInputs
    caches: Dict[str, TokenCache]
    steps: KeptSteps
    made_from: MadeFrom = field(default_factory=dict)

    @property
    def processes(self) -> Processes:
        """Those that train together."""
        return self.steps.processes

    def train(self, clips: Iterable[Clip]) -> WindowModel:
        """At a single level. clips: of all splits, without frames; read where the configuration names word vectors."""
        torch.manual_seed(self.config.seed + 1)
        config, vectors = self.config, None
        looked_up = {"pairs": config.text.pairs, "whole_utterances": config.text.whole_utterances}
        words = cache_vocabulary(*self.caches.values(), **looked_up)
        if config.word_vectors:
            words, vectors = known_words(config.word_vectors, config.text.dim, words, clips)
        model = WindowModel(config.head, config.text, words, self.fuzzy, vectors).to(self.processes.device)
        if config.start_head_from:
            self._begin_with_bundle(model, Path(config.start_head_from))
        if config.window_training.begin_at_regression:
            self._begin_at_regression(model)
        of_words = {"word vectors": fingerprint(words, vectors)}
        self._train(model, config.window_training.optimiser, WINDOWS, self._made_from(WINDOWS, of_words))
        return model

    def _made_from(self, stage: str, parts: MadeFrom) -> MadeFrom:
        return {**settings_of(stage, self.config), **self.made_from, **parts}

    def _begin_with_bundle(self, model: WindowModel, folder: Path) -> None:
        """Ready word vectors stay as they are."""
        load_head(folder, model.head)
        if isinstance(model.text, TextTable):
            load_words(folder, model.text)

    def _begin_at_regression(self, model: WindowModel) -> None:
        """On one machine's numbers, whatever another's would have been."""
        model.cpu()
        begin_at(fit_regression(spoken_in(self.sampler("train", model)), model.text, TextRegressionSettings()), model)
        self.processes.copy_from_first(model.to(self.processes.device))

    def _train(self, model: WindowModel, optimiser: OptimiserSettings, name: str, made_from: MadeFrom) -> None:
        training, settings = self.caches["train"], replace(self.config.window_training, optimiser=optimiser)
        sampler = self.sampler("train", model)
        task = WindowTrainingTask(model, sampler, class_counts(training), settings, self.config.seed, self.processes)
        self.steps.run(name, model, task, optimiser, f"{name}.safetensors", made_from)

    def meta_train(self, model: WindowModel) -> MetaLearner:
        """At two levels, on from the single level's weights."""
        learner = MetaLearner(model, self.config.meta_training.inner).to(self.processes.device)
        before = {"window weights": weights_stamp(model)}
        self._meta_train(learner, self.config.meta_training.optimiser, META, self._made_from(META, before))
        return learner

    def _meta_train(self, learner: MetaLearner, optimiser: OptimiserSettings, name: str, made_from: MadeFrom) -> None:
        settings, file = replace(self.config.meta_training, optimiser=optimiser), f"{name}.safetensors"
        task = self._outer_losses(learner, settings)
        if not settings.validate_every or not has_emotions(self.caches["validation"]):
            self.steps.run(f"{name}-train", learner, task, optimiser, file, made_from)
            return
        unseen = self.sampler("validation", learner.model)
        accuracy = partial(validation_accuracy, learner.model, unseen, settings.validation_clips)
        best = BestWeights(learner, task, accuracy, settings.validate_every, self.steps.work / file, self.processes)
        self.steps.run(f"{name}-train", learner, best, optimiser, file, made_from)
        best.restore(optimiser.steps)

    def _outer_losses(self, learner: MetaLearner, settings: MetaTrainingSettings) -> Callable[[int], Losses]:
        windows, seed, processes = self.sampler("train", learner.model), self.config.seed, self.processes
        try:
            tasks = TaskSampler(windows, settings.task)
        except ValueError as error:
            raise ValueError(f"bilevel: {error}; {self._how_to_get_more()}") from error
        task = MetaTrainingTask(learner, tasks, class_counts(self.caches["train"]), settings, seed, processes)
        if not settings.episodes.per_step:
            return task
        episodes = ClassEpisodes(windows, class_split(settings.episodes.held_out).learned, settings.episodes)
        return WithEpisodes(task, EpisodeLearner(learner, episodes, settings), seed, processes)

    def _how_to_get_more(self) -> str:
        """Expressions to make tasks of."""
        clips, fewer = self.config.clips, f"lower meta_training.task.shots (now {self.config.meta_training.task.shots})"
        if self.config.encoder.features:
            return f"give more data_sets, or {fewer}"
        key = "windows" if clips.windows else "training"
        return f"raise clips.{key} (now {getattr(clips, key)}), give data_sets, or {fewer}"

    def sampler(self, split: str, model: WindowModel) -> WindowSampler:
        """Of the windows of a split, with the model's words."""
        return WindowSampler(
            self.caches[split],
            self.config.grid,
            self.config.window_training.sampling,
            model.vocabulary,
            self.config.text,
        )

    def fit_ranges(self, model: WindowModel, learner: Optional[MetaLearner]) -> Optional[FittedRanges]:
        """Eq. 5: the fittest membership ranges for the model as it stands; training then goes on with them."""
        settings, fuzzy, validation = self.config.fuzzy_ranges, self.config.fuzzy, self.caches["validation"]
        if not settings.fit or not has_emotions(validation):
            return None
        fitted = fit_ranges(
            model, self.sampler("validation", model), settings, (fuzzy.component_range, fuzzy.intensity_range)
        )
        ranges = torch.tensor(fitted.chosen, device=self.processes.device)
        model.use_ranges(self.processes.total(ranges if self.processes.is_first else torch.zeros_like(ranges)))
        if settings.goes_on and not torch.equal(model.fuzzy.ranges.cpu(), self.fuzzy.ranges):
            self.train_again(model, learner)
        return fitted

    def train_again(self, model: WindowModel, learner: Optional[MetaLearner]) -> None:
        """At the model's ranges. They stand in the file's name: another pair's steps are never gone on from."""
        ranges, again, config = model.fuzzy.ranges.tolist(), self.config.fuzzy_ranges.again, self.config
        at = "_".join(f"{each:.3g}" for each in ranges)
        before = {"ranges": fingerprint(ranges), "weights before": weights_stamp(learner or model)}
        if learner is None:
            made_from = self._made_from(WINDOWS_AT, before)
            self._train(model, again(config.window_training.optimiser), f"{WINDOWS_AT}_{at}", made_from)
        else:
            made_from = self._made_from(META_AT, before)
            self._meta_train(learner, again(config.meta_training.optimiser), f"{META_AT}_{at}", made_from)
