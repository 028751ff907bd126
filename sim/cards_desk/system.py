"""The card reader as a system: pages only; what a browser can't do is done here in its place."""

from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.system import BuiltSystem, Surroundings, no_workers
from portal.wire.systems import System
from sim.cards_desk import tables
from sim.cards_desk.desk import Desk
from sim.cards_desk.pages import pages

SCHEMAS = tables.SCHEMAS


def build(surroundings: Surroundings, desk: Desk) -> BuiltSystem:
    """What stands before this desk."""
    dispatcher = Dispatcher(System.CARD_DESK)
    serve_about(dispatcher, surroundings.clock)
    return BuiltSystem(dispatcher, no_workers, pages(dispatcher, desk))
