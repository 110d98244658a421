"""Settings such as `augment.rotate=15` change a recipe: `recipe.change`, the option `--set`."""

import dataclasses

import pytest

from edgecnn.errors import OptionError
from edgecnn.trainer.recipe import Recipe, Schedule, change
from trainer.whole_recipe import WHOLE_RECIPE


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
        ("data=pictures \U0001f41d/\U0001f98b", "pictures \U0001f41d/\U0001f98b"),
        ("data=\u871c\u8702", "\u871c\u8702"),
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
