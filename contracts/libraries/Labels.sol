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
            bytes2 op = bytes2(_read(reader, 2));
            found[i] = Affinity({label: _readLabel(reader), op: op});
        }
    }

    function _pack(Label calldata label) private pure returns (bytes memory) {
        bytes calldata key = bytes(label.key);
        bytes calldata value = bytes(label.value);
        return bytes.concat(bytes1(uint8(key.length)), bytes1(uint8(value.length)), key, value);
    }

    function _readLabel(Reader memory reader) private pure returns (Label memory) {
        uint256 keyLength = _readByte(reader);
        uint256 valueLength = _readByte(reader);
        string memory key = string(_read(reader, keyLength));
        return Label({key: key, value: string(_read(reader, valueLength))});
    }

    function _readByte(Reader memory reader) private pure returns (uint256) {
        return uint8(reader.data[reader.position++]);
    }

    function _read(Reader memory reader, uint256 length) private pure returns (bytes memory) {
        uint256 from = reader.position;
        reader.position = from + length;
        return Bytes.slice(reader.data, from, from + length);
    }
}
