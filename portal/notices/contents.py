"""お知らせの内容: what all recipients of a send have in common, stored once, unsealed when it is looked at."""

from collections import OrderedDict
from typing import Final

import msgspec

from portal.folder.sealing import Sealer
from portal.notices import tables
from portal.notices.model import ContentRow, SharedContent
from portal.store.store import Store, read_one
from portal.wire.disclosure import Attachment

CONTENTS_OPEN_MAX: Final = 256
"""Unsealed contents in memory: the page of a folder shows few, a bulk send one over and over."""


class Contents:
    """What is common to a send."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._open: OrderedDict[str, SharedContent] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Contents: {len(self._open)} open>"

    async def row(self, content_id: str) -> ContentRow | None:
        """As it is stored."""
        return await read_one(self._store, tables.CONTENT, {"content_id": content_id})

    def at_hand(self, content_id: str) -> SharedContent | None:
        """What was unsealed before and is still kept; None says nothing."""
        return self._open.get(content_id)

    def opened(self, row: ContentRow) -> SharedContent:
        found = self._open.get(row.content_id)
        if found is None:
            raw = self._sealer.open(row.content_id, row.wrapped_key, "content", row.sealed)
            found = msgspec.msgpack.decode(raw, type=SharedContent)
            if row.recipients == 1:
                # For one person alone: nothing of it stays in memory when it is deleted.
                self._sealer.forget(row.content_id)
                return found
            self._open[row.content_id] = found
            if len(self._open) > CONTENTS_OPEN_MAX:
                self._open.popitem(last=False)
        return found

    async def attachment(self, content_id: str, place: int) -> Attachment | None:
        """One of its files, whole."""
        row = await self.row(content_id)
        found = await read_one(self._store, tables.ATTACHMENT, {"content_id": content_id, "place": place})
        if row is None or found is None:
            return None
        raw = self._sealer.open(row.content_id, row.wrapped_key, f"attachment/{place}", found.sealed)
        return msgspec.msgpack.decode(raw, type=Attachment)

    def forget(self, content_id: str) -> None:
        """Nothing of it stays in memory."""
        self._open.pop(content_id, None)
        self._sealer.forget(content_id)
