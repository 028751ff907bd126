"""送信の一覧とフォルダーの確認: an organisation's sends, and whether somebody has a folder (NOT-2, 6)."""

from typing import TYPE_CHECKING, Any

from portal.wire.notice_sending import CheckFolders, ListSends
from portal.wire.problems import Problem
from sim.intermediate.notices import forms
from sim.intermediate.notices.staff_desk import NOTICES, StaffDesk

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse


class OverviewPages:
    """送信の一覧とフォルダーの確認."""

    def __init__(self, at: StaffDesk) -> None:
        self._at = at

    def __repr__(self) -> str:
        return f"OverviewPages({self._at!r})"

    async def overview(self, folder: dict[str, str] | None = None, status: int = 200) -> "TrioResponse":
        from quart import request

        body = await self._at.body()
        typed = request.args.get("organisation", "").strip()
        listed: list[dict[str, Any]] = []
        cap = 0
        errors: dict[str, str] = {}
        if body is not None:
            found = await self._at.admit(
                body.code, lambda: self._at.desk.sending.listed(ListSends(body.code))
            )
            if isinstance(found, Problem):
                return self._at.tell(found, NOTICES)
            cap = found.cap
            listed = [self._at.line(send) for send in found.sends]
        elif typed:
            errors = {"organisation": "機関コード（16桁）か市区町村コード（6桁）を、数字で入れてください。"}
        context = {
            "organisation": typed if body is None else body.code,
            "name": None if body is None else body.name,
            "sends": listed,
            "cap": cap,
            "action": NOTICES,
            "new_url": None if body is None else self._at.address("/new", organisation=body.code),
            "folder_action": None if body is None else self._at.address("/folder", organisation=body.code),
            "folder": folder or {"person": "", "said": "", "error": ""},
            "errors": errors,
        }
        status = 422 if errors else status
        return self._at.look.show("intermediate/notices.html", context, status=status, here=NOTICES)

    async def check_folder(self) -> "TrioResponse":
        """NOT-2, for one person."""
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        if (refused := await self._at.refused()) is not None:
            return refused
        typed = (await request.form).get("person", "").strip()
        said = {"person": typed, "said": "", "error": ""}
        person = self._at.person(typed)
        if person is None:
            return await self.overview({**said, "error": forms.PERSON_SAID}, 422)
        wanted = CheckFolders(body.code, (person,))
        found = await self._at.admit(body.code, lambda: self._at.desk.relaying.check_folders(wanted))
        if isinstance(found, Problem):
            return await self.overview({**said, "error": found.detail}, found.status)
        words = "フォルダーがあります。" if found.exist[0] else "フォルダーがありません。"
        return await self.overview({**said, "said": f"宛名番号 {typed} の人には、{words}"})
