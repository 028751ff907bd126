"""代理人: the list, one delegation, its changes and its end, and acting as a proxy (PRX-2…7)."""

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.proxies import forms, registering_pages, shown
from portal.proxies.model import Sided
from portal.proxies.service import Proxies
from portal.seams.clock import Clock
from portal.self_information.service import SelfInformations
from portal.sessions.guard import SignedIn
from portal.sessions.reader import Reader
from portal.web.addresses import page
from portal.web.reception import Reception, User, Way, typed
from portal.wire.moments import day_of
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import ChangeDelegation
from portal.wire.self_information import Catalogue

DONE = {
    "registered": "代理人を登録しました",
    "changed": "代理の範囲を変えました",
    "ended": "代理を終えました",
    "withdrawn": "代理人を辞めました",
}


def add_pages(
    reception: Reception, proxies: Proxies, information: SelfInformations, clock: Clock, reader: Reader
) -> None:
    registering_pages.add_pages(reception, proxies, information, clock, reader)
    _add_looking(reception, proxies, information)
    _add_changing(reception, proxies, information, clock)
    _add_ending(reception, proxies)
    _add_acting(reception, proxies)


def _add_looking(reception: Reception, proxies: Proxies, information: SelfInformations) -> None:
    async def overview(user: User) -> Response:
        every = await proxies.listed(user.account)
        context = {
            "nav": "proxies",
            "proxies": [shown.line(view) for view in every.proxies],
            "owners": [shown.line(view) for view in every.owners],
            "message": DONE.get(request.args.get("done", "")),
        }
        return reception.show("proxies/proxies.html", user, context)

    async def one(user: User, delegation_id: str) -> Response:
        found = await proxies.one(user.account, delegation_id)
        if isinstance(found, Problem):
            return reception.tell(found, user, way=forms.BACK)
        names = shown.names_of(await information.catalogue()) if found.view.scope.information else {}
        context = {
            "nav": "proxies",
            "delegation": shown.line(found.view),
            "scope": shown.scope(found.view.scope, found.view.start, found.view.end, names),
            "mine": found.mine,
            "message": DONE.get(request.args.get("done", "")),
        }
        return reception.show("proxies/one.html", user, context)

    reception.users("proxies", get=overview)
    reception.users("proxies.one", get=one)


def _add_changing(
    reception: Reception, proxies: Proxies, information: SelfInformations, clock: Clock
) -> None:
    async def show(
        user: User, found: Sided, filled: forms.Filled, status: int = 200, version: str = ""
    ) -> Response:
        catalogue = await information.catalogue()
        if not isinstance(catalogue, Catalogue):
            return reception.tell(catalogue, user, way=_to_one(found.view.delegation_id))
        context = {
            "nav": "proxies",
            "delegation": shown.line(found.view),
            **forms.context(filled, catalogue, day_of(clock.now_ms())),
            "version": version or found.view.version,
            "last": found.view.end,
            "action": page("proxies.change", delegation_id=found.view.delegation_id),
            "back": page("proxies.one", delegation_id=found.view.delegation_id),
        }
        return reception.show("proxies/form.html", user, context, status=status)

    async def mine(user: User, delegation_id: str) -> Sided | None:
        """The owner's own, if it is still granted."""
        found = await proxies.one(user.account, delegation_id)
        if isinstance(found, Problem) or not found.mine or found.view.state not in shown.GOING:
            return None
        return found

    async def ask(user: User, delegation_id: str) -> Response:
        found = await mine(user, delegation_id)
        if found is None:
            return reception.go("proxies.one", delegation_id=delegation_id)
        return await show(user, found, forms.Filled(forms.of_view(found.view), None, {}, {}))

    async def change(user: User, delegation_id: str) -> Response:
        found = await mine(user, delegation_id)
        if found is None:
            return reception.go("proxies.one", delegation_id=delegation_id)
        form = await request.form
        filled = forms.read(form, "end")
        if filled.scope is None:
            return await show(user, found, filled, 422, typed(form, "version"))
        seen = typed(form, "version")
        version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 9 else 0
        wanted = ChangeDelegation(delegation_id, filled.scope, filled.days["end"], version)
        changed = await proxies.change(user.account, wanted)
        if isinstance(changed, Problem):
            if changed.code not in (ProblemCode.PERIOD_REFUSED, ProblemCode.UNPROCESSABLE):
                return reception.tell(changed, user, way=_to_one(delegation_id))
            refused = filled._replace(errors=forms.at_the_field(changed))
            return await show(user, found, refused, changed.status, seen)
        return reception.go("proxies.one", {"done": "changed"}, delegation_id=delegation_id)

    reception.users("proxies.change", get=ask, post=change, many=("rights", "information"))


def _to_one(delegation_id: str) -> Way:
    return Way("代理の内容に戻る", page("proxies.one", delegation_id=delegation_id))


def _add_ending(reception: Reception, proxies: Proxies) -> None:
    def confirm(name: str, delegation_id: str, user: User, title: str, label: str, *happens: str) -> Response:
        context = {
            "nav": "proxies",
            "title": title,
            "happens": happens,
            "action": page(name, delegation_id=delegation_id),
            "fields": {},
            "label": label,
            "back": {
                "label": "何もせずに戻る",
                "url": page("proxies.one", delegation_id=delegation_id),
            },
        }
        return reception.show("confirm.html", user, context)

    async def found_of(user: User, delegation_id: str, *, mine: bool) -> Sided | None:
        found = await proxies.one(user.account, delegation_id)
        going = not isinstance(found, Problem) and found.mine is mine and found.view.state in shown.GOING
        return found if going and isinstance(found, Sided) else None

    async def ask_to_end(user: User, delegation_id: str) -> Response:
        found = await found_of(user, delegation_id, mine=True)
        if found is None:
            return reception.go("proxies.one", delegation_id=delegation_id)
        return confirm(
            "proxies.end", delegation_id, user, f"「{found.view.nickname}」さんの代理を終えますか", "代理を終える",
            "代理人は、いま見ている画面からも、あなたの情報をもう見られなくなります。",
            "もういちどまかせるには、代理人のカードで、登録からやりなおします。",
        )  # fmt: skip

    async def end(user: User, delegation_id: str) -> Response:
        outcome = await proxies.end(user.account, delegation_id)
        if isinstance(outcome, Problem):
            return reception.tell(outcome, user, way=forms.BACK)
        return reception.go("proxies", {"done": "ended"})

    async def ask_to_withdraw(user: User, delegation_id: str) -> Response:
        found = await found_of(user, delegation_id, mine=False)
        if found is None:
            return reception.go("proxies.one", delegation_id=delegation_id)
        return confirm(
            "proxies.withdraw", delegation_id, user, f"「{found.view.nickname}」さんの代理人を辞めますか", "代理人を辞める",
            "この方の情報を、もう見られなくなります。辞めたことは、本人の画面と操作履歴に出ます。",
            "もういちど代理人になるには、二人がそろって、登録からやりなおします。",
        )  # fmt: skip

    async def withdraw(user: User, delegation_id: str) -> Response:
        outcome = await proxies.withdraw(user.account, delegation_id)
        if isinstance(outcome, Problem):
            return reception.tell(outcome, user, way=forms.BACK)
        return reception.go("proxies", {"done": "withdrawn"})

    reception.users("proxies.end", get=ask_to_end, post=end)
    reception.users("proxies.withdraw", get=ask_to_withdraw, post=withdraw)


def _add_acting(reception: Reception, proxies: Proxies) -> None:
    async def act(user: User, delegation_id: str) -> Response:
        outcome = await proxies.act(SignedIn(user.session, user.account), delegation_id)
        if isinstance(outcome, Problem):
            return reception.tell(outcome, user, way=forms.BACK)
        return reception.go("top")

    async def stop(user: User) -> Response:
        await proxies.stop_acting(SignedIn(user.session, user.account))
        return reception.go("proxies")

    async def to_top(_: User, **__: str) -> Response:
        """Where a button's form went whose user had to sign in again, or an address without its form."""
        return reception.go("top")

    # In one's own name also while one acts for somebody: so one goes on to the next, or home.
    reception.selves("proxies.act", get=to_top, post=act)
    reception.selves("proxies.stop", get=to_top, post=stop)
