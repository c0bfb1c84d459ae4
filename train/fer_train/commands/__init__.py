"""The subcommands of fer-train, a module each: add_command() registers it, with its flags and what it runs.

The modules import Keras and matplotlib only when a command runs: `--help` stays fast and needs neither.
"""

from __future__ import annotations

import argparse
from typing import TypeAlias

from fer_edge.command_line import OneLineParser

Subparsers: TypeAlias = "argparse._SubParsersAction[OneLineParser]"

DATA = "fer2013.csv, or a folder ROOT/<split>/<class>/* or ROOT/<class>/*"
