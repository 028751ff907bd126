"""Whose folder a request is for, and whether this hand may do it: the one place that lets a proxy in (FLD-1, PRX-3, 7)."""

from collections.abc import Sequence

from portal.accounts.model import OpenedAccount
from portal.authorisation import Role
from portal.history.service import History
from portal.proxies.permitted import PERMITTED, PERMITTED_PAGES
from portal.proxies.service import Proxies
from portal.sessions.guard import AccountGuard, SignedIn
from portal.store.store import Store
from portal.wire.operation import AnyOperation, WireRequest
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.proxies import Acting
from portal.wire.systems import Caller, Party

NOT_FOR_PROXIES = problem(
    ProblemCode.FORBIDDEN,
    "この操作は、代理人としてはできません。自分のことをするときは、先に「自分の画面に戻る」で戻ってください。",
)
NOT_GRANTED = problem(
    ProblemCode.FORBIDDEN,
    "この操作は、代理の範囲に入っていません。必要なときは、本人に範囲を変えてもらってください。",
)


class FolderGuard(AccountGuard):
    """Admits users to their own folder, and whoever acts as a proxy to the owner's, as far as it was granted."""

    admits: frozenset[Caller] = frozenset([Party.CITIZEN])

    def __init__(self, own: AccountGuard, proxies: Proxies, history: History, store: Store) -> None:
        self._own = own
        self._proxies = proxies
        self._history = history
        self._store = store

    def lets_in(self, operation: AnyOperation) -> frozenset[Role]:
        admitted = self._own.lets_in(operation)
        return admitted if operation in PERMITTED else admitted - {Role.PROXY}

    async def admit(self, operation: AnyOperation, request: WireRequest) -> SignedIn | Problem:
        user = await self._own.admit(operation, request)
        if isinstance(user, Problem) or user.session.acting_for is None:
            return user
        owner = await self._owner((operation,), user.account, user.session.acting_for)
        return owner if isinstance(owner, Problem) else SignedIn(user.session, owner)

    async def admit_to_page(self, which: tuple[str, str], user: SignedIn) -> OpenedAccount | Problem:
        """The same for a page (its method and name): whose account it is to be shown with."""
        if user.session.acting_for is None:
            return user.account
        operations = PERMITTED_PAGES.get(which)
        if operations is None:
            return NOT_FOR_PROXIES
        return await self._owner(operations, user.account, user.session.acting_for)

    async def acting(self, user: SignedIn) -> Acting:
        """For whom this session is, to be said on each page."""
        return await self._proxies.acting(user)

    async def _owner(
        self, operations: Sequence[AnyOperation], proxy: OpenedAccount, delegation_id: str
    ) -> OpenedAccount | Problem:
        """The owner's account in this proxy's hand, if that hand may do this now; what nobody else writes is written."""
        permitted = [PERMITTED.get(each) for each in operations]
        if None in permitted:
            return NOT_FOR_PROXIES
        owner = await self._proxies.owner_in_hand_of(proxy, delegation_id)
        if isinstance(owner, Problem):
            return owner
        assert owner.by is not None
        lines = []
        for operation, each in zip(operations, permitted, strict=True):
            assert each is not None
            if not each.needs <= owner.by.rights:
                return NOT_GRANTED
            if each.line is not None:
                lines.append(self._history.line(owner, *each.line, operation.name, detail=each.detail))
        if lines:
            await self._store.write(lines)
        return owner
