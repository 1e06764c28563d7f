// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {FixedDelayAdmin} from "./access/FixedDelayAdmin.sol";
import {IJobRepository} from "./interfaces/IJobRepository.sol";
import {IProviderManager} from "./interfaces/IProviderManager.sol";
import {CodeBlob} from "./libraries/CodeBlob.sol";
import {Labels} from "./libraries/Labels.sol";
import {Offers} from "./libraries/Offers.sol";
import {Pages} from "./libraries/Pages.sol";
import {Label} from "./types/JobTypes.sol";
import {Offer, Registration} from "./types/Offer.sol";
import {Provider, ProviderHardware, ProviderPrices} from "./types/ProviderTypes.sol";

/// @title Registration, approval and ban of providers.
/// @notice The interface documents the functions. Registrations are kept as code blobs, so that an
///         approval moves two addresses, however large the cluster is.
contract ProviderManager is IProviderManager, FixedDelayAdmin {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// @dev What a quote reads is one word.
    struct Membership {
        address offer; // the approved one; 0 if not joined
        bool isBanned;
        address labels;
        Registration proposal;
        bytes32 proposalHash;
    }

    bytes32 public constant PROVIDER_OPERATOR_ROLE = keccak256("PROVIDER_OPERATOR_ROLE");

    uint256 private constant MAX_LABELS = 64;
    uint256 private constant MAX_LABEL_BYTES = 8192;

    address public jobCountSource;
    mapping(address provider => Membership) private _members;
    EnumerableSet.AddressSet private _joined;
    EnumerableSet.AddressSet private _waiting;

    // Providers

    function register(
        ProviderHardware calldata _hardware,
        ProviderPrices calldata _prices,
        Label[] calldata _labels
    ) external {
        // Checks
        Membership storage member = _members[msg.sender];
        if (member.isBanned) revert Banned();
        Offer memory offer = Offers.pack(_hardware, _prices);
        _checkLabels(_labels);

        // Effects
        Registration memory proposal = Registration({
            offer: CodeBlob.store(abi.encode(offer)),
            labels: CodeBlob.store(Labels.pack(_labels))
        });
        if (proposal.offer == member.offer && proposal.labels == member.labels) {
            _dropProposal(msg.sender);
        } else {
            member.proposal = proposal;
            member.proposalHash = keccak256(abi.encode(_hardware, _prices, _labels));
            _waiting.add(msg.sender);
            emit ProviderWaitingForApproval(msg.sender);
        }
    }

    // Operator

    function approve(address _providerAddr) external onlyRole(PROVIDER_OPERATOR_ROLE) {
        _checkApprovable(_providerAddr);
        _approve(_providerAddr);
    }

    function approveProposal(
        address _providerAddr,
        bytes32 _proposalHash
    ) external onlyRole(PROVIDER_OPERATOR_ROLE) {
        _checkApprovable(_providerAddr);
        bytes32 actual = _members[_providerAddr].proposalHash;
        if (actual != _proposalHash) revert ProposalChanged(_proposalHash, actual);
        _approve(_providerAddr);
    }

    function remove(address _providerAddr) external onlyRole(PROVIDER_OPERATOR_ROLE) {
        // Checks
        if (!_joined.contains(_providerAddr) && !_waiting.contains(_providerAddr)) {
            revert NoProvider();
        }

        // Effects
        _members[_providerAddr].offer = address(0);
        _members[_providerAddr].labels = address(0);
        _joined.remove(_providerAddr);
        _dropProposal(_providerAddr);
        emit ProviderRemoved(_providerAddr);
    }

    function ban(address _providerAddr) external onlyRole(PROVIDER_OPERATOR_ROLE) {
        _setBan(_providerAddr, true);
    }

    function unban(address _providerAddr) external onlyRole(PROVIDER_OPERATOR_ROLE) {
        _setBan(_providerAddr, false);
    }

    function setJobCountSource(address _jobRepository) external onlyRole(DEFAULT_ADMIN_ROLE) {
        jobCountSource = _jobRepository;
    }

    // Views

    function getProvider(address _providerAddr) external view returns (Provider memory) {
        Membership storage member = _members[_providerAddr];
        return _provider(_providerAddr, member.offer, member.labels);
    }

    function getWaitingForApprovalProvider(
        address _providerAddr
    ) external view returns (Provider memory) {
        Registration memory proposal = _members[_providerAddr].proposal;
        return _provider(_providerAddr, proposal.offer, proposal.labels);
    }

    function getProviderHardware(
        address _providerAddr
    ) external view returns (ProviderHardware memory) {
        return Offers.unpackHardware(_load(_members[_providerAddr].offer));
    }

    function getProviderPrices(
        address _providerAddr
    ) external view returns (ProviderPrices memory) {
        return Offers.unpackPrices(_load(_members[_providerAddr].offer));
    }

    function getLabels(address _providerAddr) external view returns (Label[] memory) {
        return _loadLabels(_members[_providerAddr].labels);
    }

    function isWaitingForApproval(address _providerAddr) external view returns (bool) {
        return _waiting.contains(_providerAddr);
    }

    function isValidForScheduling(address _providerAddr) external view returns (bool) {
        return _isValid(_members[_providerAddr]);
    }

    function isBanned(address _providerAddr) external view returns (bool) {
        return _members[_providerAddr].isBanned;
    }

    function proposalHash(address _providerAddr) external view returns (bytes32) {
        return _members[_providerAddr].proposalHash;
    }

    function getJobCount(address _providerAddr) external view returns (uint64) {
        if (jobCountSource == address(0)) return 0;
        return IJobRepository(jobCountSource).startedJobs(_providerAddr);
    }

    function quote(
        address _providerAddr,
        uint64 _gpus,
        uint64 _memPerCpu,
        uint64 _cpusPerTask,
        uint64 _ntasks
    ) external view returns (uint256 costPerMinute) {
        Membership storage member = _members[_providerAddr];
        if (!_isValid(member)) revert ProviderNotJoined();
        Offer memory offer = _load(member.offer);
        Offers.Need memory need = Offers.Need({
            gpus: _gpus,
            memPerCpu: _memPerCpu,
            cpusPerTask: _cpusPerTask,
            ntasks: _ntasks
        });
        Offers.checkFit(offer, need);
        return Offers.costPerMinute(offer, need);
    }

    function getJoinedProviders(
        uint256 _cursor,
        uint256 _limit
    ) external view returns (address[] memory providers, uint256 nextCursor) {
        return _page(_joined, _cursor, _limit);
    }

    function getWaitingProviders(
        uint256 _cursor,
        uint256 _limit
    ) external view returns (address[] memory providers, uint256 nextCursor) {
        return _page(_waiting, _cursor, _limit);
    }

    function joinedCount() external view returns (uint256) {
        return _joined.length();
    }

    function waitingCount() external view returns (uint256) {
        return _waiting.length();
    }

    function _approve(address provider) private {
        Membership storage member = _members[provider];
        member.offer = member.proposal.offer;
        member.labels = member.proposal.labels;
        _joined.add(provider);
        _dropProposal(provider);
        emit ProviderApproved(provider);
    }

    function _dropProposal(address provider) private {
        delete _members[provider].proposal;
        delete _members[provider].proposalHash;
        _waiting.remove(provider);
    }

    function _setBan(address provider, bool isOn) private {
        if (_members[provider].isBanned == isOn) revert AlreadyDone();
        _members[provider].isBanned = isOn;
        emit ProviderBanChanged(provider, isOn);
    }

    function _checkApprovable(address provider) private view {
        if (!_waiting.contains(provider)) revert WaitingApprovalOnly();
        if (_members[provider].isBanned) revert Banned();
    }

    function _checkLabels(Label[] calldata labels) private pure {
        _checkLimit(labels.length, MAX_LABELS);
        uint256 total = 0;
        for (uint256 i = 0; i < labels.length; ++i) {
            uint256 keyBytes = bytes(labels[i].key).length;
            uint256 valueBytes = bytes(labels[i].value).length;
            if (keyBytes == 0) revert LabelsTooLarge(0, Labels.MAX_KEY_BYTES);
            _checkLimit(keyBytes, Labels.MAX_KEY_BYTES);
            _checkLimit(valueBytes, Labels.MAX_VALUE_BYTES);
            total += keyBytes + valueBytes;
        }
        _checkLimit(total, MAX_LABEL_BYTES);
    }

    function _checkLimit(uint256 actual, uint256 limit) private pure {
        if (actual > limit) revert LabelsTooLarge(actual, limit);
    }

    function _isValid(Membership storage member) private view returns (bool) {
        return member.offer != address(0) && !member.isBanned;
    }

    function _provider(
        address provider,
        address offer,
        address labels
    ) private view returns (Provider memory found) {
        if (offer == address(0)) return found;
        Offer memory loaded = _load(offer);
        found.addr = provider;
        found.providerHardware = Offers.unpackHardware(loaded);
        found.providerPrices = Offers.unpackPrices(loaded);
        found.labels = _loadLabels(labels);
        found.isBanned = _members[provider].isBanned;
    }

    /// @dev The offer kept there; an empty one for address 0.
    function _load(address offer) private view returns (Offer memory empty) {
        if (offer == address(0)) return empty;
        return abi.decode(CodeBlob.load(offer), (Offer));
    }

    function _loadLabels(address labels) private view returns (Label[] memory empty) {
        if (labels == address(0)) return empty;
        return Labels.readLabels(Labels.Reader(CodeBlob.load(labels), 0));
    }

    function _page(
        EnumerableSet.AddressSet storage set,
        uint256 cursor,
        uint256 limit
    ) private view returns (address[] memory providers, uint256 nextCursor) {
        uint256 length = Pages.length(set.length(), cursor, limit);
        nextCursor = cursor + length;
        providers = set.values(cursor, nextCursor);
    }
}
