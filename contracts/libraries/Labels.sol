// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Affinity, Label} from "../types/JobTypes.sol";

/// @notice Labels as a tight row of bytes: a count, then for each label the lengths of key and value
///         and their bytes; an affinity has its operator in front.
library Labels {
    uint256 internal constant MAX_KEY_BYTES = 64;
    uint256 internal constant MAX_VALUE_BYTES = 128;

    /// @notice A place in a row of bytes.
    struct Reader {
        bytes data;
        uint256 position;
    }

    function pack(Label[] calldata labels) internal pure returns (bytes memory packed) {
        packed = bytes.concat(bytes1(uint8(labels.length)));
        for (uint256 i = 0; i < labels.length; ++i) {
            packed = bytes.concat(packed, _pack(labels[i]));
        }
    }

    function pack(Affinity[] calldata affinities) internal pure returns (bytes memory packed) {
        packed = bytes.concat(bytes1(uint8(affinities.length)));
        for (uint256 i = 0; i < affinities.length; ++i) {
            packed = bytes.concat(packed, affinities[i].op, _pack(affinities[i].label));
        }
    }

    function readLabels(Reader memory reader) internal pure returns (Label[] memory labels) {
        labels = new Label[](_readByte(reader));
        for (uint256 i = 0; i < labels.length; ++i) {
            labels[i] = _readLabel(reader);
        }
    }

    function readAffinities(Reader memory reader) internal pure returns (Affinity[] memory found) {
        found = new Affinity[](_readByte(reader));
        for (uint256 i = 0; i < found.length; ++i) {
            bytes2 op = _readOperator(reader);
            found[i] = Affinity({label: _readLabel(reader), op: op});
        }
    }

    function _pack(Label calldata label) private pure returns (bytes memory) {
        bytes calldata key = bytes(label.key);
        bytes calldata value = bytes(label.value);
        return bytes.concat(bytes1(uint8(key.length)), bytes1(uint8(value.length)), key, value);
    }

    function _readLabel(Reader memory reader) private pure returns (Label memory) {
        bytes memory data = reader.data;
        uint256 start = reader.position + 2;
        uint256 keyEnd = start + uint8(data[start - 2]);
        uint256 valueEnd = keyEnd + uint8(data[start - 1]);
        reader.position = valueEnd;
        return
            Label({
                key: string(Bytes.slice(data, start, keyEnd)),
                value: string(Bytes.slice(data, keyEnd, valueEnd))
            });
    }

    function _readOperator(Reader memory reader) private pure returns (bytes2) {
        uint16 first = _readByte(reader);
        return bytes2((first << 8) | _readByte(reader));
    }

    function _readByte(Reader memory reader) private pure returns (uint8) {
        return uint8(reader.data[reader.position++]);
    }
}
