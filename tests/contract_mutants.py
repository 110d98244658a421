"""Mutants of what a model file says of itself: its spec, card and golden frames, as JSON texts."""

import base64
import json
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from edgecnn.opencv import cv2, encode_png

Random = np.random.Generator
Texts = dict[str, str]
"""The JSON texts, by `spec`, `card` and `golden`."""
DIGITS = re.compile(r'"@digits (\d+)"')
"""Stands for a whole number of more digits than Python writes."""
MOST = 5 * 2**20
"""Characters of a text: a metadata entry may have 4 MiB."""

NUMBERS = (0, 1, -1, 2, 0.5, 1.5, 65, 255, 4096, 4097, 10_001, 2**31, 2**53 + 1, 2**63 - 1, 2**63,
           -(2**63) - 1, 10**18, 10**400, "@digits 4301", "@digits 100000", 1e-320, 1e39, -1e308,
           1e308, float("nan"), float("inf"), -float("inf"))  # fmt: skip
TEXTS = ("", " ", "a", "int8", "\ud800", "x\udfff", "\udc00\ud800", "\x00", "\n", "\x1b]0;x\x07",
         "\u202e", "\N{BEETLE}", "蜜蜂", "a" * 1001, "ü" * 100_001, "{}", "[]", "null", "../../x",
         '{"adopted": 1}', "%s%n", "<script>", "<b>&amp;")  # fmt: skip
OTHERS: tuple[object, ...] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [{}],
    {"": 0},
    [None] * 3,
    [0] * 70,
    ["a"] * 70,
)
COUNTS = (1, 2, 9, 10, 11, 65, 101, 1000, 10_000, 25_000, 25_001, 100_000)
SIZES = (0, 1, 2, 27, 28, 29, 32, 224, 2048, 4096, 4097, 65_536, 2**31, -28)


def mutate(texts: Texts, random: Random) -> Texts:
    """Return the texts after one to three changes, or a few that are possible."""
    changed = dict(texts)
    if random.integers(3) == 0:
        for _ in range(random.integers(1, 6)):
            changed = possible(changed, random)
        return changed
    for _ in range(random.integers(1, 4)):
        kind = EDITS[int(random.integers(len(EDITS)))]
        name = _pick(sorted(changed), random)
        try:
            found = kind(changed, name, random)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            continue  # an earlier change took away what this one changes
        if max(map(len, found.values())) <= MOST:
            changed = found
    return changed


def dumped(value: object) -> str:
    """Return JSON text, with numbers of more digits than Python writes."""
    text = json.dumps(value)
    return DIGITS.sub(lambda found: "9" * int(found[1]), text)


def _pick(items: Any, random: Random) -> Any:
    return items[int(random.integers(len(items)))]


def _hostile(random: Random) -> object:
    return _pick(_pick((NUMBERS, NUMBERS, TEXTS, TEXTS, OTHERS), random), random)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container inside a value, with each of its keys; of long lists the first."""
    keys = list(value) if isinstance(value, dict) else range(min(len(value), 8))
    found = [(value, key) for key in keys]
    inner = [value[key] for key in keys if isinstance(value[key], (dict, list))]
    return found + [place for each in inner for place in _places(each)]


def _with(texts: Texts, name: str, value: object) -> Texts:
    return {**texts, name: dumped(value)}


def hostile_value(texts: Texts, name: str, random: Random) -> Texts:
    """Replace a value, wherever it is."""
    value = json.loads(texts[name])
    container, key = _pick(_places(value), random)
    container[key] = _hostile(random)
    return _with(texts, name, value)


def near_value(texts: Texts, name: str, random: Random) -> Texts:
    """Change a number a little, or a text by a letter."""
    value = json.loads(texts[name])
    container, key = _pick(_places(value), random)
    old = container[key]
    if isinstance(old, str):
        container[key] = old[: int(random.integers(len(old) + 1))] + _pick(TEXTS, random)
    elif isinstance(old, (int, float)):
        container[key] = _pick((old + 1, old - 1, -old, old * 2, old / 2, old * 1e6), random)
    return _with(texts, name, value)


def fields(texts: Texts, name: str, random: Random) -> Texts:
    """Take a field away, add one, or rename one."""
    value = json.loads(texts[name])
    container, key = _pick(_places(value), random)
    kind = random.integers(3)
    if kind < 2 and isinstance(container, dict):
        taken = container.pop(key)
        if kind:
            container[_pick(TEXTS, random)] = taken
    elif isinstance(container, dict):
        container[_pick(TEXTS, random)] = _hostile(random)
    return _with(texts, name, value)


def repeated(texts: Texts, name: str, random: Random) -> Texts:
    """Repeat the items of a list, or the fields of a table under other names."""
    value = json.loads(texts[name])
    container, key = _pick(_places(value), random)
    old = container[key]
    count = min(_pick(COUNTS, random), MOST // len(dumped(old)))
    if isinstance(old, list):
        container[key] = (old or [_hostile(random)]) * count
    elif isinstance(old, dict):
        container[key] = {
            f"{name}{i}": item for i in range(count // 10) for name, item in old.items()
        }
    return _with(texts, name, value)


def labels(texts: Texts, _: str, random: Random) -> Texts:
    spec = json.loads(texts["spec"])
    count = _pick(COUNTS, random)
    kind = _pick(("", "x" * 200, "\N{BEETLE}", "a"), random)
    spec["labels"] = [kind + ("" if kind == "a" else str(i)) for i in range(count)]
    return _with(texts, "spec", spec)


def other_labels(texts: Texts, _: str, random: Random) -> Texts:
    """Give as many labels other names."""
    spec = json.loads(texts["spec"])
    spec["labels"] = [f"{_pick(TEXTS, random)}{i}" for i in range(len(spec["labels"]))]
    return _with(texts, "spec", spec)


def size(texts: Texts, _: str, random: Random) -> Texts:
    spec = json.loads(texts["spec"])
    spec["height"], spec["width"] = _pick(SIZES, random), _pick(SIZES, random)
    spec["channels"] = _pick((1, 3, spec["channels"]), random)
    return _with(texts, "spec", spec)


def rule(texts: Texts, _: str, random: Random) -> Texts:
    """Take another fit rule, and the golden pixels that would show it."""
    spec, golden = json.loads(texts["spec"]), json.loads(texts["golden"])
    spec["fit"] = _pick(("center-crop", "stretch", "letterbox", "x"), random)
    spec["shrink"] = _pick(("area", "grid8", ""), random)
    golden["fitted"] = _pick(("", "AAAA", golden["fitted"]), random)
    return _with(_with(texts, "spec", spec), "golden", golden)


def threshold(texts: Texts, _: str, random: Random) -> Texts:
    spec = json.loads(texts["spec"])
    spec["reject_threshold"] = _pick((0, 0.5, 0.999999, 1e-9, 1, -0.0, 1e-320), random)
    spec["logit_ceiling"] = _pick(([], [0], [1e38], [-1e38], [1e39], [1, 2]), random)
    return _with(texts, "spec", spec)


def frames(texts: Texts, _: str, random: Random) -> Texts:
    """Change the golden frames: how many, how large they say they are, and what they are."""
    golden = json.loads(texts["golden"])
    side = int(_pick((1, 7, 28, 32, 64, 2048), random))
    tiny = encode_png(np.zeros((side, side), np.uint8))
    declared = tiny[:16] + struct.pack(">II", *random.choice([1, 28, 30_000, 2**31], 2)) + tiny[24:]
    jpeg = cv2.imencode(".jpg", np.zeros((28, 28), np.uint8))[1].tobytes()
    content = _pick((tiny, declared, tiny[: int(random.integers(60))], jpeg, b""), random)
    text = base64.b64encode(content).decode()
    golden["frames_png"] = [text] * min(
        _pick((1, 8, 64, 65, 5000), random), MOST // (len(text) + 4)
    )
    return _with(texts, "golden", golden)


def logits(texts: Texts, _: str, random: Random) -> Texts:
    """Change the golden logits, with a tolerance that may accept them."""
    golden = json.loads(texts["golden"])
    rows = [[x * _pick((1, 1, 2, 1e30, -1e300), random) for x in row] for row in golden["logits"]]
    golden["logits"] = _pick((rows, rows[1:], [row[1:] for row in rows], [], rows * 100), random)
    golden["tolerance"] = _pick((golden["tolerance"], 1e30, 3e38, 0, -1), random)
    return _with(texts, "golden", golden)


def no_frames(texts: Texts, _: str, random: Random) -> Texts:
    golden = {**json.loads(texts["golden"]), "frames_png": [], "logits": []}
    return _with(texts, "golden", golden)


def letters(texts: Texts, name: str, random: Random) -> Texts:
    """Change letters of the text itself."""
    text = texts[name]
    for _ in range(random.integers(1, 4)):
        start = int(random.integers(len(text) + 1))
        length = int(random.integers(0, 4))
        put = _pick(
            ('"', "[", "]", "{", "}", ",", ":", "\\", "\\ud800", "9" * 500, "-", ""), random
        )
        text = text[:start] + put + text[start + length :]
    return {**texts, name: text}


def deep(texts: Texts, name: str, random: Random) -> Texts:
    count = int(_pick((10, 900, 1100, 100_000), random))
    return {
        **texts,
        name: _pick(("[" * count + "]" * count, '{"a":' * count + "1" + "}" * count), random),
    }


def exchanged(texts: Texts, name: str, random: Random) -> Texts:
    """Put one record where another belongs."""
    return {**texts, name: texts[_pick(sorted(texts), random)]}


def possible(texts: Texts, random: Random) -> Texts:
    """Change something to what a file may say."""
    spec, card, golden = (json.loads(texts[name]) for name in ("spec", "card", "golden"))
    total = int(_pick((1, 3, 10**6, 2**63 - 1), random))
    correct = int(_pick((0, total, total // 2), random))
    text = _pick([text for text in TEXTS if text.isprintable()], random)
    kind = random.integers(8)
    if kind == 0:
        spec["labels"] = [f"{text[:900]}{i}" for i in range(len(spec["labels"]))]
    elif kind == 1:
        spec["reject_threshold"] = _pick((0, 0.5, 0.999999, 1e-320, 5e-324), random)
        spec["logit_ceiling"] = _pick(([], [0], [1e38], [-1e38], [1e-320]), random)
    elif kind == 2:
        card["accuracy"] = [{**row, "correct": correct, "total": total} for row in card["accuracy"]]
        card["accuracy"] *= int(_pick((1, 2, 10), random))
    elif kind == 3:
        card["macs"] = {f"{text[:9]}{i}": 2**63 - 1 for i in range(_pick((0, 1, 20_000), random))}
        card["parameters"] = 2**63 - 1
    elif kind == 4:
        name = _pick(("name", "dataset", "recipe", "quantization", "gate"), random)
        card[name] = text[:1000]
    elif kind == 5:
        card["versions"] = {f"{text[:900]}{i}": text[:900] for i in range(100)}
    elif kind == 6:
        known = {"pictures": text[:1000], "known": correct, "total": total, "low": 0, "high": 1}
        card["rejection"] = [{"temperature": _pick((1e-320, 1, 1e38), random), "keep": 1,
                              "known": [known] * 100}]  # fmt: skip
    else:
        count = int(_pick((0, 1, len(golden["logits"])), random))
        golden["frames_png"], golden["logits"] = (
            golden["frames_png"][:count],
            golden["logits"][:count],
        )
        golden["fitted"] = _pick((golden["fitted"], ""), random)
    return {"spec": dumped(spec), "card": dumped(card), "golden": dumped(golden)}


EDITS: tuple[Callable[[Texts, str, Random], Texts], ...] = (
    hostile_value, hostile_value, hostile_value, hostile_value, near_value, near_value, near_value,
    near_value, fields, repeated, repeated, labels, other_labels, other_labels, size, rule,
    threshold, threshold, frames, frames, logits, no_frames, letters, letters, deep, exchanged,
)  # fmt: skip
