"""Sessions in memory: whoever is at work asks for the same one with every request."""

from portal.sessions.model import Session
from portal.store.remembering import Remembered
from portal.store.store import Store


class Living:
    """Sessions as they are stored; whoever writes one forgets it here when the write has come back."""

    def __init__(self, store: Store) -> None:
        self._by_hash: Remembered[bytes, Session] = Remembered(store)
        self._of_account: dict[str, tuple[bytes, ...]] = {}

    def __repr__(self) -> str:
        return f"<Living: {len(self._by_hash)}>"

    def get(self, hash_of_token: bytes) -> Session | None:
        return self._by_hash.get(hash_of_token)

    def put(self, session: Session) -> None:
        gone = self._by_hash.put(session.token_hash, session)
        if self._by_hash.get(session.token_hash) is None:
            return
        if session.account_id is not None:
            others = self._of_account.get(session.account_id, ())
            if session.token_hash not in others:
                self._of_account[session.account_id] = (*others, session.token_hash)
        if gone is not None:
            self._unlist(gone)

    def _unlist(self, session: Session) -> None:
        if session.account_id is None:
            return
        others = self._of_account.get(session.account_id, ())
        left = tuple(each for each in others if each != session.token_hash)
        if left:
            self._of_account[session.account_id] = left
        else:
            self._of_account.pop(session.account_id, None)

    def forget(self, hash_of_token: bytes) -> None:
        session = self._by_hash.get(hash_of_token)
        if session is not None:
            self._by_hash.forget(hash_of_token)
            self._unlist(session)

    def forget_of(self, account_id: str) -> None:
        """All of this account's."""
        for hash_of_token in self._of_account.pop(account_id, ()):
            self._by_hash.forget(hash_of_token)

    def forget_all(self) -> None:
        self._by_hash.forget_all()
        self._of_account.clear()
