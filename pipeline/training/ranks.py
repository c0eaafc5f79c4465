"""Data-parallel training: each rank takes its part of every batch, and gradients are summed.

A rank's loss is weighted by its share of the batch, so the sum is the gradient of the whole batch for every loss that
is a mean over clips. Terms that compare the clips of a batch see those of their own rank only.

Fabric starts the processes and communicates. Its DDP (`Fabric.setup`) is not used: it pairs the wrong steps and then
hangs when a rank has no clips in a batch, averages ranks of unequal size equally, and refuses parameters that a loss
uses outside `forward`. tests/training/test_options.py trains on such batches.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import numpy as np
import torch
from jaxtyping import Int64
from lightning_fabric import Fabric
from torch import nn
from torch.multiprocessing.spawn import ProcessRaisedException

from pipeline.core.errors import PipelineError

Value = TypeVar("Value")


def launch(fabric: Fabric, function: Callable[..., None], *arguments: Any) -> None:
    """Call ``function(fabric, *arguments)``, in one process per device if there are several.

    Raises:
        PipelineError: a process failed; with the last line of its traceback.
    """
    if fabric.world_size == 1:
        function(fabric, *arguments)
        return
    try:
        fabric.launch(partial(_with_log, function=function, arguments=arguments))
    except ProcessRaisedException as error:
        raise PipelineError(str(error).strip().splitlines()[-1]) from error


def _with_log(fabric: Fabric, *, function: Callable[..., None], arguments: Sequence[Any]) -> None:
    # A spawned process does not inherit the logging of the command line.
    logging.basicConfig(level=logging.INFO if fabric.is_global_zero else logging.ERROR, format="%(message)s")
    function(fabric, *arguments)


def own_part(fabric: Fabric, clips: Int64[np.ndarray, "batch"]) -> Int64[np.ndarray, "part"]:
    """The clips of a batch that this rank takes; the parts of all ranks are disjoint and make up the batch."""
    return clips[fabric.global_rank :: fabric.world_size]


def sum_gradients(fabric: Fabric, parameters: Sequence[nn.Parameter]) -> None:
    """Replace the gradients by their sums over the ranks, in one exchange for all parameters."""
    if fabric.world_size == 1:
        return
    present = torch.tensor([float(parameter.grad is not None) for parameter in parameters], device=fabric.device)
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    summed = _sum(fabric, torch.cat([present, *(gradient.flatten() for gradient in gradients)]))
    counts, *parts = summed.split([len(parameters), *(parameter.numel() for parameter in parameters)])
    for parameter, part, count in zip(parameters, parts, counts.tolist(), strict=True):
        parameter.grad = part.view_as(parameter) if count else None


def sum_values(fabric: Fabric, values: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Sums over the ranks."""
    if fabric.world_size == 1:
        return dict(values)
    return {name: _sum(fabric, value) for name, value in sorted(values.items())}


def from_first(fabric: Fabric, compute: Callable[[], Value]) -> Value:
    """Compute a value on rank 0 and give it to all, so that all decide alike, for example when to stop."""
    if fabric.world_size == 1:
        return compute()
    return cast(Value, fabric.broadcast(compute() if fabric.is_global_zero else None))


def share_buffers(fabric: Fabric, model: nn.Module) -> None:
    """Copy the buffers of rank 0, which a checkpoint saves, to every rank."""
    if fabric.world_size > 1:
        for buffer in model.buffers():
            buffer.copy_(fabric.broadcast(buffer))


def _sum(fabric: Fabric, values: torch.Tensor) -> torch.Tensor:
    return cast(torch.Tensor, fabric.all_reduce(values, reduce_op="sum"))
