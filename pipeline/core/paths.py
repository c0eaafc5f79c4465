"""The layout of ``processed/``: the only code that builds its paths."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DatasetPaths:
    """Paths of everything derived from one dataset."""

    root: Path

    @property
    def index(self) -> Path:
        """Output of the scan."""
        return self.root / "index"

    @property
    def summary(self) -> Path:
        """Number of shards and what the last scan saw."""
        return self.index / "summary.json"

    @property
    def labels(self) -> Path:
        """Labels and splits of all clips; no extractor reads it."""
        return self.index / "labels.jsonl"

    @property
    def test_clips(self) -> Path:
        """Ids of the test clips alone, so that no other edit of a label starts their extraction under corruptions."""
        return self.index / "test.jsonl"

    @property
    def rejected(self) -> Path:
        """Rows of the label table that are no usable clip, with reasons."""
        return self.index / "rejected.jsonl"

    def manifest(self, kind: str, shard: str) -> Path:
        """Clips of a shard as one kind of extractor reads them: ``media``, ``text``, ``words`` or ``packs``."""
        return self.index / kind / f"{shard}.jsonl"

    def extractor_settings(self, extractor: str) -> Path:
        """Resolved settings and identity of an extractor for this dataset."""
        return self.root / "settings" / "features" / f"{extractor}.json"

    def pack_settings(self, pack: str) -> Path:
        """Resolved settings of a pack."""
        return self.root / "settings" / "packs" / f"{pack}.json"

    def model_settings(self, model: str) -> Path:
        """Resolved settings of a model and its training."""
        return self.root / "settings" / "models" / f"{model}.json"

    @property
    def features(self) -> Path:
        """Stores of all extractors."""
        return self.root / "features"

    def store(self, extractor: str, shard: str) -> Path:
        """Features of the clips of a shard."""
        return self.features / extractor / f"{shard}.h5"

    def failed(self, extractor: str, shard: str) -> Path:
        """Clips of a shard that this extractor could not process, with reasons."""
        return self.features / extractor / f"{shard}.failed.jsonl"

    def extractor_quarantine(self, extractor: str) -> Path:
        """Clips that this extractor could not process, once all its clips are accounted for."""
        return self.root / "quarantine" / f"{extractor}.jsonl"

    @property
    def quarantine(self) -> Path:
        """All clips and rows that could not be used, with reasons."""
        return self.root / "quarantine.jsonl"

    @property
    def packs(self) -> Path:
        """All packs of the dataset."""
        return self.root / "packs"

    def pack(self, pack: str, suffix: str) -> Path:
        """A pack's file: suffix ``h5``, ``pkl`` or ``json`` (the card)."""
        return self.packs / f"{pack}.{suffix}"

    def corrupted(self, corruption: str, level: int | str) -> "DatasetPaths":
        """Stores and packs of the test clips under a corruption of their media."""
        return DatasetPaths(self.root / "corrupted" / f"{corruption}_{level}")

    @property
    def runs(self) -> Path:
        """All training runs, ``<pack>/<model>/<seed>``."""
        return self.root / "runs"

    def run(self, pack: str, model: str, seed: int | str) -> Path:
        """The folder of one training run."""
        return self.runs / pack / model / str(seed)

    def sweep_trials(self, sweep: str) -> Path:
        """The trials of a sweep."""
        return self.root / "settings" / "sweeps" / f"{sweep}.json"

    def trial_settings(self, sweep: str, trial: str) -> Path:
        """Resolved settings of a trial."""
        return self.root / "settings" / "sweeps" / sweep / f"{trial}.json"

    def sweep(self, sweep: str) -> Path:
        """Trials and result of a sweep."""
        return self.root / "sweeps" / sweep

    def trial(self, sweep: str, trial: str, seed: int) -> Path:
        """The folder of one training run of a trial."""
        return self.sweep(sweep) / trial / str(seed)


@dataclass(frozen=True)
class UnionPaths:
    """Where the universal labels of one union lie."""

    root: Path

    @property
    def settings(self) -> Path:
        """Resolved settings of the union and of its datasets."""
        return self.root / "settings.json"

    @property
    def labels(self) -> Path:
        """The labels, one row per utterance."""
        return self.root / "labels.csv"

    @property
    def report(self) -> Path:
        """What was borrowed, in figures."""
        return self.root / "report.json"

    @property
    def quality(self) -> Path:
        """Scores of borrowing against hidden gold labels."""
        return self.root / "quality.csv"


@dataclass(frozen=True)
class EncoderPaths:
    """Where a sentence encoder's settings, training and vectors lie."""

    root: Path

    @property
    def settings(self) -> Path:
        """Resolved settings and hashes of weight files."""
        return self.root / "settings.json"

    @property
    def weights(self) -> Path:
        """The trained weights, in a folder that transformers can load."""
        return self.root / "model" / "model.safetensors"

    @property
    def training(self) -> Path:
        """How the training went: loss, and figures from before and after."""
        return self.root / "training.json"

    def embeddings(self, dataset: str) -> Path:
        """Vectors of a dataset's texts."""
        return self.root / "embeddings" / f"{dataset}.safetensors"


@dataclass(frozen=True)
class Layout:
    """The folder of everything derived."""

    processed: Path

    def dataset(self, name: str) -> DatasetPaths:
        """Paths of one dataset (or union)."""
        return DatasetPaths(self.processed / name)

    def union(self, name: str) -> UnionPaths:
        """Paths of the universal labels of one union."""
        return UnionPaths(self.processed / "universal" / name)

    def encoder(self, name: str) -> EncoderPaths:
        """Paths of one sentence encoder; unions of equal settings share it."""
        return EncoderPaths(self.processed / "universal" / "encoders" / name)

    def counts(self, dataset: str, extractor: str, shard: str) -> Path:
        """How many clips an extraction job reused, computed and failed on, next to its log."""
        return self.processed / "logs" / "extract" / dataset / extractor / f"{shard}.counts.json"

    @property
    def hashes(self) -> Path:
        """Cache of weight-file hashes."""
        return self.processed / ".cache" / "weights.sqlite"

    @property
    def results(self) -> Path:
        """The table of all runs."""
        return self.processed / "results.csv"

    def comparison(self, dataset: str, pack: str, ablation: str | None = None) -> Path:
        """The models of a dataset beside each other, or one beside its variants; without the suffix."""
        return self.processed / "compare" / ".".join([dataset, pack, *([f"{ablation}_ablation"] if ablation else [])])

    @property
    def robustness(self) -> Path:
        """The curves of all models under corruptions."""
        return self.processed / "robustness.csv"

    @property
    def report(self) -> Path:
        """The page of all results."""
        return self.processed / "report.html"
