"""Optimisers and the learning rate over time."""

import math

import torch

from models._base import Phase
from pipeline.config.training import TrainingSettings


def make_optimizer(phase: Phase) -> torch.optim.AdamW:
    """AdamW over the groups of a phase; one fused kernel on devices that have it."""
    groups = [
        {
            "params": list(group.parameters),
            "lr": group.learning_rate,
            "base_lr": group.learning_rate,
            "weight_decay": group.weight_decay,
        }
        for group in phase.groups
    ]
    fused = all(p.device.type in ("cpu", "cuda") for group in phase.groups for p in group.parameters)
    return torch.optim.AdamW(groups, fused=fused)


def learning_rate_factor(settings: TrainingSettings, *, step: int, total_steps: int) -> float:
    """Factor of the learning rates at a step (counted from 0).

    Rises linearly during the warm-up, then stays at 1 or falls to 0 along a half cosine.
    """
    warmup_steps = round(settings.warmup * total_steps)
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    if settings.schedule == "constant":
        return 1.0
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def set_learning_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Scale the base learning rate of every group."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
