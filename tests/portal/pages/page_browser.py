"""A browser without scripts: follows redirects, keeps cookies, presses the buttons that are really on the page."""

import base64
from collections.abc import Mapping
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import trio

from cards import terminal
from portal.serving.front import Front
from sim.world.simulated import SimulatedWorld

REDIRECTS_MAX = 5


class Form:
    def __init__(self, method: str, action: str) -> None:
        self.method = method
        self.action = action
        self.fields: list[tuple[str, str]] = []
        self.boxes: list[tuple[str, str]] = []
        self.labels: list[str] = []
        self.named: dict[str, tuple[str, str]] = {}
        """What the first button of a label sends by itself."""


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: list[str] = []
        self.links: dict[str, str] = {}
        self.title = ""
        self._form: Form | None = None
        self._select: tuple[str, str] | None = None
        self._area: tuple[str, list[str]] | None = None
        self._button = self._title = False
        self._pressed: tuple[str, str] | None = None
        self._link: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("method", "get").upper(), given.get("action", ""))
            self.forms.append(self._form)
        elif tag == "a":
            self._link = (given.get("href", ""), [])
        elif tag == "title":
            self._title = True
        elif self._form is None:
            return
        elif tag == "button":
            self._button = True
            self._pressed = (given["name"], given["value"]) if "name" in given else None
        elif tag == "select":
            self._select = (given["name"], "")
        elif tag == "textarea":
            self._area = (given["name"], [])
        elif tag == "option" and "selected" in given and self._select:
            self._select = (self._select[0], given["value"])
        elif tag == "input":
            pair = (given["name"], given.get("value", ""))
            if given.get("type") in ("checkbox", "radio"):
                self._form.boxes.append(pair)
                if "checked" not in given:
                    return
            self._form.fields.append(pair)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "button":
            self._button = False
        elif tag == "title":
            self._title = False
        elif tag == "select" and self._form and self._select:
            self._form.fields.append(self._select)
            self._select = None
        elif tag == "textarea" and self._form and self._area:
            self._form.fields.append((self._area[0], "".join(self._area[1])))
            self._area = None
        elif tag == "a" and self._link:
            self.links["".join(self._link[1]).strip()] = self._link[0]
            self._link = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._area:
            self._area[1].append(data)
        if self._title:
            self.title += data
        if self._button and self._form is not None:
            self._form.labels.append(data.strip())
            if self._pressed is not None:
                self._form.named.setdefault(data.strip(), self._pressed)
        if self._link:
            self._link[1].append(data)


class Browser:
    """One window, or several that share their cookies."""

    def __init__(self, front: Front, origin: str, jar: dict[tuple[str, str], str] | None = None) -> None:
        self._front = front
        self.origin = origin
        self.jar = {} if jar is None else jar
        self.set_cookies: list[str] = []
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.address = origin + "/"
        self.page = _Parser()
        self.posts = 0

    def __repr__(self) -> str:
        return f"<Browser at {self.address}: {self.status} {self.page.title}\n{self.text[-600:]}>"

    def window(self) -> "Browser":
        """Another window of the same browser."""
        return Browser(self._front, self.origin, self.jar)

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.address).query).items()}

    @property
    def text(self) -> str:
        return " ".join("".join(self.page.text).split())

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    async def get(self, address: str, *, follow: bool = True, **headers: str) -> "Browser":
        return await self._go("GET", address, b"", follow, headers)

    async def post(self, address: str, fields: Any, *, follow: bool = True, **headers: str) -> "Browser":
        return await self._go("POST", address, urlencode(fields, doseq=True).encode(), follow, headers)

    async def request(self, method: str, address: str, body: bytes = b"", **headers: str) -> "Browser":
        return await self._go(method, address, body, True, headers)

    def form(self, label: str) -> Form:
        for form in self.page.forms:
            if label in form.labels:
                return form
        raise AssertionError(f"no button {label} on {self!r}")

    async def press(self, label: str, *, follow: bool = True, **typed: str | list[str]) -> "Browser":
        """Fill in the form with this button, and press it. A list ticks exactly these boxes."""
        form = self.form(label)
        names = {name for name, _ in [*form.fields, *form.boxes]}
        assert set(typed) <= names, f"no fields {set(typed) - names} at {label} of {self!r}"
        fields = [pair for pair in form.fields if pair[0] not in typed]
        if label in form.named:
            fields.append(form.named[label])
        for name, value in typed.items():
            fields += [(name, one) for one in ([value] if isinstance(value, str) else value)]
        if form.method == "GET":
            return await self.get(f"{form.action}?{urlencode(fields)}", follow=follow)
        return await self.post(form.action, fields, follow=follow)

    async def click(self, words: str) -> "Browser":
        found = [href for text, href in self.page.links.items() if words in text]
        assert found, f"no link {words} on {self!r}"
        return await self.get(found[0])

    async def _go(
        self, method: str, address: str, body: bytes, follow: bool, headers: Mapping[str, str]
    ) -> "Browser":
        self.address = urljoin(self.address, address)
        self.set_cookies = []
        for _ in range(REDIRECTS_MAX):
            assert self.address.startswith(self.origin + "/"), f"left the portal for {self.address}"
            await self._ask(method, body, headers)
            location = self.header("location")
            if location is None or not follow:
                break
            assert self.status == 303, self
            if not urljoin(self.address, location).startswith(self.origin + "/"):
                self.address = location
                break
            self.address = urljoin(self.address, location)
            method, body = "GET", b""
        return self

    async def _ask(self, method: str, body: bytes, extra: Mapping[str, str]) -> None:
        parts = urlsplit(self.address)
        cookies = "; ".join(
            f"{name}={value}" for (path, name), value in self.jar.items() if parts.path.startswith(path)
        )
        headers = [(b"host", parts.netloc.encode()), (b"content-length", str(len(body)).encode())]
        if body:
            headers.append((b"content-type", b"application/x-www-form-urlencoded"))
        if cookies:
            headers.append((b"cookie", cookies.encode()))
        headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in extra.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 40000),
            "server": (parts.hostname, parts.port),
            "extensions": {},
        }
        sent = False
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await trio.sleep_forever()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(dict(message))

        await self._front(scope, receive, send)
        start = messages[0]
        self.status = start["status"]
        self.headers = [(name.decode().lower(), value.decode()) for name, value in start["headers"]]
        self.body = b"".join(message.get("body", b"") for message in messages[1:])
        for name, value in self.headers:
            if name == "set-cookie":
                self._keep(value)
        self.page = _Parser()
        if (self.header("content-type") or "").startswith("text/html"):
            self.page.feed(self.body.decode())

    def _keep(self, header: str) -> None:
        self.set_cookies.append(header)
        cookie: SimpleCookie = SimpleCookie(header)
        for name, morsel in cookie.items():
            place = (morsel["path"], name)
            if morsel["max-age"] == "0":
                self.jar.pop(place, None)
            else:
                self.jar[place] = morsel.value

    # The card reader's part

    async def to_the_reader(self) -> dict[str, str]:
        """Press the button; what the reader is asked."""
        if self.path != "/sign-in":
            await self.get("/sign-in")
        await self.press("マイナンバーカードでログイン")
        assert self.path == "/read", self
        return self.query

    async def sign_in(self, world: SimulatedWorld, resident: int) -> "Browser":
        """The whole way over the reader and back."""
        return await self.hand_over(await self.to_the_reader(), answer(world, resident, self.query))

    async def hand_over(self, asked: dict[str, str], fields: Mapping[str, str]) -> "Browser":
        self.address = self.origin + "/"
        return await self.post(asked["return_to"], dict(fields))


def answer(world: SimulatedWorld, resident: int, asked: Mapping[str, str]) -> dict[str, str]:
    """What the reader posts when this resident's card has signed."""
    card = world.facts.wallet.card(resident, world.chance.fork("card"))
    card.power_on()
    digest_info = base64.urlsafe_b64decode(asked["digest_info"])
    signed = terminal.authenticate(card.transmit, world.facts.wallet.pins(resident).auth, digest_info)
    assert isinstance(signed, terminal.Signed), signed
    return {
        "challenge": asked["challenge"],
        "signature": base64.urlsafe_b64encode(signed.signature).decode(),
        "certificate": base64.urlsafe_b64encode(signed.certificate).decode(),
    }
