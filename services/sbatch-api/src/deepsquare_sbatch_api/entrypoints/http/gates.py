"""Who may use a route, and how often. Every route has exactly one gate; a test walks the routes."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from fastapi import Request

from deepsquare.identifiers import Address
from deepsquare_sbatch_api.domain.errors import NotAllowed, NotFound, NotSignedIn, TooMany
from deepsquare_sbatch_api.entrypoints.http.services import services_of
from deepsquare_sbatch_api.ports.sessions import Session


class Who(Enum):
    """Whom a gate lets through."""

    ANYONE = "anyone"
    SUBMITTER = "a signed-in account; anybody, if the operator allows it"
    SIGNED_IN = "a signed-in account"
    OPERATOR = "the operator's network"


class Quota(Enum):
    """The limits on requests, by kind of request."""

    SIGN_IN = "sign-ins"
    SUBMIT = "submits"
    APPEND = "appends"
    OTHER = "requests"


@dataclass(frozen=True)
class Caller:
    """Who asks: an account when signed in, and the name that requests are counted under."""

    account: Address | None
    name: str

    @property
    def signed_in(self) -> Address:
        """The account; only behind a gate for signed-in accounts."""
        if self.account is None:
            raise NotSignedIn("sign in first: see /v1/auth/nonce and /v1/auth/login")
        return self.account


@dataclass(frozen=True)
class Gate:
    """A dependency of a route that lets a caller through or raises."""

    who: Who
    quota: Quota = Quota.OTHER
    scope: str | None = None

    async def __call__(self, request: Request) -> Caller:
        """Return the caller; raises `NotSignedIn`, `NotAllowed`, `TooMany` or `NotFound`."""
        if self.who is Who.OPERATOR:
            return _operator(request)
        session = self._session(request)
        caller = Caller(session.address if session else None, _name(session, request))
        await self._count(request, caller)
        return caller

    def _session(self, request: Request) -> Session | None:
        session = self._read(request)
        if session is None:
            if self.who is Who.SIGNED_IN or (self.who is Who.SUBMITTER and not _open(request)):
                raise NotSignedIn("sign in first: see /v1/auth/nonce and /v1/auth/login")
        elif self.scope and self.scope not in session.scope:
            raise NotAllowed(f'this session does not cover "{self.scope}": sign in for it')
        return session

    def _read(self, request: Request) -> Session | None:
        """Read the token; where anyone may come, a stale one does no harm, as when signing in."""
        try:
            return _read_session(request)
        except NotSignedIn:
            if self.who is Who.ANYONE:
                return None
            raise

    async def _count(self, request: Request, caller: Caller) -> None:
        services = services_of(request)
        allowance = services.allowance_by_quota[self.quota.value]
        key = f"{self.quota.value}:{caller.name}"
        wait = await services.limiter.take(key, allowance)
        if wait:
            raise TooMany(wait)


ANYONE = Gate(Who.ANYONE)
SIGNING_IN = Gate(Who.ANYONE, Quota.SIGN_IN)
SUBMITTER = Gate(Who.SUBMITTER, Quota.SUBMIT, "workflows")
RENDERER = Gate(Who.SIGNED_IN, Quota.SUBMIT, "workflows")
VALIDATOR = Gate(Who.ANYONE, Quota.SUBMIT)
SCRIPT_READER = Gate(Who.SIGNED_IN, Quota.OTHER, "scripts")
LOG_READER = Gate(Who.SIGNED_IN, Quota.OTHER, "logs")
LOG_WRITER = Gate(Who.SIGNED_IN, Quota.APPEND, "logs")
OPERATOR = Gate(Who.OPERATOR)


def _read_session(request: Request) -> Session | None:
    """Return the session of the bearer token, None without one; raises `NotSignedIn`."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if not kind:
        return None
    services = services_of(request)
    session = services.tokens.read(token.strip(), now=services.clock.now())
    if kind.lower() != "bearer" or session is None:
        raise NotSignedIn("the session token is invalid or has expired: sign in again")
    return session


def _open(request: Request) -> bool:
    return services_of(request).allow_anonymous


def _operator(request: Request) -> Caller:
    address = _address(request)
    networks = services_of(request).operator_networks
    if address is None or not any(address in network for network in networks):
        raise NotFound("page")
    return Caller(None, str(address))


def _name(session: Session | None, request: Request) -> str:
    """Count by account, else by address; an IPv6 host has its whole /64."""
    if session:
        return session.address
    address = _address(request)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return str(address)


def _address(request: Request) -> IPv4Address | IPv6Address | None:
    """Return the client's address, None when a proxy names something else; IPv4 in IPv6 is IPv4."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
