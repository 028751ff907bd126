"""Whose folder a request is for, and whether this hand may do it: the one place that lets a proxy in (FLD-1, PRX-3, 7)."""

from portal.accounts.model import OpenedAccount
from portal.authorisation import Role
from portal.history.service import History
from portal.proxies.permitted import PERMITTED
from portal.proxies.service import Proxies
from portal.sessions.guard import AccountGuard, SignedIn
from portal.store.store import Store
from portal.wire.operation import AnyOperation, WireRequest
from portal.wire.problems import Problem, ProblemCode, problem
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
        owner = await self.owner_for(operation, user.account, user.session.acting_for)
        return owner if isinstance(owner, Problem) else SignedIn(user.session, owner)

    async def owner_for(
        self, operation: AnyOperation, proxy: OpenedAccount, delegation_id: str
    ) -> OpenedAccount | Problem:
        """The owner's account in this proxy's hand, if that hand may do this now; what nobody else writes is written."""
        permitted = PERMITTED.get(operation)
        if permitted is None:
            return NOT_FOR_PROXIES
        owner = await self._proxies.owner_in_hand_of(proxy, delegation_id)
        if isinstance(owner, Problem):
            return owner
        assert owner.by is not None
        if not permitted.needs <= owner.by.rights:
            return NOT_GRANTED
        if permitted.line is not None:
            await self._store.write([self._history.line(owner, *permitted.line, operation.name)])
        return owner
