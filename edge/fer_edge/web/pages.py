"""The files of the live page, login and logout."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from fer_edge.web.auth import COOKIE_LIFETIME, TooManyAttemptsError
from fer_edge.web.error_response import STATIC, fill
from fer_edge.web.middleware import AccessControl, cookie_name

CONTENT_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
COOKIE_PATH = ""  # none is sent, so browsers take the folder of the page's address, whatever it is behind a proxy
THE_PAGE = "./"  # from the login and logout, relative since a proxy may serve the page below any path


class Pages:
    """Serves the static files, which are read once, and sets the cookie."""

    def __init__(self, access: AccessControl) -> None:
        self._access = access
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
        if "token" in request.query and not self._access.is_from_elsewhere(request):
            return self._log_in(request, request.query["token"], in_link=True)
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
        self._access.log_out(request)
        response = web.HTTPSeeOther(THE_PAGE)
        response.del_cookie(cookie_name(request), path=COOKIE_PATH)
        raise response

    def _log_in(self, request: web.Request, token: str, *, in_link: bool = False) -> web.StreamResponse:
        authenticator, address = self._access.authenticator, request.remote or ""
        try:
            is_correct = not authenticator.required or authenticator.check_token(token, address, in_link=in_link)
        except TooManyAttemptsError as error:
            return self._too_many_attempts(error, in_link=in_link)
        if not is_correct:
            return self._login_page(401, "That is not the token.")
        response = web.Response(status=303, headers={"Location": THE_PAGE})
        if authenticator.required:
            # Lax: with Strict a link that holds the token would lead to the login page again.
            response.set_cookie(
                cookie_name(request),
                authenticator.make_cookie(),
                max_age=COOKIE_LIFETIME,
                path=COOKIE_PATH,
                httponly=True,
                secure=request.secure,
                samesite="Lax",
            )
        return response

    def _too_many_attempts(self, error: TooManyAttemptsError, *, in_link: bool = False) -> web.Response:
        cure = "Type the token here." if in_link else f"Try again in {error.retry_after} seconds."
        page = self._login_page(429, f"Too many wrong tokens{' in links' if in_link else ''}. {cure}")
        page.headers["Retry-After"] = str(error.retry_after)
        return page

    def _login_page(self, status: int, message: str = "") -> web.Response:
        text = fill(self._files["login.html"].decode(), message)
        return web.Response(text=text, status=status, content_type="text/html")

    def _file(self, name: str) -> web.Response:
        content_type = CONTENT_TYPES[Path(name).suffix]
        return web.Response(body=self._files[name], content_type=content_type, charset="utf-8")
