"""Names of labels, zones and moods in keys and templates."""

from __future__ import annotations

import re

from tests.support.discovery import NAMES, render

from fer_edge.mqtt.homeassistant.names import name_key, quoted


def test_each_name_has_a_key_of_its_own_without_a_hyphen() -> None:
    keys = [name_key("score", name) for name in NAMES]
    assert len(set(keys)) == len(NAMES)
    assert all(re.fullmatch(r"\w+", key, re.ASCII) for key in keys)
    assert keys[0] == "score_sofa"


def test_a_quoted_name_is_that_name_in_a_template() -> None:
    for name in NAMES:
        assert render({"value_template": f"{{{{ {quoted(name)} }}}}"}, {}) == name
