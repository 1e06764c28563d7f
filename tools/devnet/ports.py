"""TCP ports of the loopback interface that nobody listens on."""

import socket
from contextlib import ExitStack


def free_port() -> int:
    """Let the operating system choose a port; free until somebody takes it."""
    [port] = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Let the operating system choose distinct ports; free until somebody takes them."""
    with ExitStack() as held:
        return [_bind_any(held) for _ in range(count)]


def _bind_any(held: ExitStack) -> int:
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    listener.bind(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    return port
