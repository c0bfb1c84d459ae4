"""The notice as a page for the printer: HTML on one sheet of A4, without anything that it would have to load."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import date

from fer_edge.config.model import Config
from fer_edge.errors import UsageError
from fer_edge.notice.texts import Texts, read_texts

MAX_CONTACT = 300  # characters
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
STYLE = """
@page { size: A4; margin: 13mm 18mm }
body { font: 12.5pt/1.35 system-ui, sans-serif; color: #000; background: #fff; max-width: 174mm; margin: 0 auto }
header { display: flex; gap: 8mm; align-items: center; margin-bottom: 5mm }
header svg { flex: none; width: 26mm; height: 26mm }
h1 { font-size: 26pt; line-height: 1.15; margin: 0 }
h2 { font-size: 13.5pt; margin: 4.5mm 0 1mm }
p { margin: 0 0 1.5mm }
.intro { font-size: 15pt }
.contact { white-space: pre-line; font-weight: 600 }
footer { display: flex; gap: 8mm; align-items: flex-end; justify-content: space-between; margin-top: 6mm }
footer p { font-size: 9pt }
figure { margin: 0; text-align: center; font-size: 9pt }
figure svg { width: 32mm; height: 32mm; display: block }
"""
# A face between the corners of a frame.
PICTOGRAM = """<svg viewBox="0 0 60 60" fill="none" stroke="#000" stroke-width="3" aria-hidden="true">
<path d="M4 16V4h12M44 4h12v12M56 44v12H44M16 56H4V44"/><circle cx="30" cy="30" r="17"/>
<path d="M24 26v1M36 26v1M22 36q8 6 16 0"/></svg>"""


def notice_page(language: str, config: Config, labels: Sequence[str], contact: str, day: date) -> str:
    """Make the page.

    Args:
        language: One of LANGUAGES.
        config: What the device does with pictures and results follows from it.
        labels: The emotions that its model knows.
        contact: Who is responsible, in one or several lines; in the code, its e-mail or web address, if it has one.
        day: When the notice was made.

    Returns:
        A complete HTML document.

    Raises:
        UsageError: The contact is empty, too long for a code, or the package that draws codes is not installed.
    """
    if not 0 < len(contact.strip()) <= MAX_CONTACT:
        raise UsageError(f"--notice-contact: expected who is responsible, in 1 to {MAX_CONTACT} characters")
    texts = read_texts(language)
    sections = (
        (texts.measured, [texts.values, texts.anonymous]),
        (texts.pictures, _pictures(texts, config)),
        (texts.results, _results(texts, config)),
    )
    body = "".join(_section(heading, sentences) for heading, sentences in sections)
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(texts.title)}</title><style>{STYLE}</style></head>
<body>
<header>{PICTOGRAM}<h1>{html.escape(texts.title)}</h1></header>
<p class="intro">{html.escape(texts.intro.format(emotions=_emotions(texts, labels)))}</p>
{body}<h2>{html.escape(texts.operator)}</h2>
<p class="contact">{html.escape(contact.strip())}</p>
<p>{html.escape(texts.rights)}</p>
<footer><p>{html.escape(texts.law)}<br>{day.isoformat()}</p>
<figure>{_code(contact.strip())}{html.escape(texts.scan)}</figure></footer>
</body>
</html>
"""


def _section(heading: str, sentences: Sequence[str]) -> str:
    return f"<h2>{html.escape(heading)}</h2>\n" + "".join(f"<p>{html.escape(text)}</p>\n" for text in sentences)


def _pictures(texts: Texts, config: Config) -> list[str]:
    sentences = [texts.discarded]
    if config.web:
        sentences.append(texts.live)
    if config.allow_snapshots:
        sentences.append(texts.snapshots)
    return sentences


def _results(texts: Texts, config: Config) -> list[str]:
    sentences = [texts.sent if config.broker or config.web else texts.not_sent]
    if config.history:
        days = config.history.days
        sentences.append(texts.minutes.format(days=days) if days else texts.minutes_for_ever)
    return sentences


def _emotions(texts: Texts, labels: Sequence[str]) -> str:
    names = [texts.emotions.get(label, label) for label in labels]
    return f"{', '.join(names[:-1])} {texts.conjunction} {names[-1]}"


def _code(contact: str) -> str:
    """A QR code of the first web or e-mail address in the contact, or else of the whole text, as SVG."""
    try:
        import segno
    except ImportError as error:
        cure = "pip install 'fer-edge[notice]', or with the Debian package apt install python3-segno"
        raise UsageError("--notice needs segno, which is not installed", cure=cure) from error
    code = segno.make(_address(contact), error="m")
    return str(code.svg_inline(border=2, omitsize=True))


def _address(contact: str) -> str:
    for word in (part.strip("<>(),;") for part in contact.split()):
        if re.match(r"https?://|mailto:|tel:", word):
            return word
        if ADDRESS.fullmatch(word):
            return f"mailto:{word}"
    return contact
