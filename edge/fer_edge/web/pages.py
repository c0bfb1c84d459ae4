"""The files of the live page, login and logout."""

from __future__ import annotations

import html
from pathlib import Path

from aiohttp import web

from fer_edge.web.auth import COOKIE_LIFETIME, TooManyAttemptsError
from fer_edge.web.middleware import AccessControl, cookie_name

STATIC = Path(__file__).parent / "static"
CONTENT_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MESSAGE_PLACEHOLDER = "<!--message-->"  # in the login page


class Pages:
    """Serves the static files, which are read once, and sets the cookie."""

    def __init__(self, access: AccessControl, *, secure: bool) -> None:
        """`secure`: whether the cookie is for https only."""
        self._access, self._secure = access, secure
        self._files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in CONTENT_TYPES}

    def routes(self) -> list[web.RouteDef]:
        """The routes that are handled here."""
        files = [name for name in self._files if not name.endswith(".html")]
        return [
            web.get("/", self._index),
            web.post("/login", self._login),
            web.post("/logout", self._logout),
            *(web.get(f"/{name}", self._static_file) for name in files),
        ]

    async def _index(self, request: web.Request) -> web.StreamResponse:
        if "token" in request.query:
            return self._log_in(request, request.query["token"])
        try:
            is_authenticated = self._access.is_authenticated(request)
        except TooManyAttemptsError as error:
            return self._too_many_attempts(error)
        return self._file("index.html") if is_authenticated else self._login_page(401)

    async def _static_file(self, request: web.Request) -> web.StreamResponse:
        return self._file(request.path.removeprefix("/"))

    async def _login(self, request: web.Request) -> web.StreamResponse:
        return self._log_in(request, str((await request.post()).get("token", "")))

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        response = web.HTTPSeeOther("/")
        response.del_cookie(cookie_name(request), path="/")
        raise response

    def _log_in(self, request: web.Request, token: str) -> web.StreamResponse:
        authenticator = self._access.authenticator
        try:
            is_correct = not authenticator.required or authenticator.check_token(token, request.remote or "")
        except TooManyAttemptsError as error:
            return self._too_many_attempts(error)
        if not is_correct:
            return self._login_page(401, "That is not the token.")
        response = web.Response(status=303, headers={"Location": "/"})
        if authenticator.required:
            # Lax: with Strict a link that holds the token would lead to the login page again.
            response.set_cookie(
                cookie_name(request),
                authenticator.make_cookie(),
                max_age=COOKIE_LIFETIME,
                path="/",
                httponly=True,
                secure=self._secure,
                samesite="Lax",
            )
        return response

    def _too_many_attempts(self, error: TooManyAttemptsError) -> web.Response:
        page = self._login_page(429, f"Too many wrong tokens. Try again in {error.retry_after} seconds.")
        page.headers["Retry-After"] = str(error.retry_after)
        return page

    def _login_page(self, status: int, message: str = "") -> web.Response:
        text = self._files["login.html"].decode().replace(MESSAGE_PLACEHOLDER, html.escape(message))
        return web.Response(text=text, status=status, content_type="text/html")

    def _file(self, name: str) -> web.Response:
        content_type = CONTENT_TYPES[Path(name).suffix]
        return web.Response(body=self._files[name], content_type=content_type, charset="utf-8")
