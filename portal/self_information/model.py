"""あなたの情報: which kinds a search finds (SELF-1, SELF-2)."""

import unicodedata

from portal.wire.self_information import Catalogue, InformationKind, Search


def folded(text: str) -> str:
    """Full-width and half-width, upper and lower case are the same to who searches."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def matching(catalogue: Catalogue, search: Search) -> list[InformationKind]:
    """The kinds that match all that is given; nothing given matches every kind."""
    if not (search.name or search.field or search.detail):
        return list(catalogue.kinds)
    name = folded(search.name or "")
    field = folded(search.field or "")
    detail = folded(search.detail or "")
    return [
        kind
        for kind in catalogue.kinds
        if name in folded(kind.information.name)
        and (not field or folded(kind.field) == field)
        and (not detail or folded(kind.detail) == detail)
    ]
