"""Who may call a citizen's operation: the bearer of a living session, with an account where one is needed."""

from typing import NamedTuple

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.authorisation import NOT_AT_SHARED_TERMINALS, SIGNED_IN, WITH_ACCOUNT, Role
from portal.rates import Rates
from portal.sessions.model import Session, token_of
from portal.sessions.service import Sessions
from portal.sessions.terminals import kind_of
from portal.wire.operation import AnyOperation, WireRequest
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import Caller, Party


class SignedIn(NamedTuple):
    """A user with an account, in a session."""

    session: Session
    account: OpenedAccount


NOT_SIGNED_IN = problem(
    ProblemCode.NOT_SIGNED_IN,
    "ログインしていないか、時間が過ぎてログアウトしました。もう一度ログインしてください。",
)
ACCOUNT_NEEDED = problem(ProblemCode.ACCOUNT_NEEDED, "先にニックネームを決めて、利用者登録をしてください。")
NOT_AT_SHARED_TERMINAL = problem(
    ProblemCode.FORBIDDEN,
    "ほかの人も使う端末では、ファイルを保存できません。ご自分のパソコンやスマートフォンでログインして、保存してください。",
)


class SessionGuard:
    """Admits whoever has signed in, also before the first-time registration."""

    admits: frozenset[Caller] = frozenset([Party.CITIZEN])

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def lets_in(self, operation: AnyOperation) -> frozenset[Role]:
        return SIGNED_IN

    async def admit(self, operation: AnyOperation, request: WireRequest) -> Session | Problem:
        token = token_of(request.authorization)
        session = None if token is None else await self._sessions.find(token)
        return NOT_SIGNED_IN if session is None else session


class AccountGuard:
    """Admits users with an account; at shared terminals not to what leaves files behind."""

    admits: frozenset[Caller] = frozenset([Party.CITIZEN])

    def __init__(self, sessions: Sessions, accounts: Accounts, rates: Rates) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._rates = rates

    def lets_in(self, operation: AnyOperation) -> frozenset[Role]:
        """For the check against the table of rights."""
        return (
            WITH_ACCOUNT - {Role.AT_SHARED_TERMINAL} if operation in NOT_AT_SHARED_TERMINALS else WITH_ACCOUNT
        )

    async def admit(self, operation: AnyOperation, request: WireRequest) -> SignedIn | Problem:
        token = token_of(request.authorization)
        if token is None:
            return NOT_SIGNED_IN
        # Whoever is at work is at hand; each step that need not be awaited is a tenth of what this costs.
        session = self._sessions.at_hand(token) or await self._sessions.find(token)
        if session is None:
            return NOT_SIGNED_IN
        if operation in NOT_AT_SHARED_TERMINALS and kind_of(session.terminal).shared:
            return NOT_AT_SHARED_TERMINAL
        if session.account_id is not None:
            refused = self._rates.refuses(operation, session.account_id)
            if refused is not None:
                return refused
        return await self.account_of(session)

    async def account_of(self, session: Session) -> SignedIn | Problem:
        if session.account_id is None:
            return ACCOUNT_NEEDED
        account = self._accounts.at_hand(session.account_id) or await self._accounts.by_id(session.account_id)
        return NOT_SIGNED_IN if account is None else SignedIn(session, account)
