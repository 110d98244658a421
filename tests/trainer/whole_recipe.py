"""A recipe in which no value is the default, as TOML and as an object; and any recipe as TOML."""

import dataclasses
from enum import Enum
from typing import Any

from edgecnn.model.spec import Fit
from edgecnn.trainer.augment import Augment
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.recipe import Distill, Optimizer, Precision, Qat, Recipe, Schedule, Transfer

WHOLE = """
data = "hymenoptera"
size = 64
channels = 3
fit = "letterbox"
train_size = 200
epochs = 12
batch = 16
learning_rate = 5e-4
epsilon = 1e-8
optimizer = "sgd"
momentum = 0.8
weight_decay = 5e-4
schedule = "one-cycle"
rise = 0.3
average = 0.99
label_smoothing = 0.1
balance = true
patience = 7
precision = "bf16"
seed = 3

[network]
name = "edge"
widths = [16, 32, 48]
depths = [0, 2, 1]
kernel = 5
stride = 2
expansion = 0.5
dense = 96

[augment]
flip = true
shift = 0.1
rotate = 10.0
scale = 0.2
shear = 3.0
brightness = 0.3
contrast = 0.4
saturation = 0.5
noise = 6.0
cutout = 0.25

[distill]
teacher = "runs/large"
weight = 0.75
temperature = 4.0

[transfer]
start = "runs/other"
freeze = 2

[qat]
epochs = 3
learning_rate = 2e-4
"""
WHOLE_RECIPE = Recipe(
    data="hymenoptera",
    size=64,
    channels=3,
    fit=Fit.LETTERBOX,
    train_size=200,
    epochs=12,
    batch=16,
    learning_rate=5e-4,
    epsilon=1e-8,
    optimizer=Optimizer.SGD,
    momentum=0.8,
    weight_decay=5e-4,
    schedule=Schedule.ONE_CYCLE,
    rise=0.3,
    average=0.99,
    label_smoothing=0.1,
    balance=True,
    patience=7,
    precision=Precision.BF16,
    seed=3,
    network=Architecture("edge", (16, 32, 48), (0, 2, 1), 5, 2, 0.5, 96),
    augment=Augment(True, 0.1, 10.0, 0.2, 3.0, 0.3, 0.4, 0.5, 6.0, 0.25),
    distill=Distill("runs/large", 0.75, 4.0),
    transfer=Transfer("runs/other", 2),
    qat=Qat(3, 2e-4),
)
TABLES = ("network", "augment", "distill", "transfer", "qat")


def toml_of(recipe: Recipe) -> str:
    """Write a recipe as TOML, by TOML's own description."""
    values = dataclasses.asdict(recipe)
    tables = {name: values.pop(name) for name in TABLES}
    lines = [f"{key} = {_value(value)}" for key, value in values.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return f'"{value.value}"'
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value) + '"'
    return str(list(value)) if isinstance(value, tuple) else repr(value)
