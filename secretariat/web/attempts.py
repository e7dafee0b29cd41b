"""Who comes too often? Counts by address, of a bounded number of addresses."""

from ipaddress import ip_address, ip_network
from threading import Lock

from cachetools import TTLCache


class Attempts:
    """Lets an address go wrong ``most`` times; from then on only after ``seconds`` of rest."""

    def __init__(self, most: int = 20, seconds: int = 60, addresses: int = 4096) -> None:
        self._most = most
        self._counts: TTLCache[str, int] = TTLCache(addresses, seconds)
        self._lock = Lock()

    def too_many(self, address: str) -> bool:
        """Count one more from an address."""
        origin = _origin(address)
        with self._lock:
            count = self._counts[origin] = self._counts.get(origin, 0) + 1
        return count > self._most


def _origin(address: str) -> str:
    """An IPv6 network of 64 bits is one household: it has addresses without end."""
    try:
        is_v6 = ip_address(address).version == 6
    except ValueError:
        return address
    return str(ip_network(f"{address}/64", strict=False)) if is_v6 else address
