"""Mails to proxies about what came to the owner's folder, as far as they may see it (PRX-3)."""

from portal.folder.kinds import MAIL_EVENTS
from portal.folder.model import Kind
from portal.folder.service import Folder
from portal.mail.model import PROXY_TEXT, MailKey, Text
from portal.mail.service import MailService, words_of
from portal.proxies.service import Proxies
from portal.store import outbox
from portal.wire.problems import Problem
from portal.wire.proxies import Right
from portal.wire.sign_in import MailEvent

KINDS = {event: kind for kind, event in MAIL_EVENTS.items()}


class ProxyMails:
    """代理人へのメール通知. Whether it is wished and granted is looked up when it is sent, not when it was promised."""

    def __init__(self, proxies: Proxies, folder: Folder, mails: MailService) -> None:
        self._proxies = proxies
        self._folder = folder
        self._mails = mails

    def __repr__(self) -> str:
        return "ProxyMails()"

    async def work(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        """Send one mail to each address of the proxy; a mail may come twice, never not at all."""
        delegation_id, _, rest = row.key.partition("/")
        key = MailKey.parse(rest)
        proxy = await self._proxies.proxy_of(delegation_id)
        owner = None if proxy is None else await self._proxies.owner_in_hand_of(proxy, delegation_id)
        if proxy is None or owner is None or isinstance(owner, Problem):
            return outbox.Finished()
        assert owner.by is not None
        if not owner.by.mail:
            return outbox.Finished()
        if key.event is MailEvent.NOTICE:
            seen = Right.NOTICES in owner.by.rights
        else:
            # Also when it has been deleted meanwhile: then there is nothing to look at.
            found = await self._folder.own(owner, Kind(KINDS[key.event]), key.about)
            seen = not isinstance(found, Problem)
        if not seen:
            return outbox.Finished()
        body = PROXY_TEXT.body.format(
            nickname=proxy.settings.nickname, owner=owner.settings.nickname, moment=words_of(key.moment_ms)
        )
        name = f"{delegation_id}.{key.name}"
        return await self._mails.send_each(row, proxy, Text(PROXY_TEXT.subject, body), name)
