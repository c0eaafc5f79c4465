"""Messages of an extractor's process besides outcomes. Imports nothing, since both processes load it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ready:
    """The first message: the extractor is built, and these are its columns."""

    feature_names: tuple[str, ...]
    batch_size: int


@dataclass(frozen=True)
class WorkerFault:
    """An error that would meet every other clip too."""

    message: str
    is_user_error: bool
