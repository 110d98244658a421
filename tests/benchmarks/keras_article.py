"""The tutorial's own code, on the Keras backend that KERAS_BACKEND names.

Trains one epoch for each line on standard input and prints its seconds; at the end of the input it
prints the test accuracy. `training_time.py` drives it.

Source: the network, optimizer, loss, epochs and batch size of the published tutorial.
"""

import sys
import time

import keras
import numpy as np
from keras import layers

from edgecnn.data.catalog import read

TRAIN_SIZE, BATCH = 50_000, 64


def build() -> keras.Model:
    """Build and compile the tutorial's network."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main() -> None:
    """Train on demand."""
    keras.utils.set_random_seed(0)
    raw = read("mnist")
    assert raw.test is not None
    pictures = np.asarray(raw.train.frames[:TRAIN_SIZE]).astype("float32") / 255
    labels = raw.train.labels[:TRAIN_SIZE]
    model = build()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        model.fit(pictures, labels, epochs=1, batch_size=BATCH, verbose=0)
        print(time.perf_counter() - start, flush=True)
    tested = np.asarray(raw.test.frames).astype("float32") / 255
    _, accuracy = model.evaluate(tested, raw.test.labels, verbose=0)
    print(accuracy, flush=True)


if __name__ == "__main__":
    main()
