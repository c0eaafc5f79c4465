"""What every file in models/ must comply with. New models are picked up by listing the folder."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from models._base import Batch, ModelConfig, SentimentModel
from pipeline.core import plugins
from pipeline.packs.schema import PackSplit
from pipeline.training.batches import ClipTensors
from tests.support.splits import make_spec, make_split

TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}
Builder = Callable[[], SentimentModel]
#: The same model reading the pack's text vectors; the other models use the same layer for them.
STORED = "late_fusion@stored_text"


@pytest.fixture(params=[*plugins.names("models"), STORED])
def named(request) -> str:
    return request.param


@pytest.fixture
def module(named):
    return plugins.load("models", named.partition("@")[0])


@pytest.fixture
def build(named, module, encoder) -> Builder:
    options = {"stored_text": True} if named == STORED else {}

    def build_model() -> SentimentModel:
        torch.manual_seed(1)
        return module.model(module.Config(**options), make_spec(encoder))

    return build_model


@pytest.fixture(scope="session")
def practised() -> dict[str, dict[str, torch.Tensor]]:
    """Trained weights of generative models, by name: untrained ones generate the same text for every clip."""
    return {}


@pytest.fixture
def model(module, build, practised) -> SentimentModel:
    built = build().eval()
    if not speaks(built):
        return built
    if module.__name__ not in practised:
        practise(built, all_clips(make_split(12)), steps=80)
        practised[module.__name__] = {name: value.clone() for name, value in built.state_dict().items()}
    built.load_state_dict(practised[module.__name__])
    return built


def speaks(model: SentimentModel) -> bool:
    with torch.no_grad():
        return bool(model(all_clips(make_split(1))).generated)


def practise(model: SentimentModel, batch: Batch, *, steps: int) -> None:
    for phase in model.phases():
        optimizer = torch.optim.AdamW([p for group in phase.groups for p in group.parameters], lr=3e-3)
        for _ in range(steps):
            optimizer.zero_grad()
            model.losses(model(batch), batch, phase.name)["loss"].backward()
            optimizer.step()


def all_clips(split: PackSplit) -> Batch:
    return ClipTensors(split).take(np.arange(len(split)))


def text_of(model: SentimentModel) -> str:
    """The part of a batch that the model reads the text from."""
    return "text" if getattr(model.config, "stored_text", False) else "token_ids"


@torch.no_grad()
def predict(model: SentimentModel, batch: Batch) -> torch.Tensor:
    return model(batch).prediction


def appended(batch: Batch, rows: int) -> Batch:
    """The batch with more padding, filled with values that must have no effect."""

    def longer(values: torch.Tensor) -> torch.Tensor:
        filling = 7 if values.dtype != torch.bool else 0
        padding = [0, 0, 0, rows] if values.ndim == 3 else [0, rows]
        return functional.pad(values, padding, value=filling)

    sequences = ("token_ids", "text_mask", "text", "audio", "audio_mask", "vision", "vision_mask")
    types = functional.pad(batch.token_types, [0, rows])
    return replace(batch, token_types=types, **{name: longer(getattr(batch, name)) for name in sequences})


def test_settings_are_documented_and_refuse_unknown_keys(module):
    assert issubclass(module.Config, ModelConfig)
    assert all(field.description for field in module.Config.model_fields.values())
    with pytest.raises(ValueError, match="no_such_setting"):
        module.Config(no_such_setting=1)


def test_prediction_has_one_number_per_clip(model):
    prediction = predict(model, all_clips(make_split(5)))
    assert prediction.shape == (5,)
    assert prediction.dtype == torch.float32
    assert prediction.std() > 0


def test_permuting_the_batch_permutes_the_prediction(model):
    clips, order = ClipTensors(make_split(6)), np.asarray([3, 0, 5, 1, 4, 2])
    expected = predict(model, clips.take(np.arange(6)))[torch.from_numpy(order)]
    torch.testing.assert_close(predict(model, clips.take(order)), expected, **TOLERANCE)


def test_padding_does_not_change_prediction(model):
    batch = all_clips(make_split(4))
    torch.testing.assert_close(predict(model, appended(batch, 5)), predict(model, batch), **TOLERANCE)


def test_batch_mates_do_not_change_prediction_and_a_batch_of_one_works(model):
    clips = ClipTensors(make_split(6))
    together = predict(model, clips.take(np.arange(6)))
    alone = torch.cat([predict(model, clips.take(np.asarray([index]))) for index in range(6)])
    torch.testing.assert_close(alone, together, **TOLERANCE)


def test_masked_rows_do_not_change_prediction(model):
    batch = all_clips(make_split(4))
    noise = torch.where(batch.vision_mask[..., None], batch.vision, torch.full_like(batch.vision, 9.0))
    torch.testing.assert_close(predict(model, replace(batch, vision=noise)), predict(model, batch), **TOLERANCE)


def test_every_trained_parameter_gets_a_gradient(build):
    model, batch = build().train(), all_clips(make_split(12))
    phased, reached = set(), set()
    for phase in model.phases():
        model.zero_grad(set_to_none=True)
        model.losses(model(batch), batch, phase.name)["loss"].backward()
        for group in phase.groups:
            phased |= {id(parameter) for parameter in group.parameters}
            reached |= {id(parameter) for parameter in group.parameters if parameter.grad is not None}
    trained = {id(parameter): name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert [name for key, name in trained.items() if key not in phased] == []
    assert [name for key, name in trained.items() if key not in reached] == []


def test_half_precision_trains(build):
    model, batch = build().train(), all_clips(make_split(12))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = [model.losses(model(batch), batch, phase.name)["loss"] for phase in model.phases()]
    torch.stack(losses).sum().backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_no_parameter_is_stepped_twice_in_a_phase(model):
    for phase in model.phases():
        stepped = [id(parameter) for group in phase.groups for parameter in group.parameters]
        assert len(stepped) == len(set(stepped))


@pytest.mark.parametrize("modality", ["text", "audio", "vision"])
def test_a_modality_changes_the_prediction_of_exactly_the_models_that_declare_it(model, modality):
    batch = all_clips(make_split(4))
    name = text_of(model) if modality == "text" else modality
    values = getattr(batch, name)
    changed = values.flip(0) if values.dtype == torch.int64 else values + torch.randn_like(values)
    difference = predict(model, replace(batch, **{name: changed})) - predict(model, batch)
    assert (difference.abs().max() > 1e-6) == (modality in model.modalities)


@pytest.mark.parametrize("missing", ["text", "audio", "vision"])
def test_a_missing_modality_contributes_nothing(model, missing):
    batch = all_clips(make_split(4))
    mask = torch.zeros_like(getattr(batch, f"{missing}_mask"))
    without = replace(batch, **{f"{missing}_mask": mask})
    values = text_of(model) if missing == "text" else missing
    shuffled = replace(without, **{values: getattr(batch, values).flip(0)})
    prediction = predict(model, without)
    assert torch.isfinite(prediction).all()
    torch.testing.assert_close(predict(model, shuffled), prediction, **TOLERANCE)


def test_evaluation_is_deterministic(model):
    batch = all_clips(make_split(4))
    assert torch.equal(predict(model, batch), predict(model, batch))


def test_state_survives_a_round_trip(build, model):
    batch = all_clips(make_split(4))
    torch.manual_seed(99)
    other = build()
    for parameter in other.parameters():
        parameter.data.add_(1.0)
    other.load_state_dict(model.state_dict())
    assert torch.equal(predict(other.eval(), batch), predict(model, batch))


def _equal_labels(split: PackSplit) -> PackSplit:
    return replace(split, labels={"M": np.full(len(split), 1.5, np.float32)})


def _no_face(split: PackSplit) -> PackSplit:
    return replace(split, vision_mask=np.zeros_like(split.vision_mask))


def _nothing_at_all(split: PackSplit) -> PackSplit:
    silent = replace(_no_face(split), audio_mask=np.zeros_like(split.audio_mask))
    return replace(silent, text_bert=np.zeros_like(split.text_bert))


def _one_row(split: PackSplit) -> PackSplit:
    return replace(
        split,
        audio=split.audio[:, :1],
        audio_mask=split.audio_mask[:, :1],
        vision=split.vision[:, :1],
        vision_mask=np.ones_like(split.vision_mask[:, :1]),
    )


def _one_clip(split: PackSplit) -> PackSplit:
    return make_split(1)


@pytest.mark.parametrize("odd", [_equal_labels, _no_face, _nothing_at_all, _one_row, _one_clip])
def test_losses_and_gradients_stay_finite_on_odd_batches(build, odd):
    model, batch = build().train(), all_clips(odd(make_split(6)))
    for phase in model.phases():
        losses = model.losses(model(batch), batch, phase.name)
        losses["loss"].backward()
        assert all(torch.isfinite(value) for value in losses.values())
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.slow
def test_eight_clips_can_be_overfitted(build):
    model, batch = build(), all_clips(make_split(8))
    model.eval()  # without dropout, so that the error can vanish
    optimizers = [
        torch.optim.AdamW([p for group in phase.groups for p in group.parameters], lr=3e-3) for phase in model.phases()
    ]
    for _ in range(60):
        for phase, optimizer in 5 * list(zip(model.phases(), optimizers, strict=True)):
            optimizer.zero_grad()
            model.losses(model(batch), batch, phase.name)["loss"].backward()
            optimizer.step()
        error = (predict(model, batch) - batch.label).abs().mean()
        if error < 0.1:
            return
    assert error < 0.1
