"""Layers: pooling, positions, encoders, convolution over modalities."""

import pytest
import torch

from models._amccl.modality_convolution import ModalityConvolution, SqueezeExcite, UnimodalSummary
from models.layers.masks import last_valid, masked_mean, non_empty_mask
from models.layers.positions import sinusoidal_positions
from models.layers.sequence import SequenceEncoder

VALUES = torch.arange(12.0).reshape(2, 3, 2)
MASK = torch.tensor([[True, False, True], [False, False, False]])


def test_pooling_sees_measured_rows_only_and_gives_zeros_without_any():
    assert masked_mean(VALUES, MASK).tolist() == [[2.0, 3.0], [0.0, 0.0]]
    assert last_valid(VALUES, MASK).tolist() == [[4.0, 5.0], [0.0, 0.0]]
    assert last_valid(VALUES, torch.tensor([[True, False, False]] * 2)).tolist() == [[0.0, 1.0], [6.0, 7.0]]


def test_only_masks_without_any_row_are_opened():
    assert non_empty_mask(MASK).tolist() == [[True, False, True], [True, False, False]]


@pytest.mark.parametrize("width", [1, 2, 7, 8])
def test_positions_have_any_width_and_differ_from_step_to_step(width):
    positions = sinusoidal_positions(6, width, device=torch.device("cpu"))
    assert positions.shape == (6, width)
    assert positions[1, 0] == pytest.approx(torch.sin(torch.tensor(1.0)).item())
    assert len({tuple(row.tolist()) for row in positions}) == 6


@pytest.mark.parametrize(("features", "heads", "width"), [(6, 2, 6), (5, 4, 8), (73, 1, 73)])
def test_rows_are_projected_where_heads_do_not_divide_them(features, heads, width):
    encoder = SequenceEncoder(features, heads=heads, layers=2, feedforward_dim=8, dropout=0.0)
    assert encoder.width == width
    encoded = encoder(torch.randn(2, 3, features), MASK)
    assert encoded.shape == (2, 3, width)
    assert torch.isfinite(encoded).all()
    first, second = encoder.encoder.layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)


@pytest.mark.parametrize("channels", [3, 32, 64, 128])
def test_convolution_keeps_the_channels_and_an_absent_modality_is_like_padding(channels):
    layer = ModalityConvolution(channels)
    stacked, present = torch.randn(2, 3, channels), torch.tensor([[True, True, False], [True, True, True]])
    stacked = stacked * present[..., None]
    mixed = layer(stacked, present)
    assert mixed.shape == stacked.shape
    shorter = layer(stacked[:1, :2], present[:1, :2])
    torch.testing.assert_close(mixed[:1, :2], shorter)


def test_squeeze_excite_gates_within_zero_and_one():
    values, present = torch.randn(2, 3, 8), torch.ones(2, 3, dtype=torch.bool)
    gate = SqueezeExcite(8)(values, present) / values
    assert ((gate > 0) & (gate < 1)).all()
    torch.testing.assert_close(gate, gate[:, :1].expand_as(gate))


def test_the_summary_of_an_absent_modality_is_zero():
    summary = UnimodalSummary(2, 4, reduction=8)(VALUES, MASK)
    assert (summary[0] > 0).all()
    assert not summary[1].any()
