"""The table of settings as a whole."""

from __future__ import annotations

import argparse
from dataclasses import fields

import pytest

from fer_edge.config.loader import SECTIONS, add_flags
from fer_edge.config.model import Config, PipelineOptions
from fer_edge.config.schema import SETTINGS


@pytest.mark.parametrize("name", ["key", "flag", "variable", "field"])
def test_no_two_settings_share_a_name(name: str) -> None:
    names = [getattr(setting, name) for setting in SETTINGS]
    assert len(set(names)) == len(names)


def test_every_setting_belongs_to_a_field_of_the_configuration() -> None:
    known = {field.name for field in fields(Config)}
    assert {setting.field for setting in SETTINGS if "." not in setting.field} <= known
    assert {setting.field.partition(".")[0] for setting in SETTINGS if "." in setting.field} == SECTIONS.keys() <= known


def test_the_settings_of_a_section_stand_together() -> None:
    sections = [setting.section for setting in SETTINGS]
    assert sections == sorted(sections, key=sections.index)


def test_only_numbers_of_the_pipeline_can_be_changed_during_a_run() -> None:
    adjustable = {setting.name: setting for setting in SETTINGS if setting.adjustable}
    assert set(adjustable) == {"min_face", "rate", "min_score"}
    for setting in adjustable.values():
        assert setting.field == f"pipeline.{setting.name}"
        assert getattr(PipelineOptions(), setting.name) == setting.default
        assert setting.default is None or setting.value_type.check(setting.default) == setting.default


def test_every_setting_is_in_the_help_with_its_default() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    text = " ".join(parser.format_help().split())
    for setting in SETTINGS:
        assert f"{setting.flag}" in text
        assert f"(default: {setting.describe_default()})" in text
