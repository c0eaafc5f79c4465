"""Adapters after the blocks of a pretrained transformer, for audio and vision (UniMSE's PMF); attached by hooks."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import PreTrainedModel

from models._unimse.seq2seq import blocks_of


class PmfAdapter(nn.Module):
    """h + W_o(x + W_u sigmoid(W_d x)) with x = [h; c]: the state h of every token meets the condition c of its clip.

    W_o and its bias start at zero, so that an untrained adapter changes nothing.
    """

    def __init__(self, width: int, *, condition: int, hidden: int) -> None:
        """Build the adapter for states of ``width`` and conditions of ``condition`` columns."""
        super().__init__()
        joint = width + condition
        self.down = nn.Linear(joint, hidden)
        self.up = nn.Linear(hidden, joint)
        self.out = nn.Linear(joint, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(
        self, states: Float[Tensor, "batch tokens width"], condition: Float[Tensor, "batch condition"]
    ) -> Float[Tensor, "batch tokens width"]:
        """Adapt the states to the condition."""
        repeated = condition.unsqueeze(1).expand(-1, states.shape[1], -1)
        joint = torch.cat([states, repeated.to(states.dtype)], dim=-1)
        return states + self.out(joint + self.up(torch.sigmoid(self.down(joint)))).to(states.dtype)


class AdapterStack(nn.Module):
    """Adapters after the last blocks of an encoder or a decoder, whose code is unchanged.

    Outside of ``reading`` the stack works as if it had no adapters.
    """

    def __init__(self, stack: PreTrainedModel, *, count: int, condition: int, hidden: int) -> None:
        """Hook an adapter to each of the last ``count`` blocks; to all where there are fewer."""
        super().__init__()
        blocks = blocks_of(stack)[-count:] if count else []
        width = stack.config.hidden_size
        self.adapters = nn.ModuleList(PmfAdapter(width, condition=condition, hidden=hidden) for _ in blocks)
        self._condition: Tensor | None = None
        self._fused: list[Tensor] = []
        for block, adapter in zip(blocks, self.adapters, strict=True):
            block.register_forward_hook(partial(self._adapt, adapter))

    @contextmanager
    def reading(self, condition: Float[Tensor, "batch condition"]) -> Iterator[list[Tensor]]:
        """Activate the adapters inside the ``with`` block; yields the list that collects the fused states."""
        self._condition, self._fused = condition, []
        try:
            yield self._fused
        finally:
            self._condition, self._fused = None, []

    def _adapt(self, adapter: nn.Module, block: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
        """Replace the states that a block returns, alone or first of a tuple."""
        if self._condition is None:
            return output
        states = adapter(output[0] if isinstance(output, tuple) else output, self._condition)
        self._fused.append(states)
        return (states, *output[1:]) if isinstance(output, tuple) else states
