"""Inquiries that the core refuses, each with the reason."""

from linkage_world import ELSEWHERE

from portal.wire.linkage import Refusal
from sim.nation.holdings import SCHOLARSHIP
from sim.nation.organisations import Kind, national_body

PENSION = national_body(Kind.PENSION_SERVICE).code


BAD = [
    ({"provider": "0000113101700001"}, Refusal.WRONG_CHECK_DIGIT),
    ({"inquirer": "0000114100400001"}, Refusal.WRONG_CHECK_DIGIT),
    ({"provider": "9999913101600001"}, Refusal.UNKNOWN_ORGANISATION),
    ({"provider": "0000100000000001"}, Refusal.UNKNOWN_ORGANISATION),
    ({"affair": "JM99999999999999"}, Refusal.UNKNOWN_AFFAIR),
    ({"procedure": "JT99999999999999"}, Refusal.UNKNOWN_PROCEDURE),
    ({"procedure": "JT90000000000004"}, Refusal.PROCEDURE_OF_ANOTHER_AFFAIR),
    ({"information": "TM99999999999999"}, Refusal.UNKNOWN_INFORMATION),
    ({"version": "9999"}, Refusal.UNKNOWN_LAYOUT),
    ({"inquirer": PENSION}, Refusal.AFFAIR_NOT_ALLOWED),
    ({"information": SCHOLARSHIP}, Refusal.NOT_PERMITTED),
    ({"provider": PENSION}, Refusal.NOT_PERMITTED),
    ({"provider": ELSEWHERE}, Refusal.NOT_PERMITTED),
]  # fmt: skip
