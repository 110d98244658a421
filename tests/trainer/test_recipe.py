"""Recipes: the tutorial's numbers, TOML that forgives gaps and nothing else."""

import dataclasses
import json
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.errors import NotFound, OptionError, SpecError
from edgecnn.model.spec import Fit
from edgecnn.trainer.augment import Augment
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.recipe import (
    Distill,
    Optimizer,
    Precision,
    Qat,
    Recipe,
    Schedule,
    Transfer,
    change,
    read_recipe,
)

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

RECIPES = st.builds(
    Recipe,
    data=st.text(st.characters(codec="utf-8")),
    size=st.integers(0, 512),
    channels=st.sampled_from((0, 1, 3)),
    fit=st.sampled_from(Fit),
    train_size=st.integers(0, 10**6),
    epochs=st.integers(1, 1000),
    batch=st.integers(1, 4096),
    learning_rate=st.floats(1e-12, 10.0),
    epsilon=st.floats(1e-12, 1.0),
    optimizer=st.sampled_from(Optimizer),
    schedule=st.sampled_from(Schedule),
    average=st.floats(0, 0.9999),
    balance=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
    network=st.builds(
        Architecture,
        widths=st.lists(st.integers(1, 512), max_size=4).map(tuple),
        kernel=st.integers(1, 9),
        stride=st.integers(1, 4),
        dense=st.integers(1, 1024),
    ),
    augment=st.builds(Augment, flip=st.booleans(), rotate=st.floats(0, 180)),
    distill=st.builds(Distill, teacher=st.text(st.characters(codec="utf-8"))),
    qat=st.builds(Qat, epochs=st.integers(0, 99)),
)


def written(folder: Path, text: str) -> Path:
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data", "mnist"),
        ("epochs", 5),
        ("batch", 64),
        ("learning_rate", 1e-3),
        ("epsilon", 1e-7),
        ("network", Architecture("article", (32, 64, 64), kernel=3, stride=1, dense=64)),
    ],
)
def test_the_defaults_are_the_tutorials(name: str, value: object) -> None:
    assert getattr(Recipe(), name) == value


def test_an_empty_file_is_the_default_recipe(tmp_path: Path) -> None:
    assert read_recipe(written(tmp_path, "")) == Recipe()


def test_every_key_of_a_file_is_read(tmp_path: Path) -> None:
    assert read_recipe(written(tmp_path, WHOLE)) == WHOLE_RECIPE


def test_no_value_of_the_whole_recipe_is_a_default() -> None:
    pairs = [(WHOLE_RECIPE, Recipe())]
    pairs += [(getattr(WHOLE_RECIPE, name), getattr(Recipe(), name)) for name in TABLES]
    for whole, default in pairs:
        for field in dataclasses.fields(default):
            assert getattr(whole, field.name) != getattr(default, field.name), field.name


@pytest.mark.parametrize("number", [n for n, x in enumerate(WHOLE.splitlines()) if "=" in x])
def test_a_key_that_is_left_out_keeps_its_default(number: int, tmp_path: Path) -> None:
    lines = WHOLE.splitlines()
    key = lines.pop(number).split(" = ")[0]
    table = next((x.strip("[]") for x in lines[number - 1 :: -1] if x.startswith("[")), "")
    recipe = read_recipe(written(tmp_path, "\n".join(lines)))
    if table:
        changes: dict[str, Any] = {key: getattr(getattr(Recipe(), table), key)}
        changes = {table: dataclasses.replace(getattr(WHOLE_RECIPE, table), **changes)}
    else:
        changes = {key: getattr(Recipe(), key)}
    assert recipe == dataclasses.replace(WHOLE_RECIPE, **changes)


@settings(deadline=None, max_examples=50)
@given(RECIPES)
def test_any_recipe_survives_toml(tmp_path_factory: pytest.TempPathFactory, recipe: Recipe) -> None:
    path = written(tmp_path_factory.getbasetemp(), toml_of(recipe))
    assert read_recipe(path) == recipe


@settings(deadline=None, max_examples=50)
@given(RECIPES)
def test_any_recipe_survives_json(recipe: Recipe) -> None:
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_a_whole_number_is_a_learning_rate_too(tmp_path: Path) -> None:
    rate = read_recipe(written(tmp_path, "learning_rate = 1")).learning_rate
    assert (rate, type(rate)) == (1.0, float)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("epoch = 5", "epoch", id="unknown key"),
        pytest.param("[network]\nlayers = 3", "layers", id="unknown key of the network"),
        pytest.param("[augmentation]\nflip = true", "augmentation", id="unknown table"),
        pytest.param("[augment]\nflip = 1", "Recipe.augment.flip is 1", id="number for yes or no"),
        pytest.param("[qat]\nepoch = 1", "Recipe.qat has fields", id="unknown key of a table"),
        pytest.param('optimizer = "rmsprop"', "one of adam, adamw, sgd", id="unknown optimizer"),
        pytest.param('epochs = "5"', "Recipe.epochs is '5', expected int", id="text for a number"),
        pytest.param("epochs = 5.0", "Recipe.epochs is 5.0", id="fraction for a whole number"),
        pytest.param("seed = true", "Recipe.seed is True", id="boolean for a number"),
        pytest.param("data = 5", "Recipe.data is 5, expected str", id="number for text"),
        pytest.param("size = 1979-05-27", "Recipe.size is '1979-05-27'", id="date for a number"),
        pytest.param('fit = "squeeze"', "Recipe.fit is 'squeeze'", id="unknown fit"),
        pytest.param("network = 5", "Recipe.network", id="number for a table"),
        pytest.param("[network]\nwidths = 32", "Recipe.network.widths is 32", id="no list"),
        pytest.param(
            '[network]\nwidths = [32, "64"]', "Recipe.network.widths[1]", id="text in a list"
        ),
        pytest.param("epochs = ", "Invalid value", id="not TOML"),
        pytest.param("epochs = 5\nepochs = 6", "Cannot overwrite", id="a key twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    text: str, named: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(OptionError, match=str(path)) as caught:
        read_recipe(path)
    assert named in caught.value.what
    assert caught.value.remedy == "correct the file"


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(b"data = \xff\xfe")
    with pytest.raises(OptionError, match=str(path)):
        read_recipe(path)


@pytest.mark.parametrize("name", ["nothing.toml", ".", "my.toml/deeper.toml"])
def test_a_file_that_is_not_there_is_not_found(name: str, tmp_path: Path) -> None:
    written(tmp_path, WHOLE)
    with pytest.raises(NotFound, match=str(tmp_path / name)) as caught:
        read_recipe(tmp_path / name)
    assert ".toml" in caught.value.remedy


@pytest.mark.parametrize("value", [0, -1, float("nan")])
@pytest.mark.parametrize("name", ["epochs", "batch", "learning_rate", "epsilon"])
def test_numbers_that_cannot_train_are_refused(name: str, value: float) -> None:
    changes: dict[str, Any] = {name: value}
    with pytest.raises(OptionError, match=f"{name} is {value}") as caught:
        Recipe(**changes)
    assert "more than 0" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("epochs = 0", "epochs is 0", id="no epochs"),
        pytest.param("learning_rate = nan", "learning_rate is nan", id="no number"),
        pytest.param("[network]\nstride = 0", "stride is 0", id="no stride"),
    ],
)
def test_numbers_of_a_file_are_checked_too(text: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=named):
        read_recipe(written(tmp_path, text))


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
@pytest.mark.parametrize("name", ["momentum", "average", "label_smoothing", "rise"])
def test_shares_are_from_0_to_below_1(name: str, value: float) -> None:
    changes: dict[str, Any] = {name: value}
    with pytest.raises(OptionError, match=f"{name} is {value}") as caught:
        Recipe(**changes)
    assert "0 to below 1" in caught.value.remedy


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("weight_decay=-1.0", "weight_decay is -1.0"),
        ("patience=-1", "patience is -1"),
        ("transfer.freeze=-1", "transfer.freeze is -1"),
        ("distill.weight=1.5", "weight=1.5"),
        ("distill.temperature=0", "temperature=0.0"),
        ("qat.epochs=-1", "epochs=-1"),
        ("qat.learning_rate=0", "learning_rate=0.0"),
        ("augment.cutout=2", "augment.cutout is 2.0"),
    ],
)
def test_every_table_refuses_numbers_that_cannot_train(setting: str, named: str) -> None:
    with pytest.raises(OptionError, match=named):
        change(Recipe(), [setting])


def test_a_setting_changes_one_number_and_nothing_else() -> None:
    recipe = change(WHOLE_RECIPE, ["augment.rotate=15"])
    augment = dataclasses.replace(WHOLE_RECIPE.augment, rotate=15.0)
    assert recipe == dataclasses.replace(WHOLE_RECIPE, augment=augment)


def test_no_setting_changes_nothing() -> None:
    assert change(WHOLE_RECIPE, []) == WHOLE_RECIPE


def test_several_settings_change_several_numbers_and_the_last_one_wins() -> None:
    recipe = change(
        Recipe(), ["epochs=3", "network.widths=[4, 8]", "augment.flip=true", "epochs=4"]
    )
    assert (recipe.epochs, recipe.network.widths, recipe.augment.flip) == (4, (4, 8), True)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data=pictures/mine", "pictures/mine"),
        ("data = a folder/of mine ", "a folder/of mine"),
        ('data="digits"', "digits"),
        ("data=a=b", "a=b"),
        ("data=", ""),
    ],
)
def test_text_needs_no_quotes(setting: str, value: str) -> None:
    assert change(Recipe(), [setting]).data == value


def test_a_setting_may_be_a_word_of_a_choice() -> None:
    assert change(Recipe(), ["schedule=one-cycle"]).schedule is Schedule.ONE_CYCLE


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("augment.rotat=15", "Recipe.augment has fields"),
        ("epoch=5", "Recipe has fields"),
        ("rotate=15", "Recipe has fields"),
        ("epochs=many", "Recipe.epochs is 'many', expected int"),
        ("epochs", "Recipe.epochs is ''"),
        ("augment=3", "Recipe.augment has fields 3"),
        ("augment.flip.more=1", "Recipe.augment.flip is {'more': 1}"),
        ("network.widths=[1, x]", "Recipe.network.widths is '[1, x]'"),
        ("schedule=linear", "expected one of constant, cosine, one-cycle"),
        ("a b=1", "Expected '=' after a key"),
        ("=5", "Invalid"),
        ("", "Invalid"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_the_reason(setting: str, named: str) -> None:
    with pytest.raises(OptionError, match=r"^setting ") as caught:
        change(Recipe(), [setting])
    assert repr(setting) in caught.value.what
    assert named in caught.value.what
    assert "augment.rotate=15" in caught.value.remedy


def test_the_json_of_an_older_version_gets_the_new_keys_defaults() -> None:
    older = json.loads(WHOLE_RECIPE.to_json())
    for name in ("augment", "distill", "schedule", "average"):
        del older[name]
    del older["network"]["depths"], older["qat"]["learning_rate"]
    recipe = Recipe.from_json(json.dumps(older))
    assert recipe == dataclasses.replace(
        WHOLE_RECIPE,
        augment=Augment(),
        distill=Distill(),
        schedule=Schedule.CONSTANT,
        average=0.0,
        network=dataclasses.replace(WHOLE_RECIPE.network, depths=Architecture().depths),
        qat=dataclasses.replace(WHOLE_RECIPE.qat, learning_rate=Qat().learning_rate),
    )


NO_RECIPES = [
    "", "[]", "5", "null", '{"epoch": 5}', '{"network": 5}', "{", "[" * 10_000,
    '{"data": ' + "[" * 10_000, '{"epochs": ' + "9" * 5000 + "}", '{"data": "\\ud800"}',
]  # fmt: skip


@pytest.mark.parametrize("text", NO_RECIPES, ids=[text[:12] for text in NO_RECIPES])
def test_json_that_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="Recipe"):
        Recipe.from_json(text)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe(data="digits", epochs=9, fit=Fit.LETTERBOX, augment=Augment(flip=True)),
        Recipe(network=Architecture(name="edge", widths=(8,), depths=(0,)), seed=3),
    ],
)
def test_the_short_text_of_a_recipe_says_only_what_differs_and_reads_back(recipe: Recipe) -> None:
    text = recipe.to_short_json()
    assert Recipe.from_json(text) == recipe
    assert ("batch" in text, "epochs" in text) == (False, recipe.epochs != Recipe().epochs)
