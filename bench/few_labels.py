"""Five labelled clips of each class: two levels beside the same network at a single level, same clips and steps.

    python bench/few_labels.py [--work runs/train_demo] [--bundle models/generated_faces] [--seeds 5] [--shots 5]

--work is the work folder of `train`: its tokens are those of a frozen encoder. In every round other expressions of
other people are labelled; all are judged on the expressions of people whom nobody learned from. --other-budgets gives
the single level half and twice the steps too, so that it is not the budget that speaks. What is done stands in --out,
so the same command goes on where it stopped, and prints the table when all is done.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

import numpy as np
import torch

from stf2m_ros.baselines.catalogue import OURS, SINGLE_LEVEL
from stf2m_ros.data.clip_store import ClipStore
from stf2m_ros.data.slots import slot_track
from stf2m_ros.evaluation.laboratory.encoded_data import chosen_clips
from stf2m_ros.evaluation.laboratory.few_labels import expressions, shots_of_each_class
from stf2m_ros.evaluation.laboratory.method_runs import ACC, RECALL, Laboratory, Run, ahead, judge_clips, run_of
from stf2m_ros.meta.token_cache import TokenCache
from stf2m_ros.meta.window_batches import cache_vocabulary
from stf2m_ros.runtime.bundle import load_bundle
from stf2m_ros.stream.settings import WindowGrid
from stf2m_ros.training.clip_names import WINDOW_CLIPS


class Contender(NamedTuple):
    """steps: times the budget's."""

    title: str
    method: str
    steps: float = 1.0
    support: bool = False


CONTENDERS = (
    Contender("two levels, adapted", OURS, support=True),
    Contender("two levels, as trained", OURS),
    Contender("single level", SINGLE_LEVEL),
    Contender("single level, half the steps", SINGLE_LEVEL, steps=0.5),
    Contender("single level, twice the steps", SINGLE_LEVEL, steps=2.0),
)
REFERENCE = CONTENDERS[2].title


def open_tokens(work: Path, split: str, grid: WindowGrid) -> TokenCache:
    """What `train` encoded. Raises ValueError where it has not finished, or where clips were added since."""
    store = ClipStore(work / "clips" / split)
    names = store.names()
    # Stage 2 may have people of its own, whom the encoder never saw; then only they were encoded.
    names = [name for name in names if name.startswith(WINDOW_CLIPS)] or names
    tokens = np.load(work / "tokens" / split / "tokens.npy", mmap_mode="r")
    ends = np.cumsum([store.frame_count(name) for name in names])
    if len(tokens) != ends[-1]:
        raise ValueError(f"{work}: expected tokens of {ends[-1]} frames, found {len(tokens)}; run `train` to its end")
    tracks = tuple(slot_track(clip, grid) for clip in store.read_all(names, frames=False))
    return TokenCache(tokens, tracks, tuple(int(start) for start in np.append(0, ends)[:-1]))


def run(
    laboratory: Laboratory, method: str, steps: int, few: TokenCache, judged: TokenCache, seed: int
) -> Dict[str, Run]:
    """By contender's title."""
    trained = replace(laboratory, steps=steps).trained(method, few, seed)
    windows = laboratory.windows(judged)
    asked = [each for each in CONTENDERS if each.method == method and round(each.steps * laboratory.steps) == steps]
    support = laboratory.support(few, len(few), seed)
    return {
        each.title: run_of(judge_clips(trained.judge(support if each.support else None), windows)) for each in asked
    }


def table(rounds: List[Dict[str, Run]], contenders: Sequence[Contender]) -> str:
    lines = [f"{'':32s} {'rounds':>6s} {'accuracy':>9s} {'recall':>8s}   ahead of the single level (95 % interval)"]
    for each in contenders:
        runs = [found[each.title] for found in rounds]
        accuracy, recall = ([one[name] for one in runs] for name in (ACC, RECALL))
        line = f"{each.title:32s} {len(runs):6d} {np.mean(accuracy):9.1%} {np.mean(recall):8.1%}"
        gap = ahead(runs, [found[REFERENCE] for found in rounds])
        if each.title != REFERENCE and hasattr(gap, "low"):
            line += f"   {gap.mean:+.1%} ({gap.low:+.1%} to {gap.high:+.1%})"
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("runs/train_demo"))
    parser.add_argument("--bundle", type=Path, default=Path("models/generated_faces"))
    parser.add_argument("--shots", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--span", type=float, default=6.0, help="seconds of a window")
    parser.add_argument("--judged", type=int, default=200, help="expressions of unseen people")
    parser.add_argument("--other-budgets", action="store_true", help="single level with half and twice the steps")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out/bench/few_labels.jsonl"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    bundle = load_bundle(options.bundle)
    grid = replace(bundle.card.grid, span_s=options.span, settle_s=min(2.0, options.span))
    training, unseen = (open_tokens(options.work, split, grid) for split in ("train", "validation"))
    words = tuple(cache_vocabulary(training, unseen))
    laboratory = Laboratory(bundle.card, bundle.rules, grid, words, options.steps)
    labelled, judged = expressions(training, grid), expressions(unseen, grid)
    judged = chosen_clips(judged, np.random.default_rng(0).permutation(len(judged))[: options.judged])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rounds: List[Dict[str, Run]] = []
    rows = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    key = {"shots": options.shots, "steps": options.steps, "span": options.span, "judged": len(judged.tracks)}
    contenders = CONTENDERS if options.other_budgets else CONTENDERS[:3]
    for seed in range(options.seeds):
        few = shots_of_each_class(labelled, options.shots, seed)
        found: Dict[str, Run] = {}
        for method, steps in dict.fromkeys((each.method, round(each.steps * options.steps)) for each in contenders):
            row_key = {**key, "seed": seed, "method": method, "of_steps": steps}
            kept = [row["runs"] for row in rows if row["key"] == row_key]
            if not kept:
                started_s = time.process_time()
                kept = [run(laboratory, method, steps, few, judged, seed)]
                row = {"key": row_key, "runs": kept[0], "processor_s": round(time.process_time() - started_s, 1)}
                with open(options.out, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                said = ", ".join(f"{title}: {one[ACC]:.1%}" for title, one in kept[0].items())
                print(f"seed {seed}, {len(few)} labelled clips, {steps} steps: {said}", flush=True)
            found.update(kept[0])
        rounds.append(found)
    people = len({track.subject for track in judged.tracks})
    print(f"\n{options.shots} labelled clips a class, 18 classes; {len(judged)} expressions of {people} unseen people")
    print(table(rounds, contenders))


if __name__ == "__main__":
    main()
