"""The HTML page needs nothing outside itself, and shows text as text."""

import numpy as np
import pytest
from html_reader import Page

from edgecnn.opencv import encode_png
from edgecnn.pages.render import Picture, Section, render_page
from edgecnn.pages.table import Table

PNG = encode_png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
TABLE = Table(("name", "share"), ("", ".1%"), (("ant", 0.25), ("bee", 1)))
FULL = Section(
    "a", "b", (("c", 1),), (Picture("d", PNG, 99),), (Picture("e", PNG),), (TABLE,), "f\n  g"
)


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    page = Page(render_page("t", "s", [FULL]))
    assert page.outside == []
    assert "script" not in page.tags


def test_the_reader_of_these_tests_sees_what_a_page_would_load() -> None:
    page = Page('<img src="https://a.b/c.png"><a href="d"></a>@import f;url(e)')
    assert len(page.outside) == 4


def test_every_text_of_a_page_is_shown_as_text() -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=y>&amp;'
    table = Table((evil,), ("",), ((evil,),))
    section = Section(
        evil, evil, ((evil, evil),), (Picture(evil, PNG),), (Picture(evil, PNG),), (table,), evil
    )
    page = Page(render_page(evil, evil, [section]))
    assert "script" not in page.tags
    assert page.tags.count("img") == 2
    assert page.outside == []
    # Two titles, the summary, two for the section, a row, two captions, a table's cells, the code.
    assert page.text.count(evil) == 12


def test_a_picture_is_in_the_page_with_every_byte() -> None:
    address = Picture("", PNG).data_uri
    assert f'src="{address}"' in render_page("t", "s", [Section("a", pictures=(Picture("", PNG),))])


def test_a_picture_without_caption_shows_none() -> None:
    tags = Page(render_page("t", "s", [Section("a", thumbnails=(Picture("", PNG),))])).tags
    assert ("img" in tags, "figcaption" in tags) == (True, False)


def test_a_table_shows_rounded_numbers_on_the_right_and_text_on_the_left() -> None:
    html = render_page("t", "s", [Section("a", tables=(TABLE,))])
    assert '<tr><th>name</th><th class="number">share</th></tr>' in html
    assert '<tr><td>ant</td><td class="number">25.0%</td></tr>' in html
    assert '<tr><td>bee</td><td class="number">100.0%</td></tr>' in html


def test_a_row_that_is_too_short_for_its_table_is_no_page() -> None:
    with pytest.raises(ValueError, match=r"zip\(\)"):
        render_page("t", "s", [Section("a", tables=(Table(("x", "y"), ("", ""), (("only",),)),))])


def test_code_keeps_its_lines() -> None:
    assert "f\n  g</pre>" in render_page("t", "s", [FULL])
