"""Time of a recipe's epochs against the 5 of the tutorial's own Keras code, interleaved.

    pip install keras==3.15.1     # and tensorflow or jax for their backends
    python tests/benchmarks/training_time.py [--backend torch] [--recipe fast-mnist] [--seeds 5]

Two processes take turns, an epoch each, so that a slow minute slows both. About 4 minutes. With
`--seeds 5` the recipe is trained for as many seeds first, for its mean test accuracy.
"""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer

from edgecnn.cli.progress import print_line
from edgecnn.memory import keep_freed_memory
from edgecnn.trainer.progress import Progress
from edgecnn.trainer.recipe import Recipe, read_recipe
from edgecnn.trainer.score import choose_device
from edgecnn.trainer.train import load_for, make_network, train_on
from edgecnn.trainer.train_network import train_network

RECIPES = Path(__file__).parents[2] / "export" / "recipes"
KERAS_EPOCHS = 5
FEW = 500
KERAS = Path(__file__).with_name("keras_article.py")


class Keras:
    """The tutorial's code in a process of its own, asked for one epoch at a time."""

    def __init__(self, backend: str) -> None:
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._process = subprocess.Popen(
            [sys.executable, str(KERAS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.seconds: list[float] = []
        assert self._read() == "ready"

    def train_epoch(self) -> None:
        """Let it train one epoch, and wait."""
        assert self._process.stdin is not None
        self._process.stdin.write("epoch\n")
        self._process.stdin.flush()
        self.seconds.append(float(self._read()))

    def finish(self) -> float:
        """End it; return its test accuracy."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        accuracy = float(self._read())
        self._process.wait()
        return accuracy

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def train_by_turns(keras: Keras, recipe: Recipe) -> float:
    """Train our network, with an epoch of Keras after each of ours; return our seconds."""
    data, spec = load_for(recipe)
    few = data.validation.take(np.arange(FEW))  # the tutorial's code scores none while training
    data = replace(data, validation=few)

    def take_turn(state: Progress) -> None:
        if state.step == state.steps and len(keras.seconds) < KERAS_EPOCHS:
            keras.train_epoch()
            print_line(f"epoch {state.epoch}: Keras {keras.seconds[-1]:.1f} s")

    start = time.perf_counter()
    network = make_network(recipe, spec)
    train_network(network, data, recipe, choose_device("cpu"), take_turn)
    ours = time.perf_counter() - start - sum(keras.seconds)
    while len(keras.seconds) < KERAS_EPOCHS:
        keras.train_epoch()
    return ours


def over_seeds(recipe: Recipe, seeds: int) -> None:
    """Print the test accuracy of some seeds, its mean and standard deviation."""
    data, spec = load_for(recipe)
    scores = []
    for seed in range(seeds):
        report, _ = train_on(data, spec, replace(recipe, seed=seed), device="cpu")
        scores.append(100 * report.test.accuracy.value)
        print_line(f"seed {seed}: {scores[-1]:.2f} % in {report.seconds:.1f} s")
    spread = statistics.stdev(scores) if seeds > 1 else 0.0
    print(f"test accuracy {statistics.mean(scores):.3f} % +- {spread:.3f}, {seeds} seeds")


def main(backend: str = "torch", recipe: str = "article-mnist", seeds: int = 0) -> None:
    """Print the seconds of both and their ratio."""
    chosen = read_recipe(RECIPES / f"{recipe}.toml")
    if seeds:
        over_seeds(chosen, seeds)
    keras = Keras(backend)
    ours, theirs = train_by_turns(keras, chosen), sum(keras.seconds)
    print(
        f"{recipe}, {chosen.epochs} epochs: {ours:.1f} s, Keras on {backend}, {KERAS_EPOCHS} "
        f"epochs: {theirs:.1f} s, ratio {ours / theirs:.2f}; "
        f"Keras' test accuracy {keras.finish():.2%}"
    )


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    typer.run(main)
