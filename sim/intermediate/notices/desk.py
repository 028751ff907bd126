"""お知らせの窓口: the parts of notice sending, put together, and its operations."""

from collections.abc import Awaitable, Callable
from typing import Any

from portal.serving.system import Surroundings
from portal.wire import notice_sending as wire
from portal.wire.notice_relaying import RECEIVE_RESULTS
from portal.wire.operation import Operation
from sim.intermediate.notices.exporting import Exporting
from sim.intermediate.notices.polling import Polling
from sim.intermediate.notices.relaying import Relaying
from sim.intermediate.notices.sending import Sending
from sim.intermediate.residents import Residents
from sim.intermediate.standing import Standing
from sim.nation.catalogue import Catalogue
from sim.nation.nation import Nation, UnknownResident
from sim.network.codes import LinkageCodes


class NoticeDesk:
    """お知らせ (OSR) of all organisations."""

    def __init__(
        self,
        surroundings: Surroundings,
        catalogue: Catalogue,
        codes: LinkageCodes,
        standing: Standing,
        nation: Nation,
        residents: Residents,
    ) -> None:
        self.catalogue = catalogue
        self.standing = standing
        self.residents = residents
        self.clock = surroundings.clock
        self.chance = surroundings.chance
        self.relaying = Relaying(surroundings, codes, standing, residents)
        self._nation = nation
        self.sending = Sending(
            surroundings, catalogue, standing, residents, self.relaying.lanes.call, self.number_of
        )
        self.polling = Polling(surroundings, self.sending)
        self.exporting = Exporting(surroundings, self.sending)

    def __repr__(self) -> str:
        return f"NoticeDesk({self.relaying!r})"

    def number_of(self, text: str) -> int | None:
        """宛名番号 of somebody who is named as the simulated world names residents (``131016-12``)."""
        try:
            return self._nation.number_of(text)
        except UnknownResident:
            return None

    def operations(self) -> list[tuple[Operation[Any, Any], Callable[[Any], Awaitable[Any]]]]:
        """What an organisation's side asks for; every request names its organisation."""

        async def view(request: wire.SendOfOrganisation) -> Any:
            return await self.sending.view(request.organisation, request.send_id)

        return [
            (wire.SEND_NOTICE, self.sending.send_one),
            (wire.OPEN_SEND, self.sending.open),
            (wire.PUT_PART, self.sending.put),
            (wire.CONFIRM_SEND, self.sending.confirm),
            (wire.VIEW_SEND, view),
            (wire.LIST_SENDS, self.sending.listed),
            (wire.CANCEL_SEND, self.sending.cancel),
            (wire.LIST_RECIPIENTS, self.polling.recipients),
            (wire.RECIPIENTS_CSV, self.exporting.recipients),
            (wire.ANSWERS_CSV, self.exporting.answers),
            (wire.POLL_SEND, self.polling.poll),
            (wire.CHECK_FOLDERS, self.relaying.check_folders),
            (RECEIVE_RESULTS, self.sending.take_results),
        ]
