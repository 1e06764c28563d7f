"""What the supervisor knows of its own state; `/readyz` and the metrics show it as it is."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Health:
    """The newest look at every part; "" means that it worked."""

    chain_error: str = "not read yet"
    batch_system_error: str = "not asked yet"
    accounting_error: str = "not asked yet"
    journal_error: str = ""
    funds_error: str = ""
    last_tick_at: int = 0
    block: int = 0
    is_joined: bool = False
    alarms: dict[str, int] = field(default_factory=dict)
    """How often each kind of trouble that needs a person was seen."""

    def alarm(self, kind: str) -> None:
        """Count one trouble that needs a person."""
        self.alarms[kind] = self.alarms.get(kind, 0) + 1

    def troubles(self) -> dict[str, str]:
        """Return what keeps the supervisor from its work, by part."""
        parts = {
            "chain": self.chain_error,
            "batch_system": self.batch_system_error,
            "accounting": self.accounting_error,
            "journal": self.journal_error,
            "funds": self.funds_error,
        }
        return {part: error for part, error in parts.items() if error}
