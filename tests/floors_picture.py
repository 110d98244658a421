"""Draw the floors of edgecnn, as `tests/test_floors.py` has them, into docs/floors.svg.

python tests/floors_picture.py
"""

from pathlib import Path
from textwrap import wrap

from test_floors import DEVICE_HALF, FLOORS

PICTURE = Path(__file__).parents[1] / "docs" / "floors.svg"
LEFT, WIDTH, ROW, GAP, LETTERS = 150, 560, 24, 6, 62
STYLE = (
    "text { font: 15px system-ui, sans-serif; fill: #1c2024 } .half { fill: #60676f }"
    " rect { fill: #fff; stroke: #e3e3de } .device { fill: #dff0ee; stroke: #0d7c74 }"
    " .commands { fill: #efedf7; stroke: #7a6bb5 }"
)


def draw() -> str:
    """Return the picture as SVG, the highest floor at the top."""
    floors = [wrap(floor, LETTERS) for floor in reversed(FLOORS)]
    boxes, y = [], GAP
    for lines in floors:
        height = ROW * len(lines) + GAP
        boxes.append(_box(lines, y, height))
        y += height + GAP
    size = f'width="{LEFT + WIDTH + 10}" height="{y}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {LEFT + WIDTH + 10} {y}">'
    ground = f'<rect width="100%" height="{y}" style="fill: #f4f4f1; stroke: none"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", ground, *boxes, "</svg>", ""])


def _box(lines: list[str], y: int, height: int) -> str:
    names = set(lines[0].split())
    half = "device" if names & set(DEVICE_HALF) else "workstation"
    kind = "commands" if names & {"cli", "__main__"} else half
    texts = "".join(
        f'<text x="{LEFT + 14}" y="{y + ROW * (i + 1) - 4}">{line.replace(" ", " &#183; ")}</text>'
        for i, line in enumerate(lines)
    )
    label = f'<text class="half" x="14" y="{y + ROW - 4}">{kind}</text>'
    shape = f'x="{LEFT}" y="{y}" width="{WIDTH}" height="{height}" rx="8"'
    return f'{label}<rect class="{kind}" {shape}/>{texts}'


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
