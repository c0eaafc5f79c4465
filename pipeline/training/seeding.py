"""Random numbers that depend on the seed and the epoch only: a resumed run equals an uninterrupted one."""

import random

import numpy as np
import torch


def derived_seed(*parts: int) -> int:
    """A well-mixed 32-bit seed from several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def seed_all(*parts: int) -> None:
    """Seed Python, NumPy and torch (all devices) from several numbers."""
    seed = derived_seed(*parts)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
