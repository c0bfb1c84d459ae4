"""Running `fer-edge --check` as a user does."""

from __future__ import annotations

from tests.support.processes import run

from fer_edge.diagnostics.finding import Finding


def run_check(*flags: object, env: dict[str, str] | None = None) -> tuple[int, dict[str, Finding]]:
    """Return the exit code of `fer-edge --check`, and the finding of each part."""
    done = run("fer_edge", "--check", *flags, env=env)
    parts = {}
    for line in done.out.splitlines():
        level, part, text = line.split(maxsplit=2)
        parts[part] = Finding(level, text)  # type: ignore[arg-type]
    return done.code, parts
