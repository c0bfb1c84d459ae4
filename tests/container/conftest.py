"""What the tests of the images share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.podman import CONTAINERS_CONF, podman


@pytest.fixture(scope="session", autouse=True)
def containers_conf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The configuration of podman and buildah."""
    file = tmp_path_factory.mktemp("podman") / "containers.conf"
    file.write_text(CONTAINERS_CONF)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTAINERS_CONF", str(file))
        yield


@pytest.fixture
def volume() -> Iterator[str]:
    """The name of a new volume."""
    name = podman("volume", "create").stdout.strip()
    yield name
    podman("volume", "rm", "--force", name)
