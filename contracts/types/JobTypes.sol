// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice Where a job stands (protocol.md 2.3). The first four are hot, the others cold.
enum JobStatus {
    PENDING,
    META_SCHEDULED,
    SCHEDULED,
    RUNNING,
    CANCELLED,
    FINISHED,
    FAILED,
    OUT_OF_CREDITS,
    PANICKED
}

/// @notice Where a job keeps its files. Stored, never interpreted on chain.
enum StorageType {
    ANY,
    NONE,
    LOCAL,
    GLOBAL,
    EPHEMERAL
}

/// @notice A free-text property; also used to describe providers.
struct Label {
    string key;
    string value;
}

/// @notice A wish about the provider. `op` is two ASCII bytes: == != < <= > >= in.
struct Affinity {
    Label label;
    bytes2 op;
}

/// @notice What the customer wants to run. Immutable once requested.
struct JobDefinition {
    uint64 gpus;
    uint64 memPerCpu;
    uint64 cpusPerTask;
    uint64 ntasks;
    string batchLocationHash;
    StorageType storageType;
    Label[] uses;
    Affinity[] affinity;
}

/// @notice Money of a job, in credit-wei.
struct JobCost {
    uint256 maxCost;
    uint256 finalCost;
    uint256 pendingTopUp;
    bool delegateSpendingAuthority;
}

/// @notice Unix seconds, except `blockNumberStateChange`. 0 means "not yet".
struct JobTime {
    uint256 submit;
    uint256 start;
    uint256 end;
    uint256 cancelRequestTimestamp;
    uint256 blockNumberStateChange;
    uint256 panicTimestamp;
}

/// @notice A job as clients see it.
struct Job {
    bytes32 jobId;
    JobStatus status;
    address customerAddr;
    address providerAddr;
    JobDefinition definition;
    JobCost cost;
    JobTime time;
    bytes32 jobName;
    bool hasCancelRequest;
    string lastError;
    int64 exitCode;
}

/// @notice The terms frozen at assignment, with the last sign of work and the current deadline.
///         All members are 0 for pending and cold jobs.
struct JobTerms {
    uint256 costPerMinute;
    uint64 deepsquareCut;
    uint64 billDurationDeltaMinute;
    uint64 cancellationFeeMinute;
    uint64 topUpSliceDurationMin;
    uint64 claimJobTimeout;
    uint64 startJobTimeout;
    uint64 expireGraceMinute;
    uint64 lastCheckpoint;
    uint64 deadline;
}
