"""Operations of the portal: 利用者フォルダー, all that lies in it, whatever its kind (FLD-3, 5)."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from portal.wire.operation import Done, Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.records import RequestState
from portal.wire.systems import Party, System


class FolderItem(msgspec.Struct, frozen=True):
    """フォルダーの中の一つ: enough to find it and to know how long it stays; its content is read by its own kind's operation."""

    item_id: str
    kind: str
    """A :class:`portal.folder.model.Kind`."""
    title: str
    """What it is about."""
    sender: str
    """From whom it comes, or who was asked."""
    state: RequestState
    asked_at: datetime
    answered_at: datetime | None
    read: bool
    kept_until: date | None
    """The day on which it is deleted; None while an answer is awaited, and for what goes at sign-out."""
    goes_at_sign_out: bool
    """Read, and therefore deleted with the sign-out (FLD-3)."""


class FolderItems(msgspec.Struct, frozen=True):
    """Newest first."""

    items: tuple[FolderItem, ...]


class OneItem(Message, frozen=True):
    item_id: Annotated[str, msgspec.Meta(max_length=64)]


LIST_FOLDER = Operation(
    "folder.list", System.PORTAL, Method.GET, "/api/folder", Nothing, FolderItems, callers=[Party.CITIZEN],
    repeatable=True, requirements=["FLD-3", "FLD-5"], summary="利用者フォルダーにあるものの一覧",
    problems=[P.ACCOUNT_NEEDED],
)  # fmt: skip

DELETE_ITEM = Operation(
    "folder.delete", System.PORTAL, Method.DELETE, "/api/folder/{item_id}", OneItem, Done, callers=[Party.CITIZEN],
    repeatable=True, requirements=["FLD-5"], summary="利用者フォルダーから削除する（問い合わせ中なら取り下げる）",
    problems=[P.ACCOUNT_NEEDED, P.NOT_FOUND, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (LIST_FOLDER, DELETE_ITEM)
