"""情報照会: an organisation asks another one about a resident, and fetches the result (USE-2, REC-2).

The traffic of municipalities and other organisations beside the residents': it goes to the intermediate servers. Each
inquiry is shaped after one of a resident's past, so affair, procedure and provider go together as they do in truth.
"""

from datetime import timedelta

from load.journeys import Journey, Visit
from load.parts import PERIOD_DAYS
from load.steps import Measured, Steps, Wait, ask, now
from portal.wire.intermediate import FETCH_RESULT, MAKE_INQUIRY, MakeInquiry, OneInquiry
from portal.wire.linkage import InquiryState
from portal.wire.systems import Party, System
from sim.nation.past import records_of

RESULT_SECONDS_MAX = 30.0
LOOK_AGAIN_SECONDS = 0.5
NEIGHBOURS_MAX = 64
"""Who has no past is passed over for the next neighbour."""


def inquiry(visit: Visit) -> Steps[None]:
    wanted = _inquiry_of(visit)
    receipt = yield from ask(MAKE_INQUIRY, wanted, caller=Party.OPERATOR)
    if receipt is None:
        return
    one = OneInquiry(receipt.number, wanted.inquirer)
    began = yield from now()
    while True:
        yield Wait(LOOK_AGAIN_SECONDS)
        result = yield from ask(FETCH_RESULT, one, caller=Party.OPERATOR)
        took = (yield from now()) - began
        if result is None or result.state is not InquiryState.PENDING:
            yield Measured("inquiry.result", took, None if result is not None else "fetch failed")
            return
        if took > RESULT_SECONDS_MAX:
            yield Measured("inquiry.result", took, "no result within the time")
            return


def _inquiry_of(visit: Visit) -> MakeInquiry:
    nation = visit.nation
    assert nation is not None, "who asks about somebody knows the nation"
    end = nation.reference_date
    for step in range(NEIGHBOURS_MAX):
        person = (visit.person + step) % nation.size
        past = records_of(nation, nation.person(person), end - timedelta(days=PERIOD_DAYS), end)
        if past:
            like = past[visit.key % len(past)]
            return MakeInquiry(
                f"load-{visit.key:016x}",
                like.inquirer.code,
                person,
                like.affair,
                like.procedure,
                like.provider.code,
                like.information,
            )
    raise AssertionError(f"nobody with a past among {NEIGHBOURS_MAX} neighbours")


JOURNEY = Journey("inquiry", "情報照会（機関どうし）", inquiry, frozenset({System.INTERMEDIATE}), signs=False)
