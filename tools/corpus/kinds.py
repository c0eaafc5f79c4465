"""What a kind of bad input is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["error", "quarantine", "accepted"]


@dataclass(frozen=True)
class Kind:
    """One kind of bad input and what is expected of it.

    Attributes:
        name: what is wrong, in a few words.
        outcome: an error stops before any work, a quarantined clip is left out with a reason, accepted input is used.
        says: pattern of the error or reason; of accepted input, what becomes of it.
        make: makes it; what it is given and returns is the area's own affair.
        extractors: of a quarantined clip, those that refuse it; blank for the scan.
    """

    name: str
    outcome: Outcome
    says: str
    make: Callable[..., Any]
    extractors: tuple[str, ...] = ()
