"""The operations of 代理人."""

from portal.proxies.guard import FolderGuard
from portal.proxies.service import Proxies
from portal.serving.dispatcher import Dispatcher
from portal.sessions.guard import AccountGuard, SignedIn
from portal.wire import proxies as wire
from portal.wire.moments import to_jst
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem
from portal.wire.sign_in import Challenge


def add_operations(dispatcher: Dispatcher, service: Proxies, own: AccountGuard, users: FolderGuard) -> None:
    """*own* admits to what a session does for itself, also while it acts for somebody else."""

    async def prepare(terms: wire.Terms, user: SignedIn) -> Challenge | Problem:
        issued = service.prepare(user, terms)
        if isinstance(issued, Problem):
            return issued
        return Challenge(issued.challenge, issued.digest_info, to_jst(issued.ends_ms))

    async def register(wanted: wire.Registration, user: SignedIn) -> wire.DelegationView | Problem:
        return await service.register(user, wanted)

    async def listed(_: Nothing, user: SignedIn) -> wire.Delegations:
        return await service.listed(user.account)

    async def change(wanted: wire.ChangeDelegation, user: SignedIn) -> wire.DelegationView | Problem:
        return await service.change(user.account, wanted)

    async def end(one: wire.OneDelegation, user: SignedIn) -> Done | Problem:
        return await service.end(user.account, one.delegation_id)

    async def withdraw(one: wire.OneDelegation, user: SignedIn) -> Done | Problem:
        return await service.withdraw(user.account, one.delegation_id)

    async def act(one: wire.OneDelegation, user: SignedIn) -> wire.Acting | Problem:
        return await service.act(user, one.delegation_id)

    async def acting(_: Nothing, user: SignedIn) -> wire.Acting:
        return await service.acting(user)

    async def stop_acting(_: Nothing, user: SignedIn) -> wire.Acting:
        return await service.stop_acting(user)

    dispatcher.add(wire.PREPARE_PROXY, users, prepare)
    dispatcher.add(wire.REGISTER_PROXY, users, register)
    dispatcher.add(wire.LIST_PROXIES, users, listed)
    dispatcher.add(wire.CHANGE_PROXY, users, change)
    dispatcher.add(wire.END_PROXY, users, end)
    dispatcher.add(wire.WITHDRAW_PROXY, users, withdraw)
    dispatcher.add(wire.ACT_AS_PROXY, own, act)
    dispatcher.add(wire.VIEW_ACTING, own, acting)
    dispatcher.add(wire.STOP_ACTING, own, stop_acting)
