"""The notice: one sheet in every language, with a code that can be read, and true to the settings."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright
from tests.support.browser import CHROMIUM, FLAGS
from tests.support.processes import run

from fer_edge.notice.texts import LANGUAGES, Texts, read_texts

CONTACT = "Anna Example\nHauptstraße 1\n12345 Musterstadt\n<anna@example.org>"
HISTORY = ("--history", "history.sqlite")
EVERYTHING = ("--camera", "0", "--web", "8080", *HISTORY, "--history-days", "30", "--allow-snapshots")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport={"width": 794, "height": 1123})
        browser.close()


@pytest.fixture
def show(page: Page, tmp_path: Path) -> Callable[..., Page]:
    """Shows the notice that a command prints."""

    def show_notice(language: str, *flags: str, contact: str = CONTACT) -> Page:
        done = run("fer_edge", "--notice", language, "--notice-contact", contact, *flags)
        assert (done.code, done.err) == (0, "")
        (tmp_path / "notice.html").write_text(done.out, encoding="utf-8")
        page.goto((tmp_path / "notice.html").as_uri())
        return page

    return show_notice


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_is_one_sheet_with_a_code_that_can_be_read(language: str, show: Callable[..., Page]) -> None:
    page = show(language, *EVERYTHING)
    texts = read_texts(language)
    content = page.inner_text("body")
    for sentence in (texts.title, texts.live, texts.snapshots, texts.sent, texts.minutes.format(days=30), texts.law):
        assert sentence in content
    assert "{" not in content
    assert page.evaluate("document.documentElement.lang") == language
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
    picture = cv2.imdecode(np.frombuffer(page.screenshot(full_page=True), np.uint8), cv2.IMREAD_COLOR)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == "mailto:anna@example.org"


def test_it_says_only_what_the_settings_do(show: Callable[..., Page]) -> None:
    texts = read_texts("en")
    content = show("en", "--camera", "0", "--mqtt", "none").inner_text("body")
    assert texts.not_sent in content
    for sentence in (texts.live, texts.snapshots, texts.sent, texts.minutes_for_ever):
        assert sentence not in content
    assert texts.minutes_for_ever in show("en", "--camera", "0", *HISTORY).inner_text("body")


def test_a_contact_is_text_and_its_first_address_is_in_the_code(show: Callable[..., Page]) -> None:
    page = show("it", contact="<b>Café & Söhne</b> https://example.org/privacy?a=1")
    assert page.inner_text(".contact") == "<b>Café & Söhne</b> https://example.org/privacy?a=1"
    picture = cv2.imdecode(np.frombuffer(page.screenshot(full_page=True), np.uint8), cv2.IMREAD_COLOR)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == "https://example.org/privacy?a=1"


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--notice", "en"), "--notice-contact: expected who is responsible"),
        (("--notice", "en", "--notice-contact", " \n"), "--notice-contact: expected who is responsible"),
        (("--notice", "en", "--notice-contact", "x" * 301), "in 1 to 300 characters"),
        (("--notice", "xx", "--notice-contact", "x"), "--notice: invalid choice: 'xx'"),
        (("--notice", "en", "--notice-contact", "x", "--model", "/none.tflite"), "/none.tflite"),
        (("--notice-contact", "x", "--camera", "0", "--mqtt", "none"), "--notice-contact belongs to --notice"),
    ],
)
def test_a_notice_that_cannot_be_made_is_one_line(flags: tuple[str, ...], text: str) -> None:
    done = run("fer_edge", *flags)
    assert done.code in {2, 78}
    assert text in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_without_the_package_for_codes_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "segno.py").write_text("raise ImportError('not installed')")
    done = run("fer_edge", "--notice", "en", "--notice-contact", "x", env={"PYTHONPATH": str(tmp_path)})
    assert (done.code, done.out) == (2, "")
    assert "pip install 'fer-edge[notice]', or with the Debian package apt install python3-segno" in done.err


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_values(language: str) -> None:
    texts, english = read_texts(language), read_texts("en")
    assert texts.emotions.keys() == english.emotions.keys()
    assert len(set(texts.emotions.values())) == len(texts.emotions)
    for field in fields(Texts):
        mine, theirs = getattr(texts, field.name), getattr(english, field.name)
        if isinstance(mine, str):
            assert mine.strip() == mine != ""
            assert placeholders(mine) == placeholders(theirs)


def placeholders(text: str) -> list[str | None]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
