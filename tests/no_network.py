"""Run where there is no network but a wire that counts what is sent on it; tells what was, as JSON.

Started by a test in a network namespace of its own: ``unshare -rn python -m tests.no_network DIR``.
"""

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.conftest import start

ETH_P_IP = 0x0800
SET_UP = """
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip link set lo up
ip link add away type veth peer name far
ip link set far up
ip link set away up
ip addr add 10.9.9.1/24 dev away
ip neigh add 10.9.9.2 lladdr 02:00:00:00:00:01 dev away
ip route add default via 10.9.9.2
"""


def wire() -> socket.socket:
    """Where every packet arrives that would leave the machine."""
    found = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    found.bind(("far", 0))
    found.setblocking(False)
    return found


def arrived(end: socket.socket) -> list[str]:
    """To which addresses, and with what in them, packets were sent since last asked."""
    found = []
    while True:
        try:
            packet = end.recv(2000)
        except BlockingIOError:
            return found
        to = socket.inet_ntoa(packet[16:20])
        found.append(f"{to} {bytes(b for b in packet[28:] if 32 <= b < 127).decode()}")


def main() -> None:
    for line in SET_UP.strip().splitlines():
        subprocess.run(line.split(), check=True)
    end = wire()
    program = start(Path(sys.argv[1]) / "data", "up")
    try:
        program.wait_for(program.answers, 60, "the board")
        program.wait_for(lambda: program.health()["Prefect"] == "up", 240, "Prefect")
        prepared = program.cli("som", "prepare", "SOM14", "--host", "VN", "--on", "2030-03-12")
        board = httpx.get(program.url, timeout=20).status_code
    finally:
        program.stop()
    during = arrived(end)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as proof:
        proof.sendto(b"would be seen", ("192.0.2.1", 9))
    print(
        json.dumps(
            {
                "board": board,
                "asked": prepared.stdout + prepared.stderr,
                "sent": during,
                "proof": arrived(end),
            }
        )
    )


if __name__ == "__main__":
    main()
