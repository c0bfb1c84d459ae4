"""The HTML page of reports and inspections."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.support.browser import CHROMIUM
from tests.support.fer2013 import write_picture

from fer_data.plotting import new_figure, save_figure
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


def test_a_long_table_is_folded_to_its_summary(tmp_path: Path) -> None:
    section = Section("Network", table=Table(("layer", "MACs"), [("conv", 1)], "The 1 <layer>"))
    write_page(tmp_path / "page.html", "Title", "", [section])
    page = re.sub(r"\s*\n\s*", "", (tmp_path / "page.html").read_text())
    assert re.search(
        r"<details><summary>The 1 &lt;layer&gt;</summary><div[^>]*><table>.*</table></div></details>", page
    )


@pytest.mark.skipif(CHROMIUM is None, reason="NOT TESTED: chromium is not installed")
def test_names_of_90_letters_and_figures_side_by_side_fit_a_phone(tmp_path: Path) -> None:
    name = "m" * 90
    head = ("class", "faces", "recall", "precision", "F1", "AUC", "AP")
    rows = [(name, 3589, "100.0 %", "100.0 %", "100.0 %", "1.000", "1.000")]
    save_figure(new_figure(4.2, 3), tmp_path / "plot.png")
    figures = Section("Figures", figures=[(tmp_path / "plot.png", name)] * 3, side_by_side=True)
    sections = [Section(name, name, table=Table(head, rows)), figures]
    write_page(tmp_path / "page.html", name, f"Weakest: {name}.", sections)
    (tmp_path / "frames.html").write_text("""
      <iframe src="page.html" width="390" style="border: 0"></iframe>
      <iframe src="page.html" width="1200" style="border: 0"></iframe>
      <script>
      onload = () => {
        const [phone, screen] = [...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument);
        const boxes = [phone.documentElement, ...phone.body.querySelectorAll(".scroll")];
        const widths = boxes.flatMap((box) => [box.scrollWidth, box.clientWidth]);
        const rows = (page) => new Set([...page.querySelectorAll("figure")].map((figure) => figure.offsetTop)).size;
        widths.push(phone.querySelector("img").width);
        document.title = ["widths", ...widths, "rows", rows(phone), rows(screen)].join(" ");
      };
    </script>""")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files"]
    address = (tmp_path / "frames.html").as_uri()
    command = [str(CHROMIUM), *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    (found,) = re.findall(r"<title>(widths.*)</title>", done.stdout)
    assert found == "widths 390 390 374 374 374 rows 3 1"
