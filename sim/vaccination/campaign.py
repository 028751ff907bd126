"""接種の一巡: how far a campaign is, and what comes next. :data:`TRANSITIONS` is its whole life (USE-1)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec


class Stage(StrEnum):
    """Where a campaign is."""

    PLANNED = "planned"
    PICKED = "picked"
    """Those due have been picked, and their folders looked for."""
    TOLD = "told"
    """Notices are out."""
    CLAIMED = "claimed"
    """Some have been vaccinated; claims have come, copies are updated."""
    REMINDED = "reminded"
    """The rest have been told again."""
    CLOSED = "closed"
    """The rest has been vaccinated too."""


class Step(StrEnum):
    """What the municipality's staff press."""

    PICK = "pick"
    TELL = "tell"
    CLAIM = "claim"
    REMIND = "remind"
    CLAIM_REST = "claim_rest"
    BEGIN_AGAIN = "begin_again"


TRANSITIONS: Final[dict[tuple[Stage, Step], Stage]] = {
    (Stage.PLANNED, Step.PICK): Stage.PICKED,
    # Somebody may have opened a folder meanwhile.
    (Stage.PICKED, Step.PICK): Stage.PICKED,
    (Stage.PICKED, Step.TELL): Stage.TOLD,
    (Stage.TOLD, Step.CLAIM): Stage.CLAIMED,
    (Stage.CLAIMED, Step.REMIND): Stage.REMINDED,
    (Stage.REMINDED, Step.CLAIM_REST): Stage.CLOSED,
    **{(stage, Step.BEGIN_AGAIN): Stage.PLANNED for stage in Stage if stage is not Stage.PLANNED},
}


def after(stage: Stage, step: Step) -> Stage | None:
    """The stage that follows, or None when this is not what comes next."""
    return TRANSITIONS.get((stage, step))


class Campaign(msgspec.Struct, frozen=True):
    """接種の一巡, as it is stored. People are numbers of the nation."""

    run: int
    stage: Stage = Stage.PLANNED
    due: tuple[int, ...] = ()
    with_folder: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    """Whose case a claim has closed."""
    last_claims: tuple[int, ...] = ()
    told: str | None = None
    """The send of the first notice."""
    reminded: str | None = None
    """The send of the second; None when nobody with a folder was left."""

    @property
    def on_paper(self) -> tuple[int, ...]:
        return tuple(n for n in self.due if n not in self.with_folder)

    @property
    def left(self) -> tuple[int, ...]:
        """Those due whose case is open."""
        return tuple(n for n in self.due if n not in self.closed)


def comers(campaign: Campaign, chosen: Sequence[int]) -> tuple[int, ...]:
    """Who goes to be vaccinated after the first notice: those who were *chosen*, and every other one of those on paper."""
    told = tuple(n for n in campaign.with_folder if n in chosen)
    return (*told, *campaign.on_paper[::2])
