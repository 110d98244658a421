"""The tree of errors is the one that its docstring draws."""

import re

import pytest

from edgecnn import errors
from edgecnn.errors import EdgeError

EXIT_CODES = {1, 2, 3, 4, 5, 6, 70, 130}
DRAWN = re.compile(r"^(?P<branches>[|` -]*)(?P<name>[A-Z]\w+)(?: +(?P<code>\d+))?  ")


def drawn_tree() -> dict[str, tuple[str, int]]:
    """Read the docstring's drawing: the parent and the exit code of each class."""
    tree: dict[str, tuple[str, int]] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = DRAWN.match(line)
        if found is None:
            continue
        depth, name = len(found["branches"]), found["name"]
        above = [(d, n) for d, n in above if d < depth]
        parent = above[-1][1] if above else ""
        code = int(found["code"]) if found["code"] else tree[parent][1]
        tree[name] = (parent, code)
        above.append((depth, name))
    return tree


CLASSES: dict[str, type[EdgeError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, EdgeError)
}


def test_every_class_is_drawn_and_every_drawn_class_is_there() -> None:
    assert set(drawn_tree()) == set(CLASSES)
    assert len(CLASSES) > 10


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_stands_where_it_is_drawn(name: str) -> None:
    parent, _ = drawn_tree()[name]
    assert CLASSES[name].__base__ is CLASSES.get(parent, Exception)


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_exit_code_that_is_drawn(name: str) -> None:
    assert CLASSES[name].exit_code == drawn_tree()[name][1]
    assert CLASSES[name].exit_code in EXIT_CODES


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_says_what_it_means(name: str) -> None:
    assert (CLASSES[name].__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize("name", CLASSES)
def test_an_error_tells_what_happened_and_then_what_to_do(name: str) -> None:
    error = CLASSES[name]("the lamp is off", remedy="switch it on")
    assert str(error) == "the lamp is off\n  try: switch it on"
    assert (error.what, error.remedy) == ("the lamp is off", "switch it on")


@pytest.mark.parametrize("name", CLASSES)
def test_an_error_without_remedy_cannot_be_made(name: str) -> None:
    with pytest.raises(TypeError, match="remedy"):
        CLASSES[name]("the lamp is off")  # type: ignore[call-arg]


@pytest.mark.parametrize("name", CLASSES)
def test_the_remedy_is_given_by_name(name: str) -> None:
    with pytest.raises(TypeError, match="positional"):
        CLASSES[name]("the lamp is off", "switch it on")  # type: ignore[call-arg]


def test_each_kind_of_exit_code_belongs_to_one_branch() -> None:
    branches: list[type[EdgeError]] = [EdgeError, *EdgeError.__subclasses__()]
    roots = {kind.exit_code: kind for kind in branches}
    assert set(roots) == EXIT_CODES
    assert all(issubclass(kind, roots[kind.exit_code]) for kind in CLASSES.values())
