"""The training loop that serves every model.

It is given the train and the valid split and nothing else: the test split is out of its reach.
"""

import csv
import logging
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import torch
from lightning_fabric import Fabric

from models._base import Phase, SentimentModel
from pipeline.config.training import TrainingSettings
from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import PipelineError
from pipeline.packs.schema import PackSplit
from pipeline.training import checkpoint, ranks
from pipeline.training.batches import Clips, epoch_visits, training_order
from pipeline.training.corruption import TrainOfEpoch
from pipeline.training.events import open_events, write_epoch
from pipeline.training.metrics import COMBINED, Families
from pipeline.training.optim import learning_rate_factor, make_optimizer, set_learning_rates
from pipeline.training.predict import predict, score
from pipeline.training.progress import tracked
from pipeline.training.seeding import seed_all

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger(__name__)

#: Smaller gains on the valid split are noise of the arithmetic.
_LEAST_GAIN = 1e-6

#: One epoch: its number, losses, metrics of the valid split, learning rate, seconds.
Row = dict[str, float | int]


@dataclass
class History:
    """What has happened so far; plain values, kept in the checkpoint.

    Attributes:
        rows: one per epoch.
        best_epoch: counted from 1; 0 before the first epoch.
        best_score: of the metric that selects; lower is better (maximised metrics are negated).
    """

    rows: list[Row] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = math.inf

    @property
    def epochs(self) -> int:
        """Epochs that are complete."""
        return len(self.rows)

    @property
    def seconds_per_epoch(self) -> float:
        """Median over the epochs, training and validation together."""
        return median(row["seconds"] for row in self.rows)

    @property
    def best_valid(self) -> dict[str, float]:
        """Metrics of the valid split in the chosen epoch."""
        best = self.rows[self.best_epoch - 1]
        return {name.removeprefix("valid_"): value for name, value in best.items() if name.startswith("valid_")}


class Trainer:
    """Trains one model, selects its epoch on the valid split, and goes on after an interruption.

    With several devices each has a process with a trainer of its own, and all take the same steps.
    """

    def __init__(
        self,
        model: SentimentModel,
        settings: TrainingSettings,
        *,
        seed: int,
        folder: Path,
        identity: str,
        fabric: Fabric,
    ) -> None:
        """Prepare a run.

        Args:
            model: freshly built; holds the best weights in the end.
            settings: of the loop.
            seed: of the order of the clips and of dropout.
            folder: the run's folder; an unfinished run keeps its state in ``resume/`` there.
            identity: fingerprint of everything that shapes the run; only a state that carries it is resumed.
            fabric: devices and precision.

        Raises:
            MissingDependencyError: TensorBoard is asked for and absent.
        """
        self.model = model.to(fabric.device)
        self.settings = settings
        self.history = History()
        self._seed, self._identity, self._fabric = seed, identity, fabric
        self._folder = folder
        self._state_file = folder / "resume" / "last.pt"
        self._events: SummaryWriter | None = None
        self._best: dict[str, torch.Tensor] = {}
        self._saved_at = time.monotonic()
        self._select: str = settings.select
        self._phases = model.phases()
        self._optimizers = [make_optimizer(phase) for phase in self._phases]
        if settings.compile:
            self.model.compile(dynamic=True)

    def fit(
        self,
        train: PackSplit,
        valid: PackSplit,
        *,
        family: Families,
        corrupted: TrainOfEpoch | None = None,
    ) -> History:
        """Train until the epochs or the patience run out, then load the best weights into the model.

        Args:
            train: the clips to learn from.
            valid: the clips that choose the epoch and end the training.
            family: which metrics describe the valid split; of each dataset in a union.
            corrupted: the train clips as an epoch sees them; None: as they are.

        Raises:
            PipelineError: the loss is no longer a number.
        """
        use, device = self.settings.use, self._fabric.device
        self._select = _selection(self.settings, family)
        train_clips = Clips(train, use=use, device=device)
        valid_clips = Clips(valid, use=use, device=device)
        self._resume()
        if self.settings.tensorboard and self._fabric.is_global_zero:
            self._events = open_events(self._folder / "tensorboard", epochs=self.history.epochs)
        while not self._is_finished():
            started = time.perf_counter()
            if corrupted:
                train_clips = Clips(corrupted(self.history.epochs), use=use, device=device)
            row = self._train_epoch(train_clips)
            values = ranks.from_first(
                self._fabric, lambda: score(family, valid, predict(self.model, valid_clips)).values
            )
            row |= {f"valid_{name}": value for name, value in values.items()}
            row |= {"lr": self._optimizers[-1].param_groups[0]["lr"], "seconds": time.perf_counter() - started}
            self._record(row)
        self.model.load_state_dict(self._best)
        return self.history

    def _train_epoch(self, clips: Clips) -> Row:
        # Seeded anew in each epoch: a resumed run needs no states of random generators.
        epoch, rank = self.history.epochs, self._fabric.global_rank
        seed_all(self._seed, epoch, *([rank] if rank else []))
        self.model.train()
        row: Row = {"epoch": epoch + 1}
        for index, phase in enumerate(self._phases):
            losses = self._train_phase(clips, index)
            row |= {f"{phase.name}_{name}": value for name, value in losses.items()}
        ranks.share_buffers(self._fabric, self.model)
        return row

    def _train_phase(self, clips: Clips, index: int) -> dict[str, float]:
        """One pass over the train split; returns its mean losses."""
        phase, epoch, settings = self._phases[index], self.history.epochs, self.settings
        self._open_parameters(phase)
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

    def _open_parameters(self, phase: Phase) -> None:
        """Gradients only for what the phase steps."""
        opened = {id(parameter) for group in phase.groups for parameter in group.parameters}
        for parameter in self.model.parameters():
            parameter.requires_grad_(id(parameter) in opened)

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

    def _record(self, row: Row) -> None:
        """Note an epoch, keep the weights if they are the best; the first rank reports and saves."""
        history, select = self.history, self._select
        value = row.get(f"valid_{select}")
        if value is None:
            known = ", ".join(name.removeprefix("valid_") for name in row if name.startswith("valid_"))
            raise PipelineError(f"training.select is {select}, which this dataset does not have; it has {known}")
        history.rows.append(row)
        value = value if select == "MAE" else -value
        if value < history.best_score - _LEAST_GAIN:
            history.best_score, history.best_epoch = value, history.epochs
            self._best = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
        if self._fabric.is_global_zero:
            self._report(row)

    def _report(self, row: Row) -> None:
        history, select = self.history, self._select
        write_history(self._folder / "history.csv", history)
        if self._events:
            write_epoch(self._events, row)
        logger.info(_line(history, self.settings, select))
        # Optimiser states are large: short runs would spend more time on saving than on training.
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
        logger.info("going on after epoch %d", self.history.epochs)

    def _is_finished(self) -> bool:
        stale = self.history.epochs - self.history.best_epoch
        return self.history.epochs >= self.settings.epochs or stale >= self.settings.patience


def write_history(path: Path, history: History) -> None:
    """Write one line per epoch."""
    with atomic_path(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(history.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history.rows)


def _selection(settings: TrainingSettings, family: Families) -> str:
    """The metric that chooses the epoch."""
    if settings.select != "auto":
        return settings.select
    if isinstance(family, str):
        return "Weighted_F1" if family == "emotion" else "MAE"
    return COMBINED


def _line(history: History, settings: TrainingSettings, select: str) -> str:
    row, best = history.rows[-1], history.rows[history.best_epoch - 1]
    name = f"valid_{select}"
    loss = next(value for key, value in row.items() if key.endswith("_loss"))
    return (
        f"epoch {history.epochs}/{settings.epochs}: loss {loss:.4f}, valid {select} {row[name]:.4f} "
        f"(best {best[name]:.4f} in epoch {history.best_epoch}), {row['seconds']:.1f} s"
    )
