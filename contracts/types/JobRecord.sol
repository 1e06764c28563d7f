// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {JobStatus, StorageType} from "./JobTypes.sol";

// A job as it is stored: seven words, one struct a word. Members of a word that are written one after
// the other are one write.

/// @notice Word A: what every transition touches.
struct JobHead {
    address customer;
    JobStatus status;
    StorageType storageType;
    uint8 flags; // see JobFlags
    uint40 since; // time of the last transition; the start of a running job, the end of a cold one
    uint32 blockNumber; // of the last transition
}

/// @notice Word B: the resources asked for.
struct JobDemand {
    uint64 gpus;
    uint64 memPerCpu;
    uint64 cpusPerTask;
    uint64 ntasks;
}

/// @notice Word E: the customer's money and the place in the active set.
struct JobFunds {
    uint96 maxCost;
    uint96 pendingTopUp;
    uint32 submit; // seconds; holds until the year 2106
    uint32 activePosition; // in the active set of the provider, or of nobody while pending
}

/// @notice Word F: who does it, and at what price. Zero for a job without a provider.
struct JobLease {
    address provider;
    uint96 costPerMinute;
}

/// @notice Word G: the terms while the job is assigned, the outcome once it is cold. Zero for a job
///         that has no provider.
struct JobProgress {
    uint96 termsOrFinalCost; // Terms while hot, finalCost when cold
    uint40 checkpointOrStart; // last checkpoint while hot; start when cold, 0 if it never ran
    uint40 cancelRequestTimestamp; // of a cancel while running
    int64 exitCode;
}

/// @notice A job. The labels, when there are any, are in a code blob.
struct JobRecord {
    JobHead head; // slot A
    JobDemand demand; // slot B
    string batchLocationHash; // slot C, up to 31 bytes are one word
    bytes32 name; // slot D
    JobFunds funds; // slot E
    JobLease lease; // slot F
    JobProgress progress; // slot G
}

/// @notice One word per provider: its queues, its active set, its count. The word of address 0 holds
///         the set of pending jobs.
struct ProviderBook {
    uint32 activeEnd; // position behind the last active job; positions start at 1, 0 means never used
    uint32 startedJobs;
    uint32 claimableHead;
    uint32 claimableTail;
    uint32 cancellingHead;
    uint32 cancellingTail;
    uint32 topUpHead;
    uint32 topUpTail;
}

/// @notice The queues of a provider.
enum QueueKind {
    CLAIMABLE,
    CANCELLING,
    TOP_UP
}

/// @notice What a look at the head of a queue gave.
struct Popped {
    bytes32 jobId; // 0 if nothing was claimed
    uint256 skipped; // stale entries dropped on the way
    bool isDrained; // whether the queue is empty now
}

/// @notice How a cancel, report, panic or expiry left the job: what to pay and what to announce.
struct Ending {
    address customer;
    address provider; // 0 if none
    uint256 providerAmount;
    uint256 fee;
    uint256 refund;
    bool isSettled; // false for a cancel request that waits for the provider's report
    bool isStopping; // whether the job entered the provider's cancelling queue
    bool isOverbilled; // whether the reported duration was refused
}
