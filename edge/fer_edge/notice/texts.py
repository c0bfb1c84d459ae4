"""The sentences of the notice, a file for each language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("texts")
LANGUAGES = ("en", "de", "fr", "es", "it")


@dataclass(frozen=True)
class Texts:
    """The sentences in one language.

    Attributes:
        title: The heading.
        intro: What happens here; `{emotions}` are the names of the model's labels.
        measured: Heading of what is measured.
        values: What is measured of each face.
        anonymous: That nobody is identified.
        pictures: Heading of what becomes of pictures.
        discarded: That they are not stored.
        live: That they can be viewed while they are taken.
        snapshots: That single ones can be requested.
        results: Heading of what becomes of the results.
        sent: That they are sent to the operator's systems.
        not_sent: That they are not sent anywhere.
        minutes: That summaries of minutes are kept in the device, for `{days}`.
        minutes_for_ever: That they are kept without a time limit.
        operator: Heading of who is responsible.
        rights: What one can ask of them.
        scan: What the code is.
        law: Which articles require this notice.
        conjunction: The word before the last emotion.
        emotions: The names of emotions by the labels of the shipped models.
    """

    title: str
    intro: str
    measured: str
    values: str
    anonymous: str
    pictures: str
    discarded: str
    live: str
    snapshots: str
    results: str
    sent: str
    not_sent: str
    minutes: str
    minutes_for_ever: str
    operator: str
    rights: str
    scan: str
    law: str
    conjunction: str
    emotions: dict[str, str]


def read_texts(language: str) -> Texts:
    """Read the sentences in one of LANGUAGES."""
    return Texts(**tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8")))
