"""The description of one kind of bad input."""

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
        says: pattern of the error or reason; for accepted input, the effect in words.
        make: creates the input; arguments and result differ between the modules of `tools.corpus`.
        extractors: for a quarantined clip, the extractors that refuse it; empty for the scan.
    """

    name: str
    outcome: Outcome
    says: str
    make: Callable[..., Any]
    extractors: tuple[str, ...] = ()
