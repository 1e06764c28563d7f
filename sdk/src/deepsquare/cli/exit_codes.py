"""Exit codes of the command line, and which error has which (docs/cli.md).

Names and numbers never change. Errors are looked up by their code, so that nothing has to be loaded
to know them.
"""

from enum import IntEnum
from typing import TYPE_CHECKING

from deepsquare.errors import DeepSquareError
from deepsquare.exit_codes import BROKEN, REFUSED, UNAVAILABLE, exit_code_of_kind

if TYPE_CHECKING:
    from deepsquare.client import JobResult


class ExitCode(IntEnum):
    """What the exit code of the command line means when it is not the job's own."""

    DONE = 0
    INTERNAL = BROKEN
    USAGE = REFUSED
    KEY = 3
    NOT_FOUND = 4
    MONEY = 5
    NO_PROVIDER = 6
    UNREACHABLE = UNAVAILABLE
    CONFLICT = 8
    JOB_FAILED = 100
    CANCELLED = 101
    OUT_OF_CREDITS = 102
    PANICKED = 103
    WAIT_TIMEOUT = 124
    INTERRUPTED = 130


LARGEST_PASSED_THROUGH = 99
"""A job's own exit code from 1 to this one becomes that of the command that waits for it."""

CODES: dict[ExitCode, frozenset[str]] = {
    ExitCode.KEY: frozenset(
        {
            "access_refused",
            "contract_access_control_unauthorized_account",
            "contract_customer_only",
            "contract_ownable_unauthorized_account",
            "invalid_key",
            "key_missing",
            "not_your_job",
            "sign_in_refused",
            "sign_in_required",
            "wrong_password",
        }
    ),
    ExitCode.NOT_FOUND: frozenset({"contract_invalid_job", "job_not_found", "not_found"}),
    ExitCode.MONEY: frozenset(
        {
            "allowance_too_low",
            "contract_amount_too_large",
            "contract_erc20_insufficient_allowance",
            "contract_erc20_insufficient_balance",
            "contract_insufficient_funds",
            "contract_locked_credits_too_low",
            "credits_too_low",
            "fee_cap_reached",
            "insufficient_credits",
            "out_of_gas_money",
        }
    ),
    ExitCode.NO_PROVIDER: frozenset(
        {"contract_insufficient_hardware", "contract_provider_not_joined", "no_provider"}
    ),
    ExitCode.CONFLICT: frozenset(
        {
            "contract_job_hot_status_only",
            "contract_new_job_request_disabled",
            "contract_no_spending_authority",
            "contract_remaining_time_above_limit",
            "contract_running_scheduled_status_only",
            "job_has_ended",
            "log_ended",
            "log_offset_conflict",
            "nonce_taken",
            "not_running",
            "request_key_reused",
            "script_in_use",
        }
    ),
    ExitCode.WAIT_TIMEOUT: frozenset({"wait_timeout"}),
}
"""The codes of `DeepSquareError` behind each exit code; other refusals are usage errors."""


def exit_code_of(error: DeepSquareError) -> ExitCode:
    """Return the exit code of an error."""
    for exit_code, codes in CODES.items():
        if error.code in codes:
            return exit_code
    return ExitCode(exit_code_of_kind(error))


def exit_code_of_job(result: "JobResult") -> int:
    """Return the exit code of a command that waited for a job."""
    if result.status.name == "FINISHED":
        return ExitCode.DONE
    if result.status.name != "FAILED":
        return ExitCode[result.status.name]
    code = result.exit_code or 0
    was_killed = bool(result.exit_status and result.exit_status.signal)
    passes = 1 <= code <= LARGEST_PASSED_THROUGH and not was_killed
    return code if passes else ExitCode.JOB_FAILED
