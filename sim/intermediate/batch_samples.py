"""Inquiries for a 一括照会ファイル, made of the nation: what a municipality might really ask about its residents.

Each resident is asked about once, for the procedures of the permission table in turn, of an organisation that holds the
information; who has none of what the municipality may ask for is passed over.
"""

from collections.abc import Iterator
from datetime import datetime

from sim.intermediate.batch_file import Line
from sim.nation.catalogue import CURRENT, Permission, catalogue
from sim.nation.circumstances import circumstances
from sim.nation.holdings import holders
from sim.nation.nation import Nation
from sim.nation.organisations import Kind, Organisation, of_municipality


def permitted(kind: Kind, profile: str = CURRENT) -> list[Permission]:
    """What organisations of a kind may ask, by code: rows of the permission table."""
    rows = (row for row in catalogue(profile).permissions if row.inquirer is kind)
    return sorted(rows, key=lambda row: (row.affair, row.procedure, row.information, row.provider))


def sample(nation: Nation, municipality: str, moment: datetime, profile: str = CURRENT) -> Iterator[Line]:
    """One inquiry for each resident of a municipality (six digits) at a moment in Japan's time, as long as there are any."""
    inquirer = of_municipality(municipality)
    rows = permitted(Kind.MUNICIPALITY, profile)
    for place, person in enumerate(nation.residents_of(municipality)):
        life = circumstances(nation, nation.person(person))
        for turn in range(len(rows)):
            row = rows[(place + turn) % len(rows)]
            holding = holders(life, row.information, profile)
            # What it holds itself it need not ask the network for, and may not.
            asked = [one for one in holding if one.kind is row.provider and one != inquirer]
            if asked:
                yield _line(person, inquirer, row, asked[0], moment)
                break


def _line(
    person: int, inquirer: Organisation, row: Permission, provider: Organisation, moment: datetime
) -> Line:
    return Line(
        numbering="01",
        person_number=person,
        unified_number=None,
        requested_at=moment,
        department="",
        user="",
        inquirer=inquirer.code,
        withheld=False,
        affair=row.affair,
        procedure=row.procedure,
        inquirer_delegator=None,
        provider_delegator=None,
        provider=provider.code,
        information=row.information,
        condition=1,
        fiscal_year=0,
        start=None,
        end=None,
    )
