// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {FixedDelayAdmin} from "./access/FixedDelayAdmin.sol";
import {IConstants} from "./interfaces/IConstants.sol";
import {IJobRepository} from "./interfaces/IJobRepository.sol";
import {IMetaScheduler} from "./interfaces/IMetaScheduler.sol";
import {IProviderJobQueues} from "./interfaces/IProviderJobQueues.sol";
import {IProviderManager} from "./interfaces/IProviderManager.sol";
import {Definitions} from "./libraries/Definitions.sol";
import {JobTransitions} from "./libraries/JobTransitions.sol";
import {ScratchMemory} from "./libraries/ScratchMemory.sol";
import {Ending, JobDemand, Popped} from "./types/JobRecord.sol";
import {JobDefinition, JobStatus} from "./types/JobTypes.sol";

/// @title The entry point for everything that happens to a job; holds the escrow and the fees.
/// @notice The interface documents the functions. This contract checks roles and amounts and moves the
///         credits; what a job allows to whom, and what is owed for it, is the JobRepository's to say.
contract MetaScheduler is IMetaScheduler, FixedDelayAdmin {
    using JobTransitions for JobStatus;
    using SafeERC20 for IERC20;

    /// @dev Credits held, and whether new jobs are taken; one word, as requests touch all of it.
    struct Ledger {
        uint120 escrow;
        uint120 fees;
        bool isOpen;
    }

    bytes32 public constant METASCHEDULER_ROLE = keccak256("METASCHEDULER_ROLE");

    /// @dev So many stale queue entries are dropped in one call.
    uint256 private constant MAX_SKIP = 32;
    /// @dev So many jobs are claimed in one call.
    uint256 private constant MAX_CLAIMS = 64;

    IERC20 private immutable _credit;
    IConstants private immutable _constants;
    IProviderManager private immutable _providers;
    IProviderJobQueues private immutable _queues;
    IJobRepository private immutable _jobs;

    Ledger private _ledger = Ledger({escrow: 0, fees: 0, isOpen: true});

    constructor(
        IERC20 credit_,
        IConstants constants_,
        IProviderManager providerManager_,
        IProviderJobQueues providerJobQueues_,
        IJobRepository jobs_
    ) {
        if (
            jobs_.metaScheduler() != address(this) ||
            providerJobQueues_.metaScheduler() != address(this) ||
            providerJobQueues_.jobs() != address(jobs_)
        ) revert WiringMismatch();
        _credit = credit_;
        _constants = constants_;
        _providers = providerManager_;
        _queues = providerJobQueues_;
        _jobs = jobs_;
    }

    // Customers

    function requestNewJob(
        JobDefinition calldata _definition,
        uint256 _lockedCredits,
        bytes32 _jobName,
        bool _delegateSpendingAuthority
    ) external returns (bytes32) {
        // Checks
        if (!_ledger.isOpen) revert NewJobRequestDisabled();
        uint256 minimum = _constants.minimumAmount();
        if (_lockedCredits < minimum) revert InsufficientFunds(_lockedCredits, minimum);

        // Effects
        bytes32 jobId = _jobs.create(
            msg.sender,
            _definition,
            _lockedCredits,
            _jobName,
            _delegateSpendingAuthority
        );
        emit NewJobRequestEvent(jobId, msg.sender);

        // Interactions
        _lock(msg.sender, _lockedCredits);
        return jobId;
    }

    function cancelJob(bytes32 _jobId) external {
        _end(_jobId, _jobs.cancel(_jobId, msg.sender));
    }

    function topUpJob(bytes32 _jobId, uint256 _amount) external {
        // Checks
        (address customer, address provider, JobStatus status) = _jobs.parties(_jobId);
        if (!status.isScheduledOrRunning()) revert RunningScheduledStatusOnly(status);
        if (_amount == 0) revert InsufficientFunds(0, 1);
        if (msg.sender != customer) _checkMinimumTopUp(_amount);

        // Effects, Interactions
        _topUp(_jobId, provider, msg.sender, _amount);
    }

    function topUpJobDelegate(bytes32 _jobId) external {
        // Checks
        (address customer, address provider, ) = _jobs.parties(_jobId);
        if (
            msg.sender != customer &&
            msg.sender != provider &&
            !hasRole(METASCHEDULER_ROLE, msg.sender)
        ) revert CustomerMetaSchedulerProviderOnly();
        uint256 amount = _jobs.delegatedSlice(_jobId);

        // Effects, Interactions
        _topUp(_jobId, provider, customer, amount);
    }

    function setDelegateSpendingAuthority(
        bytes32 _jobId,
        bool _delegateSpendingAuthority
    ) external {
        _jobs.setDelegated(_jobId, msg.sender, _delegateSpendingAuthority);
    }

    function selfPermit(
        uint256 _value,
        uint256 _deadline,
        uint8 _v,
        bytes32 _r,
        bytes32 _s
    ) external {
        try
            IERC20Permit(address(_credit)).permit(
                msg.sender,
                address(this),
                _value,
                _deadline,
                _v,
                _r,
                _s
            )
        // solhint-disable-next-line no-empty-blocks
        {} catch (bytes memory reason) {
            // Somebody may have used the permit already; then the allowance is there.
            if (_credit.allowance(msg.sender, address(this)) < _value) {
                _bubbleUp(reason);
            }
        }
    }

    // Providers

    function claimNextJob() external {
        _checkMember();
        _claimOne(_claimJob);
    }

    function claimNextJobs(uint256 _max) external returns (uint256 claimed) {
        _checkMember();
        return _claimMany(_claimJob, _max);
    }

    function claimNextCancellingJob() external {
        _claimOne(_claimCancelling);
    }

    function claimNextCancellingJobs(uint256 _max) external returns (uint256 claimed) {
        return _claimMany(_claimCancelling, _max);
    }

    function claimNextTopUpJob() external {
        _claimOne(_claimTopUp);
    }

    function claimNextTopUpJobs(uint256 _max) external returns (uint256 claimed) {
        return _claimMany(_claimTopUp, _max);
    }

    function providerSetJobStatus(
        bytes32 _jobId,
        JobStatus _nextJobStatus,
        uint64 _jobDurationMinute,
        string calldata _lastError,
        int64 _exitCode
    ) external {
        if (_nextJobStatus == JobStatus.RUNNING) {
            _jobs.setStarted(_jobId, msg.sender, _lastError, _exitCode);
            return;
        }
        Ending memory ending = _jobs.report(
            _jobId,
            msg.sender,
            _nextJobStatus,
            _jobDurationMinute,
            _lastError,
            _exitCode
        );
        if (ending.isOverbilled) emit BilledTooMuchEvent(_jobId, msg.sender, _jobDurationMinute);
        _end(_jobId, ending);
    }

    function refuseJob(bytes32 _jobId) external {
        address customer = _jobs.refuse(_jobId, msg.sender);
        emit JobRefusedEvent(_jobId, msg.sender, customer);
    }

    function checkpointJob(bytes32 _jobId) external {
        _jobs.checkpoint(_jobId, msg.sender);
    }

    // Meta-schedulers, and anyone after a deadline

    function metaSchedule(
        bytes32 _jobId,
        address _providerAddr
    ) external onlyRole(METASCHEDULER_ROLE) {
        // Checks
        if (!_providers.isValidForScheduling(_providerAddr)) revert ProviderNotJoined();
        JobDemand memory demand = _jobs.assignable(_jobId);
        uint256 costPerMinute = _providers.quote(
            _providerAddr,
            demand.gpus,
            demand.memPerCpu,
            demand.cpusPerTask,
            demand.ntasks
        );

        // Effects
        address customer = _jobs.assign(_jobId, _providerAddr, costPerMinute, _constants.terms());
        emit JobAssigned(_jobId, _providerAddr, customer, costPerMinute);
    }

    function timeoutJob(bytes32 _jobId) external {
        // Checks, Effects
        bool mustBeOverdue = !hasRole(METASCHEDULER_ROLE, msg.sender);
        (address customer, address provider, bool isStopping) = _jobs.timeout(
            _jobId,
            mustBeOverdue
        );
        if (isStopping) emit JobStopRequested(_jobId, provider);
        emit JobRefusedEvent(_jobId, provider, customer);
    }

    function panicJob(
        bytes32 _jobId,
        string calldata _lastError
    ) external onlyRole(METASCHEDULER_ROLE) {
        _end(_jobId, _jobs.panic(_jobId, _lastError));
    }

    function expireJob(bytes32 _jobId) external {
        _end(_jobId, _jobs.expire(_jobId));
    }

    // Admin

    function setEnableRequestNewJob(bool _enable) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _ledger.isOpen = _enable;
        emit RequestNewJobEnabled(_enable);
    }

    function withdrawAdmin(uint256 _amount) external onlyRole(DEFAULT_ADMIN_ROLE) {
        // Checks
        uint256 fees = _ledger.fees;
        if (_amount > fees) revert InsufficientFunds(fees, _amount);

        // Effects
        _ledger.fees = uint120(fees - _amount);
        emit FeesWithdrawn(msg.sender, _amount);

        // Interactions
        _pay(msg.sender, _amount);
    }

    // Batches

    function multicall(bytes[] calldata data) external returns (bytes[] memory results) {
        results = new bytes[](data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool isDone, bytes memory result) = address(this).delegatecall(data[i]);
            if (!isDone) _bubbleUp(result);
            results[i] = result;
        }
    }

    function tryMulticall(
        bytes[] calldata data
    ) external returns (bool[] memory success, bytes[] memory results) {
        success = new bool[](data.length);
        results = new bytes[](data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (success[i], results[i]) = address(this).delegatecall(data[i]);
            if (!success[i]) emit CallFailed(i, results[i]);
        }
    }

    // Views

    function credit() external view returns (address) {
        return address(_credit);
    }

    function constants() external view returns (address) {
        return address(_constants);
    }

    function providerManager() external view returns (address) {
        return address(_providers);
    }

    function providerJobQueues() external view returns (address) {
        return address(_queues);
    }

    function jobs() external view returns (address) {
        return address(_jobs);
    }

    function enableRequestNewJob() external view returns (bool) {
        return _ledger.isOpen;
    }

    function accruedFees() external view returns (uint256) {
        return _ledger.fees;
    }

    function totalEscrow() external view returns (uint256) {
        return _ledger.escrow;
    }

    // Checks

    function _checkMember() private view {
        if (!_providers.isValidForScheduling(msg.sender)) revert ProviderNotJoined();
    }

    function _checkMinimumTopUp(uint256 amount) private view {
        uint256 minimum = _constants.minimumTopUp();
        if (amount < minimum) revert InsufficientFunds(amount, minimum);
    }

    /// @dev Revert as the inner call did, also if it gave no reason.
    function _bubbleUp(bytes memory reason) private pure {
        // solhint-disable-next-line gas-custom-errors, reason-string
        if (reason.length == 0) revert();
        Address.verifyCallResult(false, reason);
    }

    // Claims

    function _claimOne(
        function(uint256) internal returns (Popped memory) claimNext
    ) private {
        Popped memory popped = claimNext(MAX_SKIP);
        // A long stale prefix is worked off even if nothing is claimed: a revert would undo it.
        if (popped.jobId == 0 && popped.isDrained) revert NoJob();
    }

    function _claimMany(
        function(uint256) internal returns (Popped memory) claimNext,
        uint256 max
    ) private returns (uint256 claimed) {
        uint256 most = max < MAX_CLAIMS ? max : MAX_CLAIMS;
        uint256 skipsLeft = MAX_SKIP;
        uint256 place = ScratchMemory.mark();
        while (claimed < most) {
            Popped memory popped = claimNext(skipsLeft);
            if (popped.jobId == 0) break;
            skipsLeft -= popped.skipped;
            ++claimed;
            ScratchMemory.releaseSince(place);
        }
    }

    function _claimJob(uint256 maxSkips) private returns (Popped memory popped) {
        address customer;
        uint64 paidMinutes;
        JobDefinition memory definition;
        address labelBlob;
        (popped, customer, paidMinutes, definition, labelBlob) = _jobs.claim(msg.sender, maxSkips);
        if (popped.jobId != 0) {
            Definitions.addLabels(definition, labelBlob);
            emit ClaimJobEvent(customer, msg.sender, popped.jobId, paidMinutes, definition);
        }
    }

    function _claimCancelling(uint256 maxSkips) private returns (Popped memory popped) {
        address customer;
        (popped, customer) = _jobs.claimCancelling(msg.sender, maxSkips);
        if (popped.jobId != 0) {
            emit ClaimNextCancellingJobEvent(customer, msg.sender, popped.jobId);
        }
    }

    function _claimTopUp(uint256 maxSkips) private returns (Popped memory popped) {
        uint64 additionalMinutes;
        (popped, additionalMinutes) = _jobs.claimMinutes(msg.sender, maxSkips);
        if (popped.jobId != 0) {
            emit ClaimNextTopUpJobEvent(popped.jobId, msg.sender, additionalMinutes);
        }
    }

    // Money

    /// @dev Announce an ending, and pay what it owes.
    function _end(bytes32 jobId, Ending memory ending) private {
        // Effects
        if (ending.isStopping) emit JobStopRequested(jobId, ending.provider);
        if (!ending.isSettled) return;
        _ledger.escrow -= uint120(ending.providerAmount + ending.fee + ending.refund);
        _ledger.fees += uint120(ending.fee);
        emit JobSettled(
            jobId,
            ending.provider,
            ending.customer,
            ending.providerAmount,
            ending.fee,
            ending.refund
        );

        // Interactions
        _pay(ending.provider, ending.providerAmount);
        _pay(ending.customer, ending.refund);
    }

    function _topUp(bytes32 jobId, address provider, address payer, uint256 amount) private {
        // Effects
        _jobs.topUp(jobId, amount);
        emit JobToppedUp(jobId, provider, payer, amount);

        // Interactions
        _lock(payer, amount);
    }

    function _lock(address payer, uint256 amount) private {
        _ledger.escrow += uint120(amount);
        _credit.safeTransferFrom(payer, address(this), amount);
    }

    function _pay(address receiver, uint256 amount) private {
        if (amount != 0) _credit.safeTransfer(receiver, amount);
    }
}
