"""What a channel sends and receives through, whatever it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from talebridge._generated import LIMITS
from talebridge.deadline import Deadline
from talebridge.place import Kind

MAX_REPLY_BYTES: dict[Kind, int] = {
    "gate": LIMITS["portfolio_bytes"],
    # A reply holds more columns than its request.
    "batch": 4 * LIMITS["batch_bytes"],
}
SLICE_MS = 250
"""How long an answer is waited for before it is looked whether anybody is there to give it."""


class Link(Protocol):
    """One connection to a bridge. After an error it is of no more use."""

    def send(self, messages: Sequence[Sequence[Any]], deadline: Deadline) -> None:
        """Sends messages of one or more frames, in order.

        Raises SendFailed when the last of them surely did not reach the bridge.
        """

    def receive(self, deadline: Deadline) -> tuple[bytes, list[Any]]:
        """The next message: its first frame, and the further ones.

        Raises TimedOut at the deadline, Absent when nobody is there, Broken when somebody else is,
        ProtocolError for what is larger than any reply.
        """

    def close(self) -> None:
        """Ends it; what is on its way is lost."""
