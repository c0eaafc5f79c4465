"""The training loop of all models. It gets the train and the valid split only, never the test split."""

import logging
import math
import time
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

import torch
from lightning_fabric import Fabric

from models._base import Phase, SentimentModel
from pipeline.config.training import TrainingSettings
from pipeline.core.errors import PipelineError
from pipeline.core.records import write_csv
from pipeline.packs.schema import PackSplit
from pipeline.training import checkpoint, ranks
from pipeline.training.batches import ClipTensors, epoch_visits, training_order
from pipeline.training.corruption import TrainOfEpoch
from pipeline.training.events import open_events, write_epoch
from pipeline.training.metrics import Families, Metric, main_metric, metric_named
from pipeline.training.optim import learning_rate_factor, make_optimizer, set_learning_rates
from pipeline.training.predict import predict, score
from pipeline.training.progress import tracked
from pipeline.training.run_folder import RunFolder
from pipeline.training.seeding import seed_all

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger(__name__)

#: A smaller gain on the valid split is rounding noise.
_LEAST_GAIN = 1e-6

#: One epoch: its number, losses, metrics of the valid split, learning rate, seconds.
EpochRow = dict[str, float | int]


@dataclass
class History:
    """Progress of a run; plain values, saved in the checkpoint.

    Attributes:
        rows: one per epoch.
        best_epoch: counted from 1; 0 before the first epoch.
        best_score: of the selecting metric, as `Metric.cost` gives it: lower is better.
    """

    rows: list[EpochRow] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = math.inf

    @property
    def epochs(self) -> int:
        """Number of complete epochs."""
        return len(self.rows)

    @property
    def seconds_per_epoch(self) -> float:
        """Median over the epochs, training and validation together."""
        return median(row["seconds"] for row in self.rows)

    @property
    def best_valid(self) -> dict[str, float]:
        """Metrics of the valid split in the best epoch."""
        best = self.rows[self.best_epoch - 1]
        return {name.removeprefix("valid_"): value for name, value in best.items() if name.startswith("valid_")}


class Trainer:
    """Trains one model, selects the best epoch on the valid split, and resumes an interrupted run.

    With several devices each process has its own trainer; all take the same steps.
    """

    def __init__(
        self,
        model: SentimentModel,
        settings: TrainingSettings,
        *,
        seed: int,
        folder: RunFolder,
        identity: str,
        fabric: Fabric,
    ) -> None:
        """Prepare a run.

        Args:
            model: newly built; has the best weights after `fit`.
            settings: of the loop.
            seed: of the order of the clips and of dropout.
            folder: the run's folder; an unfinished run saves its state in ``resume/``.
            identity: fingerprint of the run; a state with another one is not resumed.
            fabric: devices and precision.

        Raises:
            MissingDependencyError: TensorBoard is requested but not installed.
        """
        self.model = model.to(fabric.device)
        self.settings = settings
        self.history = History()
        self._seed, self._identity, self._fabric = seed, identity, fabric
        self._folder = folder
        self._state_file = folder.resume / "last.pt"
        self._events: SummaryWriter | None = None
        self._best: dict[str, torch.Tensor] = {}
        self._saved_at = time.monotonic()
        self._select = metric_named(settings.select)
        self._phases = model.phases()
        self._optimizers = [make_optimizer(phase) for phase in self._phases]
        if settings.compile:
            self.model.compile(dynamic=True)

    def fit(
        self,
        train: PackSplit,
        valid: PackSplit,
        *,
        families: Families,
        corrupted: TrainOfEpoch | None = None,
    ) -> History:
        """Train until the epochs or the patience are used up, then load the best weights into the model.

        Args:
            train: the clips to train on.
            valid: the clips that select the epoch and stop the training.
            families: family of metrics, or that of each dataset in a union.
            corrupted: gives the train clips of an epoch; None: the clean ones.

        Raises:
            PipelineError: the loss is not finite.
        """
        use, device = self.settings.use, self._fabric.device
        if self.settings.select == "auto":
            self._select = main_metric(families)
        train_clips = ClipTensors(train, use=use, device=device)
        valid_clips = ClipTensors(valid, use=use, device=device)
        self._resume()
        if self.settings.tensorboard and self._fabric.is_global_zero:
            self._events = open_events(self._folder.path / "tensorboard", epochs=self.history.epochs)
        while not self._is_finished():
            started = time.perf_counter()
            if corrupted:
                train_clips = ClipTensors(corrupted(self.history.epochs), use=use, device=device)
            row = self._train_epoch(train_clips)
            values = ranks.from_first(
                self._fabric, lambda: score(families, valid, predict(self.model, valid_clips)).values
            )
            row |= {f"valid_{name}": value for name, value in values.items()}
            row |= {"lr": self._optimizers[-1].param_groups[0]["lr"], "seconds": time.perf_counter() - started}
            self._record(row)
        self.model.load_state_dict(self._best)
        return self.history

    def _train_epoch(self, clips: ClipTensors) -> EpochRow:
        # Seeded in each epoch, so that a checkpoint needs no states of random generators.
        epoch, rank = self.history.epochs, self._fabric.global_rank
        seed_all(self._seed, epoch, *([rank] if rank else []))
        self.model.train()
        row: EpochRow = {"epoch": epoch + 1}
        for index, phase in enumerate(self._phases):
            losses = self._train_phase(clips, index)
            row |= {f"{phase.name}_{name}": value for name, value in losses.items()}
        ranks.share_buffers(self._fabric, self.model)
        return row

    def _train_phase(self, clips: ClipTensors, index: int) -> dict[str, float]:
        """One pass over the train split; returns its mean losses."""
        phase, epoch, settings = self._phases[index], self.history.epochs, self.settings
        self._set_requires_grad(phase)
        passes = {"seed": self._seed, "epoch": epoch * len(self._phases) + index}
        visits = epoch_visits(clips.ids, settings.shares, **passes) if settings.shares else None
        order = training_order(clips.lengths, settings.batch_size, **passes, visits=visits)
        steps = [order[first : first + settings.accumulate] for first in range(0, len(order), settings.accumulate)]
        sums: dict[str, torch.Tensor] = {}
        for step, batches in enumerate(tracked(steps, f"epoch {epoch + 1} {phase.name}")):
            for indices in batches:
                own = ranks.own_part(self._fabric, indices)
                if not len(own):
                    continue
                batch = clips.take(own)
                with self._fabric.autocast():
                    losses = self.model.losses(self.model(batch), batch, phase.name)
                self._fabric.backward(losses["loss"] * (len(own) / len(indices)) / len(batches))
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0.0) + value.detach() * len(batch)
            self._step(index, epoch * len(steps) + step, settings.epochs * len(steps))
        sums = ranks.sum_values(self._fabric, sums)
        return self._means(sums, len(clips) if visits is None else len(visits))

    def _set_requires_grad(self, phase: Phase) -> None:
        """Compute gradients only for the parameters that the phase updates."""
        updated = {id(parameter) for group in phase.groups for parameter in group.parameters}
        for parameter in self.model.parameters():
            parameter.requires_grad_(id(parameter) in updated)

    def _step(self, index: int, step: int, total_steps: int) -> None:
        optimizer = self._optimizers[index]
        set_learning_rates(optimizer, learning_rate_factor(self.settings, step=step, total_steps=total_steps))
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        ranks.sum_gradients(self._fabric, parameters)
        if self.settings.grad_clip:
            torch.nn.utils.clip_grad_norm_(parameters, self.settings.grad_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def _means(self, sums: dict[str, torch.Tensor], count: int) -> dict[str, float]:
        means = {name: float(value) / count for name, value in sums.items()}
        if not all(map(math.isfinite, means.values())):
            raise PipelineError(
                f"the training loss in epoch {self.history.epochs + 1} is {means['loss']}; "
                "lower the learning rates of the model or set training.grad_clip"
            )
        return means

    def _record(self, row: EpochRow) -> None:
        """Add an epoch to the history and copy its weights if they are the best; rank 0 reports and saves."""
        history, select = self.history, self._select
        if (value := row.get(f"valid_{select.name}")) is None:
            known = ", ".join(name.removeprefix("valid_") for name in row if name.startswith("valid_"))
            raise PipelineError(f"training.select is {select.name}, which this dataset does not have; it has {known}")
        history.rows.append(row)
        value = select.cost(value)
        if value < history.best_score - _LEAST_GAIN:
            history.best_score, history.best_epoch = value, history.epochs
            self._best = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
        if self._fabric.is_global_zero:
            self._report(row)

    def _report(self, row: EpochRow) -> None:
        history = self.history
        write_csv(self._folder.history_file, history.rows)
        if self._events:
            write_epoch(self._events, row)
        logger.info(_line(history, self.settings, self._select))
        # Optimiser states are large: a short run would save longer than it trains.
        if time.monotonic() - self._saved_at >= self.settings.checkpoint_s:
            self._save()

    def _save(self) -> None:
        state = {
            "identity": self._identity,
            "model": self.model.state_dict(),
            "best": self._best,
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "history": asdict(self.history),
        }
        checkpoint.save_state(state, self._state_file)
        self._saved_at = time.monotonic()

    def _resume(self) -> None:
        state: dict[str, Any] | None = checkpoint.load_state(self._state_file, identity=self._identity)
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self._best, self.history = state["best"], History(**state["history"])
        logger.info("resuming after epoch %d", self.history.epochs)

    def _is_finished(self) -> bool:
        stale = self.history.epochs - self.history.best_epoch
        return self.history.epochs >= self.settings.epochs or stale >= self.settings.patience


def _line(history: History, settings: TrainingSettings, select: Metric) -> str:
    row, best = history.rows[-1], history.rows[history.best_epoch - 1]
    name = f"valid_{select.name}"
    loss = next(value for key, value in row.items() if key.endswith("_loss"))
    return (
        f"epoch {history.epochs}/{settings.epochs}: loss {loss:.4f}, valid {select.name} {row[name]:.4f} "
        f"(best {best[name]:.4f} in epoch {history.best_epoch}), {row['seconds']:.1f} s"
    )
