"""The README is short, begins with a right answer, and agrees with the pages it leads to."""

import re

from commands import Main
from documents import ROOT, commands_of, text_of

TEXT = text_of("README.md")
MOST_LINES = 150
SECTIONS = [
    "Two commands", "Your own pictures in four commands", "On the device", "Bench",
    "Bring your own model", "What is measured", "Where to read on",
]  # fmt: skip


def test_it_is_short_and_in_the_order_in_which_a_newcomer_asks() -> None:
    assert len(TEXT.splitlines()) <= MOST_LINES
    assert re.findall(r"^## (.*)$", TEXT, re.MULTILINE) == SECTIONS


def test_the_first_output_that_a_reader_sees_is_a_right_answer_for_every_picture(
    main: Main,
) -> None:
    first = next(c for c in commands_of(TEXT) if c.words[0] == "edgecnn")
    shown = [line.split() for line in first.output if line.endswith(".png")]
    assert [(words[1], words[-1].removesuffix(".png")[-1]) for words in shown] == [
        (digit, digit) for digit in "01247"
    ]
    words = [word.replace("demos/", f"{ROOT}/demos/") for word in first.words[1:]]
    answers = [line.split()[1] for line in main(*words).stdout.splitlines()]
    assert answers == list("01247")


def test_own_pictures_take_four_commands() -> None:
    part = TEXT.split("## Your own pictures in four commands")[1].split("\n## ")[0]
    assert [c.words[1] for c in commands_of(part)] == ["collect", "train", "export", "run"]


def test_its_ten_figures_are_those_of_the_page_of_all_figures() -> None:
    part = TEXT.split("## What is measured")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")][1:]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in lines]
    page = text_of("docs/measured.md")
    assert len(rows) == 10
    assert [row[2] for row in rows if row[2] not in page] == []


def test_no_word_of_ours_is_used_without_being_explained() -> None:
    for word in ("grid8", "golden", "worth", "sealed", "stranger"):
        assert word not in TEXT.lower(), word


def test_the_chinese_readme_has_commands_of_the_english_one_only() -> None:
    english = [command.line for command in commands_of(TEXT)]
    chinese = [command.line for command in commands_of(text_of("README.zh-CN.md"))]
    assert chinese
    assert [line for line in chinese if line not in english] == []
    assert len(text_of("README.zh-CN.md").splitlines()) <= MOST_LINES
