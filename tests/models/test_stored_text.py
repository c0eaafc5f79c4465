"""Models that read the pack's text vectors predict the same as with the same encoder, frozen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models import amccl, late_fusion, text_only
from pipeline.corruptions.text import make_encode
from pipeline.training.batches import ClipTensors
from tests.support.splits import make_spec, make_split


@pytest.fixture(scope="module")
def split(encoder):
    split = make_split(6)
    return replace(split, text=make_encode(encoder)(split.text_bert))


@pytest.fixture(scope="module")
def spec(encoder, split):
    return replace(make_spec(encoder), text_dim=split.text.shape[2])


@torch.no_grad()
def predict(model, split, index=None):
    clips = ClipTensors(split)
    return model.eval()(clips.take(np.arange(len(split)) if index is None else index)).prediction


@pytest.mark.parametrize("summary", ["first", "mean"])
@pytest.mark.parametrize("module", [amccl, late_fusion, text_only], ids=lambda module: module.__name__)
def test_stored_vectors_and_the_encoder_they_come_from_give_the_same_prediction(module, summary, spec, split):
    running = module.model(module.Config(text_summary=summary), spec)
    reading = module.model(module.Config(text_summary=summary, stored_text=True), spec)
    heads = {name: value for name, value in running.state_dict().items() if name in reading.state_dict()}
    reading.load_state_dict(heads)
    torch.testing.assert_close(predict(reading, split), predict(running, split), atol=1e-4, rtol=0)
    assert predict(reading, split).std() > 0


def test_trimming_to_the_longest_text_changes_no_prediction(spec, split):
    model = late_fusion.model(late_fusion.Config(text_summary="mean", stored_text=True), spec)
    lengths = ClipTensors(split).lengths.text
    short = np.argsort(lengths)[:2]
    assert lengths[short].max() < lengths.max()
    torch.testing.assert_close(predict(model, split, short), predict(model, split)[short], atol=1e-6, rtol=0)


@pytest.mark.parametrize("summary", ["first", "mean"])
def test_a_single_vector_per_clip_is_every_summary_of_its_tokens(summary, spec, split):
    model = text_only.model(text_only.Config(text_summary=summary, stored_text=True), spec).eval()
    single = replace(split, text=split.text[:, :1].copy())
    expected = model.head(torch.from_numpy(single.text[:, 0])).squeeze(-1)
    torch.testing.assert_close(predict(model, single), expected.detach(), atol=1e-6, rtol=0)
