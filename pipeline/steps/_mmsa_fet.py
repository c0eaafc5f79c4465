"""Settings of MMSA-FET as Triptych's; each one without an equivalent gives a remark.

MMSA-FET's configuration is a JSON with the sections audio, video, text and align, each naming a tool and its options.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.config.loading import merged
from pipeline.core.errors import ConfigError

Section = Mapping[str, Any]

_FEATURE_SETS = {"eGeMAPSv02": "egemaps", "ComParE_2016": "compare"}
_OLDER_SETS = {"GeMAPSv01a": "egemaps", "GeMAPSv01b": "egemaps", "eGeMAPSv01a": "egemaps", "eGeMAPSv01b": "egemaps"}
_SAMPLE_RATE_HZ = 16_000


@dataclass
class Converted:
    """Settings of Triptych, and remarks on what was not converted.

    Attributes:
        pack: content of ``config/packs/<name>.yaml``.
        features: overrides of extractor settings, by extractor.
        remarks: one line per setting without an equivalent, or with another meaning.
    """

    pack: dict[str, Any] = field(default_factory=dict)
    features: dict[str, dict[str, Any]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def set_feature(self, extractor: str, **settings: Any) -> None:
        """Add settings of an extractor."""
        self.features = merged(self.features, {extractor: settings})

    def set_pack(self, part: str, **settings: Any) -> None:
        """Add settings of a part of the pack."""
        self.pack = merged(self.pack, {part: settings})


def convert(config: Mapping[str, Any]) -> Converted:
    """Convert a configuration of MMSA-FET.

    Args:
        config: the content of its JSON.

    Raises:
        ConfigError: it has none of MMSA-FET's sections.
    """
    if not _SECTIONS.keys() & config.keys():
        raise ConfigError(f"no section {', '.join(_SECTIONS)}; found {', '.join(config) or 'nothing'}")
    result = Converted()
    for name, read in _SECTIONS.items():
        if isinstance(config.get(name), Mapping):
            read(config[name], result)
        elif name != "align":
            result.remarks.append(f"{name}: no such section; the pack has {_DEFAULTS[name]} there")
    result.remarks += [f"{name}: no equivalent" for name in config if name not in _SECTIONS]
    return result


def _audio(section: Section, result: Converted) -> None:
    tool, options = section.get("tool"), _options(section, "args")
    feature_set = str(options.get("feature_set"))
    if tool != "opensmile":
        result.remarks.append(f"audio.tool {tool}: no equivalent; the pack has egemaps (openSMILE) instead")
    extractor = _FEATURE_SETS.get(feature_set) or _OLDER_SETS.get(feature_set, "egemaps")
    if tool == "opensmile" and feature_set not in _FEATURE_SETS:
        result.remarks.append(f"audio.args.feature_set {feature_set}: no equivalent; the pack has {extractor} instead")
    result.set_pack("audio", extractor=extractor)
    if tool == "opensmile":
        _feature_level(str(options.get("feature_level", "LowLevelDescriptors")), extractor, result)
    rate_hz = section.get("sample_rate")
    if rate_hz not in (None, _SAMPLE_RATE_HZ):
        result.remarks.append(f"audio.sample_rate {rate_hz}: no equivalent; the rate is always {_SAMPLE_RATE_HZ} Hz")
    known = {"feature_set", "feature_level"} if tool == "opensmile" else set()
    result.remarks += _left_over("audio", section, {"tool", "sample_rate", "args"})
    result.remarks += _left_over("audio.args", options, known)


def _feature_level(level: str, extractor: str, result: Converted) -> None:
    if level == "Functionals":
        result.set_feature(extractor, functionals=True)
        result.remarks.append(
            f"audio.args.feature_level Functionals: stored as the extra array functionals of {extractor}; the pack "
            "contains the rows of the low-level descriptors"
        )
    elif level != "LowLevelDescriptors":
        result.remarks.append(
            f"audio.args.feature_level {level}: no equivalent; the pack has the low-level descriptors"
        )


def _video(section: Section, result: Converted) -> None:
    tool, args = section.get("tool"), _options(section, "args")
    mesh = _options(args, "face_mesh") if tool == "mediapipe" else {}
    result.set_pack("vision", extractor="face")
    if tool != "mediapipe":
        result.remarks.append(f"video.tool {tool}: no equivalent; the pack has face (MediaPipe)")
    elif "face_mesh" in args:
        result.remarks.append(
            "video.args.face_mesh: the pack has 52 blendshapes, head pose and presence; the landmarks are stored "
            "as the extra array landmarks of face"
        )
        result.set_feature("face", landmarks=True)
    for theirs, ours in (("min_detection_confidence", "min_detection"), ("min_tracking_confidence", "min_tracking")):
        if theirs in mesh:
            result.set_feature("face", **{ours: mesh[theirs]})
    _video_rates(section, result)
    speaker = _options(section, "multiFace")
    if speaker.get("enable"):
        result.remarks.append("video.multiFace: no equivalent; the largest face is followed")
    result.remarks += _left_over("video", section, {"tool", "fps", "average_over", "args", "multiFace"})
    result.remarks += _left_over("video.args", args, {"face_mesh"} if tool == "mediapipe" else set())
    known = {"min_detection_confidence", "min_tracking_confidence", "refine_landmarks"}
    result.remarks += _left_over("video.args.face_mesh", mesh, known)


def _video_rates(section: Section, result: Converted) -> None:
    fps, average_over = section.get("fps"), section.get("average_over")
    if fps is not None:
        result.set_feature("face", rate_hz=float(fps))
    if average_over not in (None, 1):
        result.set_pack("vision", rate_hz=float(fps or 25) / float(average_over))


def _text(section: Section, result: Converted) -> None:
    tool = section.get("model", section.get("tool"))
    if tool in ("bert", "roberta"):
        result.set_pack("text", extractor="bert")
        if section.get("pretrained"):
            result.set_feature("bert", weights=section["pretrained"])
        if section.get("device"):
            result.set_feature("bert", device=section["device"])
    else:
        result.remarks.append(f"text.model {tool}: no equivalent; the pack has bert instead")
    known = {"model", "tool", "pretrained", "device", "args"}
    result.remarks += _left_over("text", section, known if tool in ("bert", "roberta") else {"model", "tool", "args"})
    result.remarks += _left_over("text.args", _options(section, "args"), set())


def _align(section: Section, result: Converted) -> None:
    tool, args = section.get("tool"), _options(section, "args")
    if not tool:
        return
    result.set_pack("align", words="words_ctc")
    if tool == "wav2vec":
        if args.get("model_name"):
            result.set_feature("words_ctc", weights=args["model_name"])
        if section.get("device"):
            result.set_feature("words_ctc", device=section["device"])
    else:
        result.remarks.append(f"align.tool {tool}: no equivalent; words_ctc times the words and requires weights")
    result.remarks += _left_over("align", section, {"tool", "args", "device"})
    result.remarks += _left_over("align.args", args, {"model_name"} if tool == "wav2vec" else set())


def _options(section: Section, key: str) -> Section:
    options = section.get(key)
    return options if isinstance(options, Mapping) else {}


def _left_over(where: str, section: Section, known: set[str]) -> Iterator[str]:
    for key, value in section.items():
        if key not in known and value is not None:
            yield f"{where}.{key} {value}: no equivalent"


_SECTIONS: dict[str, Callable[[Section, Converted], None]] = {
    "audio": _audio,
    "video": _video,
    "text": _text,
    "align": _align,
}
_DEFAULTS = {"audio": "egemaps", "video": "face", "text": "bert"}
