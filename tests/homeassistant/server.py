"""Runs Home Assistant with its pages in the configuration folder that is its argument. Runs in its environment.

It starts what the command `hass` starts, also with a Python 3.13 that `hass` considers too old.
"""

from __future__ import annotations

import sys

from homeassistant import runner

sys.exit(runner.run(runner.RuntimeConfig(config_dir=sys.argv[1], skip_pip=True)))
