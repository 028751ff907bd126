"""What a search form asks for, in the terms of the operation.

The portal keeps no table of municipalities: a code goes to the network as it is, a name is looked for among the
organisations that the network found.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from werkzeug.datastructures import MultiDict

from portal.self_information.model import folded
from portal.web.reception import typed
from portal.wire.limits import SEARCH_TEXT_CHARACTERS_MAX
from portal.wire.self_information import Candidate, Search

FIELDS = ("name", "field", "detail", "municipality")


class Sought(NamedTuple):
    """A search as it was typed, and what it comes to."""

    by: str
    values: Mapping[str, str]
    search: Search
    place: str
    """A part of a municipality's name, folded; "" for any."""
    errors: Mapping[str, str]

    @property
    def fields(self) -> Mapping[str, str]:
        """For another form that leads to the same search."""
        return {"by": self.by, **{name: value for name, value in self.values.items() if value}}

    @property
    def fields_but_place(self) -> Mapping[str, str]:
        """For a form in which the place is chosen anew (SELF-4)."""
        return {name: value for name, value in self.fields.items() if name != "municipality"}

    @property
    def words(self) -> str:
        """What is looked for, as the page says it."""
        values = self.values
        if self.by == "name":
            place = f"　役所など：{values['municipality']}" if values["municipality"] else ""
            return f"情報の名前「{values['name']}」{place}"
        parts = [f"分野：{values['field']}"]
        if values["detail"]:
            parts.append(f"くわしい分野：{values['detail']}")
        parts.append(f"市区町村：{values['municipality'] or '指定なし'}")
        return "　".join(parts)

    def fits(self, candidate: Candidate) -> bool:
        """Whether this organisation is of the place that was named."""
        return self.place in folded(candidate.organisation.name)


def read_search(form: MultiDict[str, str]) -> Sought:
    """The search that the fields of either form of the search page ask for."""
    by = "name" if form.get("by") == "name" else "field"
    used = ("name", "municipality") if by == "name" else ("field", "detail", "municipality")
    values = {name: typed(form, name) if name in used else "" for name in FIELDS}
    errors = {
        name: f"{SEARCH_TEXT_CHARACTERS_MAX}文字までにしてください。"
        for name, value in values.items()
        if len(value) > SEARCH_TEXT_CHARACTERS_MAX
    }
    if not values[used[0]]:
        errors[used[0]] = "情報の名前を入れてください。" if by == "name" else "分野を選んでください。"
    place, code = "", None
    municipality = unicodedata.normalize("NFKC", values["municipality"])
    if re.fullmatch(r"[0-9\s-]+", municipality):
        code = municipality
    else:
        place = folded(municipality)
    wanted = {name: values[name] or None for name in ("name", "field", "detail")}
    try:
        search = msgspec.convert({**wanted, "municipality": code}, Search)
    except msgspec.ValidationError:
        search = Search()
        if not errors:
            errors["municipality"] = "市区町村コードは6けたの数字です。例：131016"
    return Sought(by, values, search, place, errors)
