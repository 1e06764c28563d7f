// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IJobErrors} from "../interfaces/IJobErrors.sol";
import {Affinity, JobDefinition, Label} from "../types/JobTypes.sol";
import {CodeBlob} from "./CodeBlob.sol";
import {Labels} from "./Labels.sol";

/// @notice What a job definition must be (protocol.md 2.6 and 3.2).
library Definitions {
    uint256 private constant MAX_REFERENCE_BYTES = 128;
    uint256 private constant MAX_LABELS = 16;
    uint256 private constant MAX_LABEL_BYTES = 2048;

    /// @notice Revert unless nothing is missing or malformed, and then unless all bounds are kept.
    function check(JobDefinition calldata definition) internal pure {
        _checkForm(definition);
        _checkBounds(definition);
    }

    /// @notice Add the labels that are kept in a blob; none are if its address is 0.
    function addLabels(JobDefinition memory definition, address blob) internal view {
        if (blob == address(0)) return;
        Labels.Reader memory reader = Labels.Reader(blob.code, CodeBlob.START);
        definition.uses = Labels.readLabels(reader);
        definition.affinity = Labels.readAffinities(reader);
    }

    function _checkForm(JobDefinition calldata definition) private pure {
        bool isComplete = definition.ntasks != 0 &&
            definition.cpusPerTask != 0 &&
            definition.memPerCpu != 0 &&
            bytes(definition.batchLocationHash).length != 0;
        for (uint256 i = 0; isComplete && i < definition.uses.length; ++i) {
            isComplete = _hasKey(definition.uses[i]);
        }
        for (uint256 i = 0; isComplete && i < definition.affinity.length; ++i) {
            Affinity calldata affinity = definition.affinity[i];
            isComplete = _hasKey(affinity.label) && _isOperator(affinity.op);
        }
        if (!isComplete) revert IJobErrors.InvalidJobDefinition();
    }

    function _checkBounds(JobDefinition calldata definition) private pure {
        _checkLimit(bytes(definition.batchLocationHash).length, MAX_REFERENCE_BYTES);
        _checkLimit(definition.uses.length, MAX_LABELS);
        _checkLimit(definition.affinity.length, MAX_LABELS);
        uint256 total = 0;
        for (uint256 i = 0; i < definition.uses.length; ++i) {
            total += _checkedSize(definition.uses[i]);
        }
        for (uint256 i = 0; i < definition.affinity.length; ++i) {
            total += _checkedSize(definition.affinity[i].label);
        }
        _checkLimit(total, MAX_LABEL_BYTES);
    }

    function _checkedSize(Label calldata label) private pure returns (uint256) {
        uint256 keyBytes = bytes(label.key).length;
        uint256 valueBytes = bytes(label.value).length;
        _checkLimit(keyBytes, Labels.MAX_KEY_BYTES);
        _checkLimit(valueBytes, Labels.MAX_VALUE_BYTES);
        return keyBytes + valueBytes;
    }

    function _checkLimit(uint256 actual, uint256 limit) private pure {
        if (actual > limit) revert IJobErrors.JobDefinitionTooLarge(actual, limit);
    }

    function _hasKey(Label calldata label) private pure returns (bool) {
        return bytes(label.key).length != 0;
    }

    function _isOperator(bytes2 op) private pure returns (bool) {
        return
            op == "==" || op == "!=" || op == "<" || op == "<=" || op == ">" || op == ">=" || op == "in";
    }
}
