"""The first page of each simulator: who it is, and buttons that do what the operator's operations do."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sim_wiring import Browser, Wiring

from portal.serving.system import BuiltSystem
from portal.wire.about import api_document, health
from portal.wire.controls import Controls, Mode, view_controls
from portal.wire.operation import Nothing
from portal.wire.systems import JAPANESE_NAMES, System
from sim.entrance.notes import NOTES
from sim.intermediate import system as intermediate
from sim.jpki import system as jpki
from sim.jpki.authority import Authority
from sim.jpki.key_cache import KeyCache
from sim.jpki.serials import Serials
from sim.jpki.service import Jpki
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.network import system as network
from sim.network.codes import LinkageCodes
from sim.registry import system as registry

SYSTEMS = (System.JPKI, System.REGISTRY, System.NETWORK, System.INTERMEDIATE)
CHIYODA = of_municipality("131016")


class World:
    def __init__(self, system: System, build: Callable[[Wiring], BuiltSystem], wiring: Wiring) -> None:
        self.system = system
        self.wiring = wiring
        self._build = build

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        built = self._build(self.wiring)
        async with self.wiring.running(built):
            yield Browser(built)

    async def controls(self) -> Controls:
        answer = await self.wiring.ask(view_controls(self.system), Nothing())
        assert isinstance(answer, Controls)
        return answer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(b"jpki under test", KeyCache(tmp_path_factory.mktemp("keys")))


@pytest.fixture
def make(
    nation: Nation, codes: LinkageCodes, serials: Serials, authority: Authority
) -> Callable[[System], World]:
    def jpki_of(wiring: Wiring) -> BuiltSystem:
        surroundings = wiring.surroundings(System.JPKI)
        return jpki.build(surroundings, Jpki(surroundings, authority, nation.size))

    builds: dict[System, tuple[Any, Callable[[Wiring], BuiltSystem]]] = {
        System.JPKI: (jpki.SCHEMAS, jpki_of),
        System.REGISTRY: (
            registry.SCHEMAS,
            lambda w: registry.build(w.surroundings(System.REGISTRY), nation, serials),
        ),
        System.NETWORK: (
            network.SCHEMAS,
            lambda w: network.build(w.surroundings(System.NETWORK), nation, codes),
        ),
        System.INTERMEDIATE: (
            intermediate.SCHEMAS,
            lambda w: intermediate.build(w.surroundings(System.INTERMEDIATE), nation, codes),
        ),
    }

    def world(system: System) -> World:
        schemas, build = builds[system]
        return World(system, build, Wiring({system: schemas}))

    return world


@pytest.mark.parametrize("system", SYSTEMS)
async def test_says_who_it_is(make: Callable[[System], World], system: System) -> None:
    async with make(system).browser() as browser:
        page = await browser.get("/")

        assert page.status == 200
        assert JAPANESE_NAMES[system] in page.text
        for line in (*NOTES[system].real, *NOTES[system].assumed, *NOTES[system].refused):
            assert line in page.text
        for operation in (api_document(system), health(system)):
            assert f'href="{operation.path}"' in page.text
            assert (await browser.get(operation.path)).status == 200
        assert "content-security-policy" in page.headers


@pytest.mark.parametrize("system", SYSTEMS)
async def test_buttons_stop_it_and_start_it(make: Callable[[System], World], system: System) -> None:
    world = make(system)
    async with world.browser() as browser:
        done = await browser.post("/", {"mode": "stopped"})
        assert (done.status, done.location) == (303, "/?done=1")
        assert (await world.controls()).mode is Mode.STOPPED
        assert "止めています" in (await browser.get("/", {"done": "1"})).text, "its page is still there"
    async with world.browser() as browser:
        assert (await world.controls()).mode is Mode.STOPPED
        await browser.post("/", {"mode": "normal"})
        assert (await world.controls()).mode is Mode.NORMAL


@pytest.mark.requirement("REC-3")
async def test_late_by_button(make: Callable[[System], World]) -> None:
    world = make(System.NETWORK)
    async with world.browser() as browser:
        await browser.post("/", {"mode": "late", "late_seconds": "90"})
        assert await world.controls() == Controls(Mode.LATE, 90, ())
        assert "90秒後" in (await browser.get("/")).text
        for typed in ("", "-1", "x", "１", "99999999", "9" * 20):
            wrong = await browser.post("/", {"mode": "late", "late_seconds": typed})
            assert wrong.status == 422
            assert "エラー" in wrong.text
        assert await world.controls() == Controls(Mode.LATE, 90, ())


@pytest.mark.requirement("SELF-6")
@pytest.mark.parametrize("typed", ["131016", CHIYODA.code, f" {CHIYODA.code} "])
async def test_one_organisation_by_button(make: Callable[[System], World], typed: str) -> None:
    world = make(System.INTERMEDIATE)
    async with world.browser() as browser:
        await browser.post("/", {"mode": "stopped", "organisation": typed})
        assert (await world.controls()).stopped_organisations == (CHIYODA.code,)
        assert CHIYODA.name in (await browser.get("/")).text
        await browser.post("/", {"mode": "normal", "organisation": CHIYODA.code})
        assert (await world.controls()).stopped_organisations == ()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"mode": "dancing"},
        {"mode": "stopped", "organisation": ""},
        {"mode": "stopped", "organisation": "999999"},
        {"mode": "stopped", "organisation": "<script>"},
        {"mode": "late", "late_seconds": "5"},
    ],
)
async def test_wrong_forms_change_nothing(make: Callable[[System], World], form: dict[str, str]) -> None:
    world = make(System.INTERMEDIATE)
    async with world.browser() as browser:
        page = await browser.post("/", form)
        assert page.status == 422
        assert "<script>" not in page.text
        assert await world.controls() == Controls(Mode.NORMAL, 60, ())


async def test_another_sites_page_has_no_say(make: Callable[[System], World]) -> None:
    world = make(System.NETWORK)
    async with world.browser() as browser:
        for site in ("cross-site", "same-site"):
            assert (await browser.post("/", {"mode": "stopped"}, sec_fetch_site=site)).status == 403
        assert (await world.controls()).mode is Mode.NORMAL


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://127.0.0.1.evil.example", "http://127.0.0.1:81", "null", "[", "x"],
)
async def test_a_form_that_says_it_comes_from_another_page(
    make: Callable[[System], World], origin: str
) -> None:
    world = make(System.NETWORK)
    async with world.browser() as browser:
        assert (await browser.post("/", {"mode": "stopped"}, origin=origin)).status == 403
        assert (await world.controls()).mode is Mode.NORMAL


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "http://127.0.0.1"},
        {"origin": "http://box:8601", "host": "BOX:8601"},
        {"origin": "http://[::1]:8601", "host": "[::1]:8601"},
        {
            "origin": "http://outside.example",
            "sec_fetch_site": "same-origin",
        },  # A proxy has renamed the host.
        {"origin": "null", "sec_fetch_site": "same-origin"},
        {},
    ],
)
async def test_a_form_of_our_own_page_is_taken(make: Callable[[System], World], said: dict[str, str]) -> None:
    world = make(System.NETWORK)
    async with world.browser() as browser:
        page = await browser.get("/")
        assert page.headers["referrer-policy"] == "same-origin", "else browsers hide where a form comes from"
        assert (await browser.post("/", {"mode": "stopped"}, **said)).status == 303
        assert (await world.controls()).mode is Mode.STOPPED


async def test_a_field_that_comes_twice_is_not_guessed(make: Callable[[System], World]) -> None:
    world = make(System.NETWORK)
    async with world.browser() as browser:
        page = await browser.ask(
            "POST", "/", "", b"mode=normal&mode=stopped", "application/x-www-form-urlencoded"
        )
        assert page.status == 422
        assert "「mode」が2回以上" in page.text
        assert (await world.controls()).mode is Mode.NORMAL


async def test_a_refusing_disk_is_said(make: Callable[[System], World]) -> None:
    world = make(System.NETWORK)
    async with world.browser() as browser:
        world.wiring.stores[System.NETWORK].refuse = "disk full"
        page = await browser.post("/", {"mode": "stopped"})
        assert page.status == 503
        assert "保存できません" in page.text


async def test_other_addresses_and_files(make: Callable[[System], World]) -> None:
    async with make(System.REGISTRY).browser() as browser:
        assert (await browser.get("/nothing")).status == 404
        assert (await browser.get("/static/portal.css")).status == 200
        assert (await browser.get("/static/nothing.css")).status == 404
        assert (await browser.post("/", {"x": "y" * 20_000})).status == 413
