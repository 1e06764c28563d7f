"""The branches of the setters of amounts, of shares and of what is billed."""

from tests.contracts.branches.constant import Constant
from tests.contracts.conformance.stage import CUSTOMER, DEFINITION, Stage
from tests.contracts.invariants.world import STRANGER

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S

MINIMUM_AMOUNT = Constant("minimumAmount", "minimum_amount_wei", least=1, greatest=2**96 - 1)
MINIMUM_TOP_UP = Constant("minimumTopUp", "minimum_top_up_wei", least=1, greatest=2**96 - 1)
DEEPSQUARE_CUT = Constant(
    "deepsquareCut", "deepsquare_cut_percent", least=0, greatest=100, term="deepsquare_cut"
)
BILL_DURATION_DELTA_MINUTE = Constant(
    "billDurationDeltaMinute",
    "bill_duration_delta_minutes",
    least=0,
    greatest=1440,
    term="bill_duration_delta_minute",
)
CANCELLATION_FEE_MINUTE = Constant(
    "cancellationFeeMinute",
    "cancellation_fee_minutes",
    least=0,
    greatest=60,
    term="cancellation_fee_minute",
)


def test_set_minimum_amount__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    MINIMUM_AMOUNT.check_stranger(stage)


def test_set_minimum_amount__the_value_is_below_1__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    MINIMUM_AMOUNT.check_too_small(stage)


def test_set_minimum_amount__the_value_is_above_2_96_1__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    MINIMUM_AMOUNT.check_too_big(stage)


def test_set_minimum_amount__the_value_is_1_or_2_96_1__store_it_and_nothing_else(
    stage: Stage,
) -> None:
    MINIMUM_AMOUNT.check_bounds(stage)


def test_set_minimum_amount__the_value_is_in_between__emit_constantchanged(stage: Stage) -> None:
    MINIMUM_AMOUNT.check_announced(stage)


def test_set_minimum_amount__a_job_is_requested_afterwards__be_the_least_lock(stage: Stage) -> None:
    stage.set_constant("minimumAmount", 7)
    requests = stage.world.meta_scheduler
    stage.refused(CUSTOMER, requests.request_new_job(DEFINITION, 6), er.InsufficientFunds(6, 7))
    assert stage.job(stage.request(7)).cost.max_cost == 7


def test_set_minimum_top_up__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    MINIMUM_TOP_UP.check_stranger(stage)


def test_set_minimum_top_up__the_value_is_below_1__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    MINIMUM_TOP_UP.check_too_small(stage)


def test_set_minimum_top_up__the_value_is_above_2_96_1__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    MINIMUM_TOP_UP.check_too_big(stage)


def test_set_minimum_top_up__the_value_is_1_or_2_96_1__store_it_and_nothing_else(
    stage: Stage,
) -> None:
    MINIMUM_TOP_UP.check_bounds(stage)


def test_set_minimum_top_up__the_value_is_in_between__emit_constantchanged(stage: Stage) -> None:
    MINIMUM_TOP_UP.check_announced(stage)


def test_set_minimum_top_up__somebody_tops_up_afterwards__be_the_least_gift(stage: Stage) -> None:
    job_id, meta = stage.a_job_in(S.RUNNING), stage.world.meta_scheduler
    stage.must(STRANGER, stage.world.credit.approve(meta.address, 13))
    stage.set_constant("minimumTopUp", 7)
    stage.refused(STRANGER, meta.top_up_job(job_id, 6), er.InsufficientFunds(6, 7))
    stage.must(STRANGER, meta.top_up_job(job_id, 7))


def test_set_deepsquare_cut__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    DEEPSQUARE_CUT.check_stranger(stage)


def test_set_deepsquare_cut__the_value_is_above_100__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    DEEPSQUARE_CUT.check_too_big(stage)


def test_set_deepsquare_cut__the_value_is_0_or_100__store_it_and_nothing_else(stage: Stage) -> None:
    DEEPSQUARE_CUT.check_bounds(stage)


def test_set_deepsquare_cut__the_value_is_in_between__emit_constantchanged(stage: Stage) -> None:
    DEEPSQUARE_CUT.check_announced(stage)


def test_set_deepsquare_cut__a_job_was_assigned_before__leave_its_terms(stage: Stage) -> None:
    DEEPSQUARE_CUT.check_earlier_assignment(stage)


def test_set_deepsquare_cut__a_job_is_assigned_afterwards__freeze_it_in_its_terms(
    stage: Stage,
) -> None:
    DEEPSQUARE_CUT.check_later_assignment(stage)


def test_set_bill_duration_delta_minute__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    BILL_DURATION_DELTA_MINUTE.check_stranger(stage)


def test_set_bill_duration_delta_minute__the_value_is_above_1440__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    BILL_DURATION_DELTA_MINUTE.check_too_big(stage)


def test_set_bill_duration_delta_minute__the_value_is_0_or_1440__store_it_and_nothing_else(
    stage: Stage,
) -> None:
    BILL_DURATION_DELTA_MINUTE.check_bounds(stage)


def test_set_bill_duration_delta_minute__the_value_is_in_between__emit_constantchanged(
    stage: Stage,
) -> None:
    BILL_DURATION_DELTA_MINUTE.check_announced(stage)


def test_set_bill_duration_delta_minute__a_job_was_assigned_before__leave_its_terms(
    stage: Stage,
) -> None:
    BILL_DURATION_DELTA_MINUTE.check_earlier_assignment(stage)


def test_set_bill_duration_delta_minute__a_job_is_assigned_afterwards__freeze_it_in_its_terms(
    stage: Stage,
) -> None:
    BILL_DURATION_DELTA_MINUTE.check_later_assignment(stage)


def test_set_cancellation_fee_minute__a_stranger_calls__revert_with_ownableunauthorizedaccount(
    stage: Stage,
) -> None:
    CANCELLATION_FEE_MINUTE.check_stranger(stage)


def test_set_cancellation_fee_minute__the_value_is_above_60__revert_with_constantoutofrange(
    stage: Stage,
) -> None:
    CANCELLATION_FEE_MINUTE.check_too_big(stage)


def test_set_cancellation_fee_minute__the_value_is_0_or_60__store_it_and_nothing_else(
    stage: Stage,
) -> None:
    CANCELLATION_FEE_MINUTE.check_bounds(stage)


def test_set_cancellation_fee_minute__the_value_is_in_between__emit_constantchanged(
    stage: Stage,
) -> None:
    CANCELLATION_FEE_MINUTE.check_announced(stage)


def test_set_cancellation_fee_minute__a_job_was_assigned_before__leave_its_terms(
    stage: Stage,
) -> None:
    CANCELLATION_FEE_MINUTE.check_earlier_assignment(stage)


def test_set_cancellation_fee_minute__a_job_is_assigned_afterwards__freeze_it_in_its_terms(
    stage: Stage,
) -> None:
    CANCELLATION_FEE_MINUTE.check_later_assignment(stage)
