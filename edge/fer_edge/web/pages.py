"""The page itself, and how one logs in."""

from __future__ import annotations

import html
from pathlib import Path

from aiohttp import web

from fer_edge.web.auth import LASTS, TooManyAttemptsError
from fer_edge.web.middleware import RequestGuard, cookie_name

FILES = Path(__file__).parent / "static"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MESSAGE = "<!--message-->"  # where the login page has room for a word


class Pages:
    """Gives out the files of the page, which are read once, and the cookie. `secure`: whether it is for https alone."""

    def __init__(self, guard: RequestGuard, *, secure: bool) -> None:
        self._guard, self._secure = guard, secure
        self._files = {path.name: path.read_bytes() for path in FILES.iterdir() if path.suffix in TYPES}

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        files = [name for name in self._files if not name.endswith(".html")]
        return [
            web.get("/", self._index),
            web.post("/login", self._login),
            web.post("/logout", self._logout),
            *(web.get(f"/{name}", self._file) for name in files),
        ]

    async def _index(self, request: web.Request) -> web.StreamResponse:
        if "token" in request.query:
            return self._enter(request, request.query["token"])
        try:
            known = self._guard.may_enter(request)
        except TooManyAttemptsError as error:
            return self._too_many(error)
        return self._answer("index.html") if known else self._login_page(401)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return self._answer(request.path.removeprefix("/"))

    async def _login(self, request: web.Request) -> web.StreamResponse:
        return self._enter(request, str((await request.post()).get("token", "")))

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        response = web.HTTPSeeOther("/")
        response.del_cookie(cookie_name(request), path="/")
        raise response

    def _enter(self, request: web.Request, token: str) -> web.StreamResponse:
        try:
            right = self._guard.gate.open or self._guard.gate.admits(token, request.remote or "")
        except TooManyAttemptsError as error:
            return self._too_many(error)
        if not right:
            return self._login_page(401, "That is not the token.")
        response = web.Response(status=303, headers={"Location": "/"})
        if not self._guard.gate.open:
            # Lax: with Strict a link that holds the token would lead to the login page again.
            response.set_cookie(
                cookie_name(request),
                self._guard.gate.cookie(),
                max_age=LASTS,
                path="/",
                httponly=True,
                secure=self._secure,
                samesite="Lax",
            )
        return response

    def _too_many(self, error: TooManyAttemptsError) -> web.Response:
        page = self._login_page(429, f"Too many wrong tokens. Try again in {error.wait} seconds.")
        page.headers["Retry-After"] = str(error.wait)
        return page

    def _login_page(self, status: int, message: str = "") -> web.Response:
        text = self._files["login.html"].decode().replace(MESSAGE, html.escape(message))
        return web.Response(text=text, status=status, content_type="text/html")

    def _answer(self, name: str) -> web.Response:
        return web.Response(body=self._files[name], content_type=TYPES[Path(name).suffix], charset="utf-8")
