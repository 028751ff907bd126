"""いまの様子: the second page of a simulator: what goes on in it, and forms that make something happen; and pages like it.

A system says what there is as sections; this file shows them and hands it the forms.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from portal.wire.moments import to_jst
from sim.entrance.look import Look

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

NOW = "/now"
LINES_SHOWN_MAX = 20


class Table(NamedTuple):
    """表: *empty* is said in its place when there are no rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str


class Field(NamedTuple):
    """A field of a form; with *options* (value, label) it is a choice."""

    name: str
    label: str
    value: str
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = True


class Form(NamedTuple):
    fields: tuple[Field, ...]
    button: str
    method: str = "post"
    """``get`` for a form that only looks something up: what was typed comes back to :data:`Show`."""


class Section(NamedTuple):
    """A part of the page; *name* is said with its form."""

    name: str
    title: str
    text: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    table: Table | None = None
    form: Form | None = None


Typed = Mapping[str, str]
Show = Callable[[Typed], Awaitable[tuple[Section, ...]]]
"""From what was typed, or looked up, to the page."""
Submit = Callable[[Typed], Awaitable[Mapping[str, str]]]
"""Does what a form wants; returns what is wrong with which field. ``section`` says whose form it was."""


class Now(NamedTuple):
    """A page of sections. The first one of a simulator is いまの様子; others stand at addresses of their own."""

    show: Show
    submit: Submit
    address: str = NOW
    title: str = "いまの様子"


def moment_of(at_ms: int | None) -> str:
    """A moment as it stands in a table."""
    return "—" if at_ms is None else f"{to_jst(at_ms):%Y-%m-%d %H:%M:%S}"


def add_now(look: Look, now: Now) -> None:
    """The page, at its address."""

    async def page(
        errors: Mapping[str, str], typed: Typed, *, done: str = "", status: int = 200
    ) -> "TrioResponse":
        sections = await now.show(typed)
        context = {
            "title": now.title,
            "errors": errors,
            "done": done,
            "action": now.address,
            "sections": sections,
        }
        return look.show("entrance/now.html", context, status=status, here=now.address)

    async def show() -> "TrioResponse":
        from quart import request

        typed = {name: value.strip() for name, value in request.args.items()}
        return await page({}, typed, done="行いました" if typed.get("done") == "1" else "")

    async def submit() -> "TrioResponse":
        from quart import request

        if (refused := await look.refused_form()) is not None:
            return refused
        typed = {name: value.strip() for name, value in (await request.form).items()}
        errors = await now.submit(typed)
        return await page(errors, typed, status=422) if errors else look.go(f"{now.address}?done=1")

    look.app.add_url_rule(now.address, f"show {now.address}", show, methods=["GET"])
    look.app.add_url_rule(now.address, f"submit {now.address}", submit, methods=["POST"])
