"""The branches that all setters of Constants have in common."""

from dataclasses import asdict, dataclass

from tests.contracts.branches.facts import logged
from tests.contracts.conformance.stage import Stage
from tests.contracts.invariants.revm import read
from tests.contracts.invariants.world import CUSTOMERS, DEPLOYER, OPERATOR, SCHEDULER, STRANGER

from deepsquare.chain._generated import errors as er
from deepsquare.chain._generated.enums import JobStatus as S
from deepsquare.chain.call import Call
from deepsquare.chain.errors import Reverted


@dataclass(frozen=True)
class Constant:
    """A tunable value: its getter, its names in `ConstantValues` and `JobTerms`, its bounds."""

    getter: str
    field: str
    least: int
    greatest: int
    bits: int = 256
    term: str = ""

    def check_stranger(self, stage: Stage) -> None:
        for caller in (STRANGER, SCHEDULER, OPERATOR, CUSTOMERS[0]):
            for value in (self.least, self.greatest, self.greatest + 1):
                error = er.OwnableUnauthorizedAccount(caller)
                stage.refused(caller, self._set(stage, value), error)

    def check_too_small(self, stage: Stage) -> None:
        assert self.least > 0, "there is nothing below"
        self._check_out_of_range(stage, self.least - 1)

    def check_too_big(self, stage: Stage) -> None:
        self._check_out_of_range(stage, self.greatest + 1)
        self._check_out_of_range(stage, 2**self.bits - 1)
        cut_to_the_least = (2**width + self.least for width in (8, 16, 96))
        for value in cut_to_the_least:
            if self.greatest < value < 2**self.bits:
                self._check_out_of_range(stage, value)

    def check_too_wide(self, stage: Stage) -> None:
        call = self._set(stage, self.greatest)
        wider = Call(call.to, call.data[:4] + (2**self.bits + 20).to_bytes(32, "big"), "")
        stage.refused(DEPLOYER, wider, Reverted("the contract refused with no reason"))

    def check_bounds(self, stage: Stage) -> None:
        for value in (self.least, self.greatest):
            before = self._values(stage)
            stage.must(DEPLOYER, self._set(stage, value))
            assert self._values(stage) == before | {self.field: value}

    def check_announced(self, stage: Stage) -> None:
        default = self._values(stage)[self.field]
        for previous, value in ((default, self.greatest), (self.greatest, self.greatest - 1)):
            outcome = stage.must(DEPLOYER, self._set(stage, value))
            told = logged(outcome, stage.world.constants)
            assert told == [("ConstantChanged", self.getter, previous, value)]

    def check_earlier_assignment(self, stage: Stage) -> None:
        job_id = stage.a_job_in(S.META_SCHEDULED)
        before = stage.terms(job_id)
        stage.must(DEPLOYER, self._set(stage, self.greatest))
        assert stage.terms(job_id) == before

    def check_later_assignment(self, stage: Stage) -> None:
        earlier = asdict(stage.terms(stage.a_job_in(S.META_SCHEDULED)))
        stage.must(DEPLOYER, self._set(stage, self.greatest))
        later = asdict(stage.terms(stage.a_job_in(S.META_SCHEDULED)))
        assert later[self.term] == self.greatest
        follow_time = {self.term, "deadline"}
        assert {name for name in later if later[name] != earlier[name]} - follow_time == set()

    def _check_out_of_range(self, stage: Stage, value: int) -> None:
        before = self._values(stage)
        error = er.ConstantOutOfRange(value, self.least, self.greatest)
        stage.refused(DEPLOYER, self._set(stage, value), error)
        assert self._values(stage) == before

    def _set(self, stage: Stage, value: int) -> Call:
        return stage.world.constants.set_value(self.getter, value)

    def _values(self, stage: Stage) -> dict[str, int]:
        return asdict(read(stage.world.constants.values()))
