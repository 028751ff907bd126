"""Wrong passwords in a row."""

from portal.staff.model import Staff, after_failure
from portal.wire.limits import STAFF_LOCK_SECONDS, STAFF_TRIES_MAX

NOW = 1_000_000


def test_too_many_wrong_passwords_lock_for_a_while() -> None:
    staff = Staff("operator", "x", 0, 0)
    for failures in range(1, STAFF_TRIES_MAX):
        staff = after_failure(staff, NOW)
        assert (staff.failures, staff.locked(NOW)) == (failures, False)
    staff = after_failure(staff, NOW)

    assert staff.failures == 0
    assert staff.locked(NOW + STAFF_LOCK_SECONDS * 1000 - 1)
    assert not staff.locked(NOW + STAFF_LOCK_SECONDS * 1000)
