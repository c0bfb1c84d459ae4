"""The recorded clips and pictures."""

from __future__ import annotations

from pathlib import Path

MEDIA = Path(__file__).parents[1] / "media"
WALK = MEDIA / "intel_walking_and_pause.mp4"
HEAD = MEDIA / "intel_head_pose_female.mp4"
