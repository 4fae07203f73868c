"""Five labelled clips a class of a person never seen: a network trained at two levels beside the same at a single one.

    python bench/one_person.py [--work runs/train_demo] [--bundle models/generated_faces] [--seeds 3] [--shots 5]

--work is the work folder of `train`: both begin with its head from a single level (`windows`), and go on for the same
steps with the same windows of the same people, on tokens of the same frozen encoder. Both learn from the windows as
they are; two levels also from the tasks of one person each that the same windows make up. Then so many clips a class of
somebody new are labelled, one expression in each, both networks are brought to them, and the person's expressions in
other recordings are judged. Unlike --work's people, these have eight recordings each; they are generated first, into
--people.

How each network is brought to the labelled clips is chosen on people who are not judged, for all seeds by the first
one's: of the single level, the rate and the steps of gradient descent and Adam on the whole head, and of Adam on the
last layer alone; of two levels, the number of its inner steps, or of Adam's. What is done stands in --out, and what was
trained in --people, so the same command goes on where it stopped.
"""

import argparse
import json
import time
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from few_labels import open_tokens
from measuring.crowd import Crowd, encoded_crowd
from measuring.fine_tuning import ADAM, GRADIENT, LEARNED, Way, weights_over_steps
from torch import nn
from torch.nn.utils import clip_grad_norm_

from stf2m_ros.baselines.adapted import judge_with
from stf2m_ros.evaluation.laboratory.encoded_data import chosen_clips, part_of
from stf2m_ros.evaluation.laboratory.few_labels import expressions, shots_of_each_class
from stf2m_ros.evaluation.laboratory.method_runs import ACC, RECALL, Laboratory, Run, ahead, judge_clips, run_of
from stf2m_ros.evaluation.scores.scored import Scored, joined
from stf2m_ros.meta.checkpoint import keep_module, load_module
from stf2m_ros.meta.losses import SegmentLoss
from stf2m_ros.meta.meta_training import InnerSettings, MetaLearner, MetaTrainingSettings, MetaTrainingTask
from stf2m_ros.meta.person_tasks import PersonTasks, PersonTaskSettings
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.training_loop import Losses, OptimiserSettings, learning_rate
from stf2m_ros.meta.window_batches import Cut, WindowBatch, cache_vocabulary, class_counts
from stf2m_ros.runtime.bundle import load_bundle

TWO_LEVELS, SINGLE_LEVEL = "two levels", "single level"
CHOOSE, JUDGE = Crowd("validation", 20, 8), Crowd("test", 40, 8)
LABELLED = 6
"""Recordings of a person of which clips are labelled; the others are judged."""
TASK = PersonTaskSettings(shots=8, query=8)
MIXED_WINDOWS = 8
INNER = InnerSettings(steps=2, step_size=0.05, rate_pace=60.0)
WAYS: Dict[str, Dict[Way, Tuple[int, ...]]] = {
    TWO_LEVELS: {Way(LEARNED): (2, 4, 8, 12), Way(ADAM, 3e-4): (5, 10, 20)},
    SINGLE_LEVEL: {
        Way(GRADIENT, 0.05): (5, 10),
        Way(ADAM, 3e-4): (5, 10, 20, 30),
        Way(ADAM, 1e-3): (3, 5, 10),
        Way(ADAM, 1e-2, last_layer_only=True): (10, 30),
    },
}


class Person(NamedTuple):
    """What is labelled of somebody, and what is judged."""

    support: TokenCache
    judged: TokenCache


class Chosen(NamedTuple):
    """How a network is brought to labelled clips."""

    way: Way
    steps: int
    accuracy: float  # on the people it was chosen by


class Bench(NamedTuple):
    """What both contenders share."""

    laboratory: Laboratory
    training: TokenCache
    counts: np.ndarray
    work: Path
    steps: int

    def begun(self) -> MetaLearner:
        """The head that `train` made at a single level, with inner rates that nothing was learned of."""
        model = self.laboratory.new_model(0)
        load_module(self.work / "windows.safetensors", model)
        return MetaLearner(model, INNER)

    def trained(self, contender: str, seed: int, rate: float, folder: Path) -> MetaLearner:
        """After so many steps with the same windows for both; kept in the folder."""
        learner = self.begun()
        path = folder / f"{contender.replace(' ', '_')}_{self.steps}_{rate:g}_{seed}.safetensors"
        if path.exists():
            load_module(path, learner)
            return learner.eval()
        windows = self.laboratory.windows(self.training)
        settings = MetaTrainingSettings(tasks=1, mixed_windows=MIXED_WINDOWS, inner=INNER)
        two_levels = MetaTrainingTask(learner, PersonTasks(windows, TASK), self.counts, settings, seed)
        losses_at = BothLevels(two_levels) if contender == TWO_LEVELS else SameWindows(two_levels)
        minimise(learner, losses_at, OptimiserSettings(steps=self.steps, batch_size=1, rate=rate))
        keep_module(path, learner, self.steps, 0.0)
        return learner


class SameWindows:
    """The windows of two levels' outer steps, learned from as they are."""

    def __init__(self, two_levels: MetaTrainingTask) -> None:
        self.two_levels = two_levels

    def __call__(self, step: int) -> Losses:
        of, model = self.two_levels, self.two_levels.learner.model
        support, query = of.sampler.task((of.seed, step, 0))
        mixed = of.sampler.windows.batch(of.settings.mixed_windows, (of.seed, step, of.settings.tasks))
        together = WindowBatch(*(np.concatenate(parts) for parts in zip(support, query, mixed)))
        return of.loss(model(together), together.targets())


class BothLevels:
    """What the single level learns from, and weights adapted to a person on that person's other expressions."""

    def __init__(self, two_levels: MetaTrainingTask) -> None:
        self.two_levels, self.as_they_are = two_levels, SameWindows(two_levels)

    def __call__(self, step: int) -> Losses:
        of, learner = self.two_levels, self.two_levels.learner
        support, query = of.tasks(step, learner.model.text())
        adapted = of.query_loss(learner.head_params(), learner.step_sizes(), support, query)
        return {**self.as_they_are(step), "adapted": adapted}


def minimise(module: nn.Module, losses_at: Any, settings: OptimiserSettings) -> None:
    """In place."""
    optimiser = torch.optim.AdamW(module.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    module.train()
    for step in range(settings.steps):
        optimiser.param_groups[0]["lr"] = learning_rate(step, settings)
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses_at(step).values())).sum().backward()
        clip_grad_norm_(module.parameters(), settings.clip_norm)
        optimiser.step()
    module.eval()


def people_of(crowd: TokenCache, laboratory: Laboratory, shots: int) -> List[Person]:
    grid, found = laboratory.grid, []
    for who in sorted({track.subject for track in crowd.tracks}):
        own = part_of(crowd, {who})
        labelled, judged = (chosen_clips(own, part) for part in (range(LABELLED), range(LABELLED, len(own))))
        found.append(Person(shots_of_each_class(expressions(labelled, grid), shots, 0), expressions(judged, grid)))
    return found


def answers_over_steps(
    bench: Bench, learner: MetaLearner, person: Person, way: Way, steps: Sequence[int]
) -> Iterator[Tuple[int, Scored]]:
    """Of the judged expressions, after each of these numbers of steps on the labelled ones."""
    laboratory, slots = bench.laboratory, bench.laboratory.grid.slots
    cuts = [Cut(clip, 0, min(slots, len(track))) for clip, track in enumerate(person.support.tracks)]
    support, judged = laboratory.windows(person.support).cut(cuts), laboratory.windows(person.judged)
    loss = SegmentLoss(MetaTrainingSettings().loss, bench.counts)
    for step, weights in weights_over_steps(learner.model, loss, support, way, steps, learner.step_sizes()):
        yield step, judge_clips(judge_with(learner.model, weights), judged)


def run(bench: Bench, learner: MetaLearner, people: Sequence[Person], way: Way, steps: Sequence[int]) -> Dict[int, Run]:
    """By the number of steps, over all the people."""
    found: Dict[int, List[Scored]] = {}
    for person in people:
        for step, scored in answers_over_steps(bench, learner, person, way, steps):
            found.setdefault(step, []).append(scored)
    return {step: run_of(joined(parts)) for step, parts in found.items()}


def choose(bench: Bench, learner: MetaLearner, contender: str, people: Sequence[Person]) -> Chosen:
    """What does best on these people."""
    tried = []
    for way, steps in WAYS[contender].items():
        for step, found in run(bench, learner, people, way, steps).items():
            tried.append(Chosen(way, step, found[ACC]))
    return max(tried, key=lambda each: each.accuracy)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("runs/train_demo"))
    parser.add_argument("--bundle", type=Path, default=Path("models/generated_faces"))
    parser.add_argument("--people", type=Path, default=Path("out/bench/one_person"), help="their recordings, encoded")
    parser.add_argument("--shots", type=int, nargs="+", default=[5, 1])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--span", type=float, default=6.0, help="seconds of a window")
    parser.add_argument(
        "--choosing", type=int, default=10, help="people by whom the way to adapt is chosen, first seed"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out/bench/one_person.jsonl"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    bundle = load_bundle(options.bundle)
    grid = replace(bundle.card.grid, span_s=options.span, settle_s=min(2.0, options.span))
    crowds = {each: encoded_crowd(each, options.bundle, options.people / each.part) for each in (CHOOSE, JUDGE)}
    training = open_tokens(options.work, "train", grid)
    laboratory = Laboratory(bundle.card, bundle.rules, grid, tuple(cache_vocabulary(training)), options.steps)
    bench = Bench(laboratory, training, class_counts(training), options.work, options.steps)
    told = {"steps": options.steps, "rate": options.rate, "span": options.span, "choosing": options.choosing}
    kept = Kept(options.out, told)
    for shots, seed, contender in product(options.shots, range(options.seeds), (TWO_LEVELS, SINGLE_LEVEL)):
        if kept.find(contender, seed, shots):
            continue
        learner = bench.trained(contender, seed, options.rate, options.people)
        chosen = kept.chosen(contender, shots)
        if chosen is None:
            people = people_of(crowds[CHOOSE], laboratory, shots)[: options.choosing]
            chosen = choose(bench, learner, contender, people)
        found = run(bench, learner, people_of(crowds[JUDGE], laboratory, shots), chosen.way, (0, chosen.steps))
        kept.keep(contender, seed, shots, chosen, found[0], found[chosen.steps])
    for shots in options.shots:
        print(table(kept, shots, options.seeds))


class Kept:
    """Rows of the file that holds what is done."""

    def __init__(self, path: Path, told: Dict[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.told, self.started_s = path, told, time.process_time()
        self.rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def find(self, contender: str, seed: int, shots: int) -> Dict[str, Any]:
        """Empty where it is not done."""
        key = {**self.told, "contender": contender, "seed": seed, "shots": shots}
        return next((row for row in self.rows if row["key"] == key), {})

    def chosen(self, contender: str, shots: int) -> "Chosen | None":
        row = self.find(contender, 0, shots)
        return Chosen(Way(**row["way"]), row["steps"], row["chosen_at"]) if row else None

    def keep(self, contender: str, seed: int, shots: int, chosen: Chosen, as_it_is: Run, adapted: Run) -> None:
        row = {
            "key": {**self.told, "contender": contender, "seed": seed, "shots": shots},
            "way": asdict(chosen.way),
            "steps": chosen.steps,
            "chosen_at": chosen.accuracy,
            "as it is": as_it_is,
            "adapted": adapted,
            "processor_s": round(time.process_time() - self.started_s, 1),
        }
        self.rows.append(row)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        said = f"{as_it_is[ACC]:.1%} as it is, {adapted[ACC]:.1%} after {chosen.steps} steps ({chosen.way})"
        print(f"seed {seed}, {shots} a class, {contender}: {said}", flush=True)


def table(kept: Kept, shots: int, seeds: int) -> str:
    rows = {each: [kept.find(each, seed, shots) for seed in range(seeds)] for each in (TWO_LEVELS, SINGLE_LEVEL)}
    people = len(rows[TWO_LEVELS][0]["adapted"]["people"])
    lines = [f"\n{shots} labelled clips a class of each of {people} people never seen, {seeds} seeds"]
    lines.append(
        f"{'':14s} {'as it is':>9s} {'adapted':>9s} {'recall':>8s}   ahead of the single level (95 % interval)"
    )
    for each, found in rows.items():
        before, after, recall = (
            np.mean([row[when][metric] for row in found])
            for when, metric in (("as it is", ACC), ("adapted", ACC), ("adapted", RECALL))
        )
        line = f"{each:14s} {before:9.1%} {after:9.1%} {recall:8.1%}"
        ours, others = ([row["adapted"] for row in of] for of in (found, rows[SINGLE_LEVEL]))
        # The interval is over people; a single seed counts as two alike.
        gap = ahead(ours, others) if seeds > 1 else ahead(2 * ours, 2 * others)
        if each != SINGLE_LEVEL and hasattr(gap, "low"):
            line += f"   {gap.mean:+.1%} ({gap.low:+.1%} to {gap.high:+.1%})"
        lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    main()
