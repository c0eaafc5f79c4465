"""What an extractor's process says besides outcomes. Imports nothing, for both sides of the pipe."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ready:
    """The worker's first message: it can start, and these are its columns."""

    feature_names: tuple[str, ...]
    batch_size: int


@dataclass(frozen=True)
class Fault:
    """Something is wrong that no other clip would survive either."""

    message: str
    is_user_error: bool
