"""Recipes: the defaults of the tutorial; missing TOML keys are allowed, unknown ones are not."""

import dataclasses
import json
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
    Qat,
    Recipe,
    Schedule,
    read_recipe,
)
from trainer.whole_recipe import TABLES, WHOLE, WHOLE_RECIPE, toml_of

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
