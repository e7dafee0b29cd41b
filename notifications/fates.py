"""What can become of an incoming message? One word for each, counted."""

from enum import StrEnum


class Fate(StrEnum):
    """The words ``mail read`` prints and the store keeps."""

    SUSPENDED = "did not arrive, its address is suspended"
    BOUNCED = "did not arrive"
    COUNTED = "delayed or unclear, only counted"
    REPEATED = "said before"
    FILED = "a reply, filed"
    AUTOMATIC = "an automatic answer, filed"
    MUTED = "too many from one address, not filed"
    FORGED = "ignored: not signed by us"
    UNSIGNED = "ignored: no signed address"
    LATE = "ignored: too long after its mail"
    UNKNOWN = "ignored: about no mail of ours"
    TOO_LARGE = "ignored: too large"
    TOO_DEEP = "ignored: nested too deeply"
    UNREADABLE = "set aside: cannot be handled"
