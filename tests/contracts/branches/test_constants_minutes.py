"""The branches of the setters of slices, timeouts and graces."""

from tests.contracts.branches.constant import Constant
from tests.contracts.conformance.stage import Stage

from deepsquare.chain._generated.enums import JobStatus as S

TOP_UP_SLICE_DURATION_MIN = Constant(
    "topUpSliceDurationMin",
    "top_up_slice_minutes",
    least=1,
    greatest=1440,
    bits=64,
    term="top_up_slice_duration_min",
)
CLAIM_JOB_TIMEOUT = Constant(
    "claimJobTimeout",
    "claim_job_timeout_minutes",
    least=1,
    greatest=10080,
    bits=64,
    term="claim_job_timeout",
)
START_JOB_TIMEOUT = Constant(
    "startJobTimeout",
    "start_job_timeout_minutes",
    least=0,
    greatest=43200,
    bits=64,
    term="start_job_timeout",
)
EXPIRE_GRACE_MINUTE = Constant(
    "expireGraceMinute",
    "expire_grace_minutes",
    least=15,
    greatest=10080,
    bits=64,
    term="expire_grace_minute",
)


def test_set_top_up_slice_duration_min__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    TOP_UP_SLICE_DURATION_MIN.check_stranger(stage)


def test_set_top_up_slice_duration_min__the_value_is_below_1__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    TOP_UP_SLICE_DURATION_MIN.check_too_small(stage)


def test_set_top_up_slice_duration_min__the_value_is_above_1440__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    TOP_UP_SLICE_DURATION_MIN.check_too_big(stage)


def test_set_top_up_slice_duration_min__the_value_exceeds_64_bits__revert_without_a_reason(
    stage: Stage,
) -> None:
    TOP_UP_SLICE_DURATION_MIN.check_too_wide(stage)


def test_set_top_up_slice_duration_min__the_value_is_1_or_1440__store_it_and_nothing_else(
    stage: Stage,
) -> None:
    TOP_UP_SLICE_DURATION_MIN.check_bounds(stage)


def test_set_top_up_slice_duration_min__the_value_is_in_between__emit_constantchanged(
    stage: Stage,
) -> None:
    TOP_UP_SLICE_DURATION_MIN.check_announced(stage)


def test_set_top_up_slice_duration_min__a_job_was_assigned_before__leave_its_terms(
    stage: Stage,
) -> None:
    TOP_UP_SLICE_DURATION_MIN.check_earlier_assignment(stage)


def test_set_top_up_slice_duration_min__a_job_is_assigned_afterwards__freeze_it_in_its_terms(
    stage: Stage,
) -> None:
    TOP_UP_SLICE_DURATION_MIN.check_later_assignment(stage)


def test_set_claim_job_timeout__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    CLAIM_JOB_TIMEOUT.check_stranger(stage)


def test_set_claim_job_timeout__the_value_is_below_1__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    CLAIM_JOB_TIMEOUT.check_too_small(stage)


def test_set_claim_job_timeout__the_value_is_above_10080__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    CLAIM_JOB_TIMEOUT.check_too_big(stage)


def test_set_claim_job_timeout__the_value_exceeds_64_bits__revert_without_a_reason(
    stage: Stage,
) -> None:
    CLAIM_JOB_TIMEOUT.check_too_wide(stage)


def test_set_claim_job_timeout__the_value_is_1_or_10080__store_it_and_nothing_else(
    stage: Stage,
) -> None:
    CLAIM_JOB_TIMEOUT.check_bounds(stage)


def test_set_claim_job_timeout__the_value_is_in_between__emit_constantchanged(stage: Stage) -> None:
    CLAIM_JOB_TIMEOUT.check_announced(stage)


def test_set_claim_job_timeout__a_job_was_assigned_before__leave_its_terms(stage: Stage) -> None:
    CLAIM_JOB_TIMEOUT.check_earlier_assignment(stage)


def test_set_claim_job_timeout__a_job_is_assigned_afterwards__freeze_it_in_its_terms(
    stage: Stage,
) -> None:
    CLAIM_JOB_TIMEOUT.check_later_assignment(stage)


def test_set_start_job_timeout__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    START_JOB_TIMEOUT.check_stranger(stage)


def test_set_start_job_timeout__the_value_is_above_43200__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    START_JOB_TIMEOUT.check_too_big(stage)


def test_set_start_job_timeout__the_value_exceeds_64_bits__revert_without_a_reason(
    stage: Stage,
) -> None:
    START_JOB_TIMEOUT.check_too_wide(stage)


def test_set_start_job_timeout__the_value_is_0_or_43200__store_it_and_nothing_else(
    stage: Stage,
) -> None:
    START_JOB_TIMEOUT.check_bounds(stage)


def test_set_start_job_timeout__the_value_is_in_between__emit_constantchanged(stage: Stage) -> None:
    START_JOB_TIMEOUT.check_announced(stage)


def test_set_start_job_timeout__a_job_was_assigned_before__leave_its_terms(stage: Stage) -> None:
    START_JOB_TIMEOUT.check_earlier_assignment(stage)


def test_set_start_job_timeout__a_job_is_assigned_afterwards__freeze_it_in_its_terms(
    stage: Stage,
) -> None:
    START_JOB_TIMEOUT.check_later_assignment(stage)


def test_set_start_job_timeout__the_value_is_0__freeze_the_claim_timeout_instead(
    stage: Stage,
) -> None:
    stage.set_constant("startJobTimeout", 0)
    stage.set_constant("claimJobTimeout", 17)
    terms = stage.terms(stage.a_job_in(S.SCHEDULED))
    assert (terms.start_job_timeout, terms.claim_job_timeout) == (17, 17)
    assert terms.deadline == stage.world.chain.now_s + 17 * 60


def test_set_expire_grace_minute__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    EXPIRE_GRACE_MINUTE.check_stranger(stage)


def test_set_expire_grace_minute__the_value_is_below_15__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    EXPIRE_GRACE_MINUTE.check_too_small(stage)


def test_set_expire_grace_minute__the_value_is_above_10080__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    EXPIRE_GRACE_MINUTE.check_too_big(stage)


def test_set_expire_grace_minute__the_value_exceeds_64_bits__revert_without_a_reason(
    stage: Stage,
) -> None:
    EXPIRE_GRACE_MINUTE.check_too_wide(stage)


def test_set_expire_grace_minute__the_value_is_15_or_10080__store_it_and_nothing_else(
    stage: Stage,
) -> None:
    EXPIRE_GRACE_MINUTE.check_bounds(stage)


def test_set_expire_grace_minute__the_value_is_in_between__emit_constantchanged(
    stage: Stage,
) -> None:
    EXPIRE_GRACE_MINUTE.check_announced(stage)


def test_set_expire_grace_minute__a_job_was_assigned_before__leave_its_terms(stage: Stage) -> None:
    EXPIRE_GRACE_MINUTE.check_earlier_assignment(stage)


def test_set_expire_grace_minute__a_job_is_assigned_afterwards__freeze_it_in_its_terms(
    stage: Stage,
) -> None:
    EXPIRE_GRACE_MINUTE.check_later_assignment(stage)
