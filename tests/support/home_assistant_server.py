"""A whole Home Assistant with its pages in another process: tests/homeassistant/server.py, in its own environment."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from playwright.sync_api import APIRequestContext, Browser, BrowserContext
from tests.support.home_assistant import PROGRAMS, PYTHON, STOP_TIMEOUT, copy_examples
from tests.support.network import free_port, reachable
from tests.support.waiting import wait_until

CONFIGURATION = """
http:
  server_host: 127.0.0.1
  server_port: {port}
automation: []
history:
logbook:
lovelace:
  dashboards:
    fer-edge:
      mode: yaml
      title: Expressions
      filename: dashboard.yaml
"""
# The first questions to a person, as if they were answered, so that a user is all that is missing.
ONBOARDING = {"version": 4, "key": "onboarding", "data": {"done": ["core_config", "analytics", "integration"]}}
START_TIMEOUT = 300.0  # seconds, on a busy machine
TOKEN_LIFETIME = 1500  # seconds; then the page would ask for another one


class HomeAssistantServer:
    """A running Home Assistant with the blueprints and the dashboard of the examples, at `/fer-edge`.

    Attributes:
        url: Of its pages, without a slash at the end.
        folder: Its configuration.
    """

    def __init__(self, folder: Path) -> None:
        """Start it with `folder`, which does not exist yet, as its configuration."""
        port = free_port()
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        (folder / ".storage").mkdir(parents=True)
        (folder / ".storage" / "onboarding").write_text(json.dumps(ONBOARDING))
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
        copy_examples(folder)
        self._process = subprocess.Popen([PYTHON, str(PROGRAMS / "server.py"), str(folder)], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: reachable(port), START_TIMEOUT)
        except TimeoutError:
            self.close()
            raise

    def log_in(self, browser: Browser, broker_port: int) -> BrowserContext:
        """Create a user, add the broker as a person would, and return a context in which the user is logged in."""
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
        token = self._create_user(context.request)
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        flow = f"{self.url}/api/config/config_entries/flow"
        form = context.request.post(flow, data={"handler": "mqtt"}, headers=headers).json()
        answers = {"broker": "127.0.0.1", "port": broker_port}
        done = context.request.post(f"{flow}/{form['flow_id']}", data=answers, headers=headers).json()
        assert done["type"] == "create_entry", done
        stored = {
            **token,
            "hassUrl": self.url,
            "clientId": f"{self.url}/",
            "expires": 1000 * (int(time.time()) + TOKEN_LIFETIME),
        }
        items = {"hassTokens": json.dumps(stored), "dockedSidebar": json.dumps("always_hidden")}
        context.add_init_script(f"Object.entries({json.dumps(items)}).forEach(([k, v]) => localStorage.setItem(k, v))")
        return context

    def _create_user(self, request: APIRequestContext) -> dict[str, str]:
        """Create the owner; return what the server answers to a login."""
        client = {"client_id": f"{self.url}/"}
        user = {"name": "Anna", "username": "anna", "password": "a password", "language": "en"}
        code = request.post(f"{self.url}/api/onboarding/users", data={**client, **user}).json()["auth_code"]
        grant = {"grant_type": "authorization_code", "code": code}
        return dict(request.post(f"{self.url}/auth/token", form={**client, **grant}).json())

    def errors(self) -> list[str]:
        """Errors in its log, and warnings of its MQTT integration."""
        lines = (self.folder / "home-assistant.log").read_text().splitlines()
        return [line for line in lines if " ERROR " in line or (" WARNING " in line and "components.mqtt" in line)]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(STOP_TIMEOUT)
