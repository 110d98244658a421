"""The input of an external model: read from its graph or given by the user, never guessed.

A graph does not hold the order of the channels, the range and the normalization of its float input:
the user must give them.
"""

from dataclasses import dataclass, replace

from edgecnn.errors import ModelError, OptionError
from edgecnn.exporter.adopt.classifier_check import check_classifier
from edgecnn.model.graph_check import Outline, Value
from edgecnn.records import Record

ORDERS = {"gray": (0,), "bgr": (0, 1, 2), "rgb": (2, 1, 0)}
"""Index of the frame's channel (gray or BGR) for each channel of the network."""


@dataclass(frozen=True)
class UserOptions:
    """What the user gives about a network's input; zero and empty: not given."""

    size: tuple[int, int] = (0, 0)
    """Width, height, pixels."""
    layout: str = ""
    """nchw or nhwc."""
    channels: str = ""
    """rgb, bgr or gray."""
    scale: float = 0.0
    """Pixels, 0 to 255, are first divided by it: by 255 for 0..1, by 1 for 0..255."""
    mean: tuple[float, ...] = ()
    """Subtracted next: one number, or one for each channel in the network's order."""
    std: tuple[float, ...] = ()
    """Divided by last."""


ASSUMPTIONS = {
    "unit": UserOptions(scale=255.0, mean=(0.0,), std=(1.0,)),
    "signed": UserOptions(scale=127.5, mean=(1.0,), std=(1.0,)),
    "pixels": UserOptions(scale=1.0, mean=(0.0,), std=(1.0,)),
    "imagenet": UserOptions(
        channels="rgb", scale=255.0, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    ),
}
"""Usual inputs by name: 0..1, -1..1, 0..255, and torchvision's normalization."""


@dataclass(frozen=True)
class Plan(Record):
    """How a frame becomes the input of a network."""

    input: str
    """Name of the input."""
    batch: int
    """Fixed batch size of the network; 0: any."""
    height: int
    width: int
    nhwc: bool
    type: str
    """Of the input: float32, float16 or uint8."""
    order: tuple[int, ...]
    """Index of the frame's channel for each channel of the network."""
    gain: tuple[float, ...]
    """For each channel of the network: its value is pixel (0 to 255) times gain plus offset."""
    offset: tuple[float, ...]
    classes: int
    told: tuple[str, ...]
    """Facts that the user gave, in words."""

    @property
    def channels(self) -> int:
        """Return the channels of a frame."""
        return len(self.order)


def assumed(name: str, given: UserOptions) -> UserOptions:
    """Return the user's options with what a name in `ASSUMPTIONS` stands for; empty: as they are.

    Raises:
        OptionError: There is no such assumption, or the options say something else.
    """
    if not name:
        return given
    if name not in ASSUMPTIONS:
        raise OptionError(f"--assume is {name!r}", remedy=f"use one of: {', '.join(ASSUMPTIONS)}")
    found, apart = ASSUMPTIONS[name], "leave --assume out, and give --scale, --mean and --std"
    own = [f"--{what}" for what in ("scale", "mean", "std") if getattr(given, what)]
    if own:
        raise OptionError(
            f"--assume {name} stands for --scale, --mean and --std; {', '.join(own)} was given too",
            remedy=f"leave {', '.join(own)} out; or {apart}",
        )
    if found.channels and given.channels not in ("", found.channels):
        raise OptionError(
            f"--assume {name} is for {found.channels} pictures; --channels is {given.channels}",
            remedy=f"leave --channels out; or {apart} in the network's order",
        )
    return replace(found, size=given.size, layout=given.layout,
                   channels=given.channels or found.channels)  # fmt: skip


def plan_input(outline: Outline, given: UserOptions, classes: int) -> Plan:
    """Combine what the graph holds with what the user gives.

    Args:
        outline: Inputs, outputs and operators of the graph.
        given: The user's options.
        classes: Number of labels.

    Raises:
        ModelError: The graph is not that of an image classifier, or contradicts what was given.
        OptionError: The graph does not hold something that was not given either.
    """
    check_classifier(outline)
    value = outline.inputs[0]
    nhwc = _is_nhwc(value, given)
    batch, *rest = value.shape
    height, width, depth = rest if nhwc else (*rest[1:], rest[0])
    size = (_agreed("width", width, given.size[0]), _agreed("height", height, given.size[1]))
    channels, words = _order(depth, given)
    gain, offset, more = _normalization(value, given, len(ORDERS[channels]))
    return Plan(
        input=value.name,
        batch=int(batch) if batch.isdecimal() else 0,
        height=size[1],
        width=size[0],
        nhwc=nhwc,
        type=value.type,
        order=ORDERS[channels],
        gain=gain,
        offset=offset,
        classes=classes,
        told=(*words, *more),
    )


def _is_nhwc(value: Value, given: UserOptions) -> bool:
    """Return whether the layout is NHWC: the dimension of size 1 or 3 is that of the channels."""
    could_be = {"nchw": value.shape[1] in ("1", "3"), "nhwc": value.shape[3] in ("1", "3")}
    layouts = [layout for layout, possible in could_be.items() if possible]
    if given.layout:
        if layouts and given.layout not in layouts:
            _refuse(f"has an input {value}, which is not {given.layout}", "leave --layout out")
        return given.layout == "nhwc"
    if len(layouts) == 1:
        return layouts == ["nhwc"]
    if not any(size.isdecimal() for size in value.shape[1:]):
        layouts = [*could_be]
    if not layouts:
        _refuse(f"has an input {value} without 1 or 3 channels", "adopt a network of pictures")
    raise OptionError(
        f"the layout of the input cannot be read from {value}", remedy="give --layout nchw or nhwc"
    )


def _agreed(what: str, found: str, given: int) -> int:
    """Return a dimension that the graph holds or the user gives, and refuse a contradiction."""
    if not found.isdecimal():
        if not given:
            raise OptionError(f"the graph leaves the {what} open", remedy="give --size 224")
        return given
    if given and given != int(found):
        raise OptionError(
            f"--size says {what} {given}, the graph says {found}", remedy="leave --size out"
        )
    return int(found)


def _order(depth: str, given: UserOptions) -> tuple[str, tuple[str, ...]]:
    """Return the order of the channels, and what the user gave about it, in words."""
    if depth == "1" and given.channels in ("", "gray"):
        return "gray", ()
    if depth in ("1", "3") and given.channels and (given.channels == "gray") != (depth == "1"):
        raise OptionError(
            f"--channels is {given.channels}, the input has {depth}", remedy="give rgb or bgr"
        )
    if given.channels not in ORDERS:
        raise OptionError(
            f"a graph does not say the order of its channels; --channels is {given.channels!r}",
            remedy="give --channels rgb (PIL, most training code) or bgr (OpenCV, Caffe)",
        )
    return given.channels, (f"channels {given.channels}",)


Affine = tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]


def _normalization(value: Value, given: UserOptions, channels: int) -> Affine:
    """Return gain and offset of each channel, and what the user gave about them, in words."""
    numbers = {"--scale": given.scale, "--mean": given.mean, "--std": given.std}
    missing = [option for option, values in numbers.items() if not values]
    if value.type == "uint8":
        if len(missing) < len(numbers):
            raise OptionError(
                f"{value} takes pixels as they are: it scales and normalizes them itself",
                remedy="leave --scale, --mean, --std and --assume out",
            )
        return (1.0,) * channels, (0.0,) * channels, ()
    if missing:
        only = f"; {' and '.join(missing)} is missing" if len(missing) < len(numbers) else ""
        raise OptionError(
            f"a graph does not say what its float input is: {value}{only}",
            remedy="give --scale, --mean and --std as in training, such as --scale 255 --mean 0 "
            f"--std 1; or --assume {', '.join(ASSUMPTIONS)}",
        )
    gain, offset = affine(given, channels)
    words = f"(pixel / {given.scale:g} - {_numbers(given.mean)}) / {_numbers(given.std)}"
    return gain, offset, (words,)


def affine(given: UserOptions, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return what a pixel is multiplied by, and what is added then, in each channel.

    Raises:
        OptionError: There are other numbers than channels, or the pixels cannot be divided by one.
    """
    mean, std = (_each(what, numbers, channels)
                 for what, numbers in (("mean", given.mean), ("std", given.std)))  # fmt: skip
    if given.scale <= 0 or min(std) <= 0:
        raise OptionError(
            f"--scale {given.scale} --std {given.std} cannot divide", remedy="give positive numbers"
        )
    gain = tuple(1 / (given.scale * s) for s in std)
    return gain, tuple(-m / s for m, s in zip(mean, std, strict=True))


def _each(what: str, numbers: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if len(numbers) not in (1, channels):
        raise OptionError(
            f"--{what} has {len(numbers)} numbers, the input {channels} channels",
            remedy=f"give 1 or {channels}, with commas between",
        )
    return numbers * (channels // len(numbers))


def _numbers(numbers: tuple[float, ...]) -> str:
    return ",".join(f"{number:g}" for number in numbers)


def _refuse(what: str, remedy: str) -> None:
    raise ModelError(f"the model {what}", remedy=remedy)
