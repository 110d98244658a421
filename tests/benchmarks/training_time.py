"""Time of the recipe's 5 epochs against the tutorial's own Keras code, epochs interleaved.

    pip install keras==3.15.1     # and tensorflow or jax for their backends
    EDGECNN_DATA=... python tests/benchmarks/training_time.py [--backend torch]

Two processes take turns, an epoch each, so that a slow minute slows both. About 4 minutes.
"""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import typer

from edgecnn.cli.progress import say
from edgecnn.trainer.fit import fit
from edgecnn.trainer.networks import build
from edgecnn.trainer.progress import Progress
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.score import choose_device
from edgecnn.trainer.train import load_for

RECIPE = Recipe(train_size=50_000)
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


def train_by_turns(keras: Keras) -> float:
    """Train our network, with an epoch of Keras after each of ours; return our seconds."""
    data, spec = load_for(RECIPE)
    few = data.validation.take(np.arange(FEW))  # the tutorial's code scores none while training
    data = replace(data, validation=few)

    def take_turn(state: Progress) -> None:
        if state.step == state.steps:
            keras.train_epoch()
            say(f"epoch {state.epoch}: Keras {keras.seconds[-1]:.1f} s")

    torch.manual_seed(RECIPE.seed)
    start = time.perf_counter()
    network = build(RECIPE.network, spec.shape, len(spec.labels))
    fit(network, data, RECIPE, choose_device("cpu"), take_turn)
    return time.perf_counter() - start - sum(keras.seconds)


def main(backend: str = "torch") -> None:
    """Print the seconds of both and their ratio."""
    keras = Keras(backend)
    ours, theirs = train_by_turns(keras), sum(keras.seconds)
    print(
        f"{RECIPE.epochs} epochs: edgecnn {ours:.1f} s, Keras on {backend} {theirs:.1f} s, "
        f"ratio {ours / theirs:.2f}; Keras' test accuracy {keras.finish():.2%}"
    )


if __name__ == "__main__":
    typer.run(main)
