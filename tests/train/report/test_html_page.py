"""The HTML page of reports and inspections."""

from __future__ import annotations

from pathlib import Path

from tests.support.fer2013 import write_picture

from fer_train.report.html_page import Section, Table, write_page


def test_sections_have_text_figures_and_tables_and_a_link(tmp_path: Path) -> None:
    write_picture(tmp_path / "plot.png", 7)
    table = Table(("name", "value"), [("a", 1)])
    sections = [Section("First", "Text.", [(tmp_path / "plot.png", "A plot")], table), Section("Second")]
    write_page(tmp_path / "page.html", "Title", "Summary.", sections)
    page = (tmp_path / "page.html").read_text()
    assert "<h1>Title</h1>\n<p>Summary.</p>" in page
    assert '<a href="#s2">Second</a>' in page
    assert '<img src="data:image/png;base64,' in page
    assert "<figcaption>A plot</figcaption>" in page
    assert "<tr><td>a</td><td>1</td></tr>" in page


def test_text_is_escaped(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", "<script>", "a & b", [Section("<b>")])
    page = (tmp_path / "page.html").read_text()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "a &amp; b" in page
