"""A real nginx in front of a live page, with the lines that its users write, and a certificate."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.network import free_port, reachable
from tests.support.tls import Authority
from tests.support.waiting import wait_until

README = Path(__file__).parents[2] / "edge" / "README.md"
NAME = "faces.localhost"  # which Chromium resolves to this machine
WEBSOCKET = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
FORWARDED = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;"
INGRESS = "/api/hassio_ingress/Zm9yIHRlc3Rz/"  # as Home Assistant serves an app, in a frame
INGRESS_ADDRESS = "127.0.0.32"  # from which it connects
FRAME = f'<link rel="icon" href="data:,"><iframe src="{INGRESS}" width="900" height="700"></iframe>'
INGRESS_LINES = (
    f"{WEBSOCKET} {FORWARDED} proxy_bind {INGRESS_ADDRESS}; proxy_set_header Host $http_host; "
    f"proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Ingress-Path {INGRESS[:-1]};"
)
LINES = {
    "without a Host line": f"{WEBSOCKET} {FORWARDED}",
    "with the name alone": f"{WEBSOCKET} {FORWARDED} proxy_set_header Host $host;",
    "with name and port": f"{WEBSOCKET} {FORWARDED} proxy_set_header Host $http_host;",
    "with the port always": f"{WEBSOCKET} {FORWARDED} proxy_set_header Host $host:$server_port;",
    "without Upgrade": "proxy_set_header Host $http_host;",
}
CONFIG = """\
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  ssl_certificate {certificate};
  ssl_certificate_key {key};
  {servers}
}}
"""
SERVER = "server {{ listen 127.0.0.1:{port} ssl; server_name _; {locations} }}\n"


class Nginx:
    """Serves one live page on several ports, each as one entry of LINES, and on one below paths.

    Attributes:
        urls: Of the page, by the name of the entry.
        below: The host and port that serve the page at /fer/, as the README has it, at INGRESS, and at /replaced/ with
            another Host.
    """

    def __init__(self, folder: Path, page_port: int) -> None:
        certificate, key = Authority(folder / "authority").certify("proxy", f"DNS:{NAME}")
        ports = {name: free_port() for name in LINES}
        port = free_port()
        self.urls = {name: f"https://{NAME}:{port}/" for name, port in ports.items()}
        self.below = f"https://{NAME}:{port}"
        page = f"proxy_pass http://127.0.0.1:{page_port}"
        servers = [
            SERVER.format(port=ports[name], locations=f"location / {{ {page}; {lines} }}")
            for name, lines in LINES.items()
        ]
        locations = [
            readme_location().replace("proxy_pass http://127.0.0.1:8080", page),
            f"location {INGRESS} {{ {page}/; {INGRESS_LINES} }}",
            f"location /replaced/ {{ {page}/; {INGRESS_LINES.replace('$http_host', 'sensor.invalid', 1)} }}",
            f"location = / {{ default_type text/html; return 200 '{FRAME}'; }}",
            "location / { return 404; }",
        ]
        servers.append(SERVER.format(port=port, locations="\n".join(locations)))
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, certificate=certificate, key=key, servers="".join(servers)))
        log = (folder / "nginx.log").open("ab")
        self._process = subprocess.Popen(["/usr/sbin/nginx", "-c", config, "-e", "stderr"], stdout=log, stderr=log)
        wait_until(lambda: reachable(port))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)


def readme_location() -> str:
    """The block of nginx's configuration in the README."""
    text = README.read_text(encoding="utf-8")
    start = text.index("    location /fer/ {\n")
    end = "    }\n"
    return text[start : text.index(end, start)] + end
