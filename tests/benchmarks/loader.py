"""How much of a training step goes into bringing its batch: gathering and augmentation.

    EDGECNN_DATA=... python tests/benchmarks/loader.py

Pictures lie fitted in memory, so nothing is read while training. Also: the time to load CIFAR-10's
60,000 PNG files the first time and from the cache of fitted pictures.
"""

import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
import typer

from edgecnn.bench.clock import time_rounds
from edgecnn.memory import keep_freed_memory
from edgecnn.trainer.augment import augment
from edgecnn.trainer.distributed import ProcessGroup
from edgecnn.trainer.loop import TrainingLoop
from edgecnn.trainer.progress import LoopOptions
from edgecnn.trainer.recipe import Distill, read_recipe
from edgecnn.trainer.train import load_for, make_network

RECIPES = Path(__file__).parents[2] / "export" / "recipes"
ROUNDS, WARMUP = 40, 4


def share_of_augmentation(name: str) -> tuple[float, float]:
    """Return milliseconds of bringing a batch, and of the whole step that learns it."""
    recipe = replace(read_recipe(RECIPES / f"{name}.toml"), distill=Distill())
    data, spec = load_for(recipe)
    cpu = torch.device("cpu")
    loop = TrainingLoop(
        make_network(recipe, spec), data, recipe, cpu, None, ProcessGroup(), LoopOptions()
    )
    loop.network.train()
    batch = torch.randperm(len(data.train))[: recipe.batch]

    def bring() -> None:
        augment(loop.frames[batch], recipe.augment, loop.generator)

    calls = (bring, lambda: loop.train_step(batch, 1, recipe.learning_rate))
    time_rounds(calls, WARMUP)
    brought, learned = (statistics.median(t) / 1e6 for t in time_rounds(calls, ROUNDS))
    return brought, learned


def loading() -> tuple[float, float]:
    """Return seconds to load CIFAR-10 with an empty cache, then with a full one."""
    recipe = read_recipe(RECIPES / "objects.toml")
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EDGECNN_CACHE"] = folder
        for _ in range(2):
            start = time.perf_counter()
            load_for(recipe)
            seconds.append(time.perf_counter() - start)
    return seconds[0], seconds[1]


def main() -> None:
    """Print a line a recipe, then the loading times."""
    keep_freed_memory()
    for name in ("article-mnist", "digits", "objects"):
        brought, learned = share_of_augmentation(name)
        print(
            f"{name:<14} batch brought in {brought:.2f} ms, learned in {learned:.1f} ms: "
            f"{brought / learned:.1%} of the step"
        )
    first, again = loading()
    print(f"CIFAR-10 loaded in {first:.1f} s, from the cache in {again:.2f} s")


if __name__ == "__main__":
    typer.run(main)
