"""The addresses of the portal's pages, each spelt once: the routes and the templates both read them here.

In a template: ``page("records.request")``; a page of one thing: ``page("records.list", request_id="…")``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "top": "/",
        "events": "/events",
        "sign_in": "/sign-in",
        "sign_in.complete": "/sign-in/complete",
        "first_time": "/first-time",
        "sign_out": "/sign-out",
        "signed_out": "/signed-out",
        "records": "/records",
        "records.request": "/records/request",
        "records.list": "/records/{request_id}",
        "records.file": "/records/{request_id}/file/{kind}",
        "records.information": "/records/{request_id}/information",
        "self_information": "/self-information",
        "self_information.results": "/self-information/results",
        "self_information.requests": "/self-information/requests",
        "self_information.request_done": "/self-information/requests/{request_id}",
        "self_information.list": "/self-information/folder",
        "self_information.item": "/self-information/folder/{item_id}",
        "notices": "/notices",
        "notices.item": "/notices/{notice_id}",
        "notices.answer": "/notices/{notice_id}/answer",
        "notices.file": "/notices/{notice_id}/file/{kind}",
        "notices.attachment": "/notices/{notice_id}/attachments/{place}",
        "notices.delete": "/notices/{notice_id}/delete",
        "self_information.file": "/self-information/folder/{item_id}/file/{kind}",
        "self_information.attachment": "/self-information/folder/{item_id}/attachments/{number}",
        "folder": "/folder",
        "folder.delete": "/folder/{item_id}/delete",
        "history": "/history",
        "history.file": "/history/file",
        "proxies": "/proxies",
        "proxies.new": "/proxies/new",
        "proxies.agree": "/proxies/new/agreement",
        "proxies.card": "/proxies/new/card",
        "proxies.complete": "/proxies/new/complete",
        "proxies.stop": "/proxies/acting/end",
        "proxies.one": "/proxies/{delegation_id}",
        "proxies.change": "/proxies/{delegation_id}/change",
        "proxies.end": "/proxies/{delegation_id}/end",
        "proxies.withdraw": "/proxies/{delegation_id}/withdrawal",
        "proxies.act": "/proxies/{delegation_id}/acting",
        "faq": "/faq",
        "inquiries": "/inquiries",
        "inquiries.new": "/inquiries/new",
        "inquiries.one": "/inquiries/{inquiry_id}",
        "inquiries.delete": "/inquiries/{inquiry_id}/delete",
        "desk": "/desk",
        "desk.sign_in": "/desk/sign-in",
        "desk.actions": "/desk/actions",
        "desk.sign_out": "/desk/sign-out",
        "desk.one": "/desk/inquiries/{inquiry_id}",
        "settings": "/settings",
        "settings.confirm": "/settings/mail-confirmation",
        "settings.code": "/settings/mail-code",
        "settings.close": "/settings/close",
        "closed": "/closed",
    }
)


def page(name: str, **values: str) -> str:
    """The address of a page, its values percent-encoded.

    Raises `KeyError` for a page that is not in the table or a value that its address needs: a wrong link fails in
    the test of the template, not under a user's finger.
    """
    return PAGES[name].format_map({key: quote(value, safe="") for key, value in values.items()})
