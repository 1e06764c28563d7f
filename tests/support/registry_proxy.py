"""A CONNECT proxy on loopback, the only way from the tests' names of registries to their ports.

Clients that honour HTTPS_PROXY (Apptainer, Enroot's curl) reach ``<name>:443`` through it: image
names have no port, and no name service of the machine has to be changed.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path


class ConnectProxy:
    """Tunnels ``CONNECT name:443`` to a port of loopback and notes each call.

    At each call it looks at the arguments of all processes, for words that must not be there.
    """

    def __init__(self, port_by_name: Mapping[str, int]) -> None:
        self._ports = dict(port_by_name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.calls: list[str] = []
        self.arguments: list[str] = []
        self._is_open = threading.Event()
        self._is_open.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "ConnectProxy":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def forget(self) -> None:
        """Forget calls and arguments seen."""
        self.calls.clear()
        self.arguments.clear()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Answer no call until the end of the block."""
        self._is_open.clear()
        try:
            yield
        finally:
            self._is_open.set()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            name = _requested_name(client)
            self.calls.append(name)
            self.arguments += _all_arguments()
            self._is_open.wait()
            if name not in self._ports:
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._ports[name])) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _requested_name(client: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and (part := client.recv(4096)):
        head += part
    return head.split()[1].decode().rpartition(":")[0]


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _all_arguments() -> Iterator[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield file.read_text(errors="surrogateescape")
