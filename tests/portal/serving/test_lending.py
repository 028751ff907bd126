"""A coroutine that begins in somebody else's step is, once it waits, a task like any other."""

import contextvars

import pytest
import trio
import trio.testing

from portal.serving.lane.lending import IDLE_MAX, IDLE_MIN, LATER, Lender, can_lend

AT_ONCE = pytest.mark.parametrize("at_once", [True, False], ids=["at once", "a pass later"])


class Told(list):
    """Outcomes as they are told."""

    def __call__(self, value, error):
        self.append((value, error))


async def lender_in(nursery, *, at_once=True):
    lender = Lender(nursery, at_once=at_once)
    await trio.testing.wait_all_tasks_blocked()
    assert len(lender.idle) == IDLE_MIN
    return lender


async def test_this_trio_lets_tasks_be_lent():
    assert await can_lend()


async def test_what_need_not_wait_is_there_at_once(nursery):
    lender, told = await lender_in(nursery), Told()
    me = trio.lowlevel.current_task()

    async def answer():
        with trio.CancelScope(deadline=trio.current_time() + 1):  # noqa: ASYNC100 - entered, which is what counts
            return trio.lowlevel.current_task()

    for _ in range(100):
        task = lender.begin(answer(), told)
        assert isinstance(task, trio.lowlevel.Task) and task is not me
        assert trio.lowlevel.current_task() is me
    assert (told, len(lender.idle)) == ([], IDLE_MIN)


async def test_what_it_raises_is_raised(nursery):
    lender = await lender_in(nursery)

    async def fail():
        raise LookupError

    for _ in range(2 * IDLE_MIN):
        with pytest.raises(LookupError):
            lender.begin(fail(), Told())
    assert len(lender.idle) == IDLE_MIN


@AT_ONCE
async def test_what_waits_is_told_later(nursery, at_once):
    lender, told, event = await lender_in(nursery, at_once=at_once), Told(), trio.Event()
    names = []

    async def wait(number):
        names.append(trio.lowlevel.current_task())
        await event.wait()
        await trio.lowlevel.checkpoint()
        names.append(trio.lowlevel.current_task())
        if number % 2:
            raise LookupError(number)
        return number

    # More than there are idle tasks: the rest get new ones.
    for number in range(3 * IDLE_MIN):
        assert lender.begin(wait(number), told) is LATER
    await trio.testing.wait_all_tasks_blocked()
    assert told == []
    event.set()
    await trio.testing.wait_all_tasks_blocked()

    assert len(told) == 3 * IDLE_MIN
    assert sorted(value for value, _ in told if value is not None) == list(range(0, 3 * IDLE_MIN, 2))
    assert sorted(error.args[0] for _, error in told if error is not None) == list(range(1, 3 * IDLE_MIN, 2))
    # One task from first to last, and one for each.
    assert len(set(names)) == 3 * IDLE_MIN == len(names) // 2
    assert len(lender.idle) <= IDLE_MAX


@AT_ONCE
async def test_idle_tasks_have_a_limit(nursery, at_once):
    lender, told, event = await lender_in(nursery, at_once=at_once), Told(), trio.Event()
    for _ in range(3 * IDLE_MAX):
        lender.begin(event.wait(), told)
    await trio.testing.wait_all_tasks_blocked()
    event.set()
    await trio.testing.wait_all_tasks_blocked()

    assert len(told) == 3 * IDLE_MAX
    assert len(lender.idle) == IDLE_MAX


@AT_ONCE
async def test_deadlines_and_nurseries_work_as_in_any_task(nursery, at_once, autojump_clock):
    lender, told = await lender_in(nursery, at_once=at_once), Told()

    async def work():
        with trio.move_on_after(5) as scope:
            async with trio.open_nursery() as own:
                own.start_soon(trio.sleep_forever)
                await trio.sleep(1)
                await trio.sleep_forever()
        assert scope.cancelled_caught
        return trio.current_time()

    begun = trio.current_time()
    assert lender.begin(work(), told) is LATER
    await trio.sleep(10)
    assert [value - begun for value, _ in told] == [5]


@AT_ONCE
async def test_threads_work_as_in_any_task(nursery, at_once):
    lender, told = await lender_in(nursery, at_once=at_once), Told()
    done = trio.Event()

    async def work():
        found = await trio.to_thread.run_sync(lambda: trio.from_thread.run(current))
        done.set()
        return found

    async def current():
        return trio.lowlevel.current_task()

    assert lender.begin(work(), told) is LATER
    await done.wait()
    await trio.testing.wait_all_tasks_blocked()
    assert isinstance(told[0][0], trio.lowlevel.Task)


@AT_ONCE
async def test_a_scope_that_is_cancelled_already_cancels_at_the_first_wait(nursery, at_once):
    lender, told = await lender_in(nursery, at_once=at_once), Told()

    async def work():
        with trio.CancelScope() as scope:
            scope.cancel()
            await trio.sleep_forever()
        return scope.cancelled_caught

    assert lender.begin(work(), told) is LATER
    await trio.testing.wait_all_tasks_blocked()
    assert told == [(True, None)]


@AT_ONCE
async def test_the_end_of_the_nursery_cancels_who_waits_and_who_is_idle(at_once):
    told = Told()
    async with trio.open_nursery() as nursery:
        lender = await lender_in(nursery, at_once=at_once)
        lender.begin(trio.sleep_forever(), told)  # noqa: ASYNC105
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    ((value, error),) = told
    assert value is None and isinstance(error, trio.Cancelled)
    assert lender.idle == []


async def test_a_cancellation_in_the_very_step_reaches_the_idle_task(nursery):
    """The work cancels what its lent task lives in, and ends without waiting."""
    async with trio.open_nursery() as inner:
        lender = await lender_in(inner)

        async def work():
            inner.cancel_scope.cancel()
            return "done"

        assert lender.begin(work(), Told()) == "done"
    assert lender.idle == []


@AT_ONCE
async def test_context_variables_are_each_works_own(nursery, at_once):
    lender, told = await lender_in(nursery, at_once=at_once), Told()
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)

    async def work(number):
        before = variable.get()
        variable.set(number)
        if number % 2:
            await trio.lowlevel.checkpoint()
        told((before, variable.get()), None)

    for number in range(1, 20):
        lender.begin(work(number), Told())
    await trio.testing.wait_all_tasks_blocked()

    assert sorted(value for value, _ in told) == [(0, number) for number in range(1, 20)]


async def test_a_coroutine_of_another_framework_is_refused(nursery):
    lender = await lender_in(nursery)

    class Foreign:
        def __await__(self):
            yield "future"

    async def work():
        await Foreign()

    with pytest.raises(TypeError, match="another framework"):
        lender.begin(work(), Told())
    assert len(lender.idle) == IDLE_MIN
