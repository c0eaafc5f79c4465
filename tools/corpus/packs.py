"""Untrusted packs, and packs that break one of MMSA's rules. Makers write a file, or change sound arrays."""

import os
import pickle
from pathlib import Path

import h5py
import numpy as np

from pipeline.packs.formats.files import write_h5
from tools.corpus.kinds import Kind


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def holding(content: object):
    return lambda path, splits: path.write_bytes(pickle.dumps(content))


def _bytes(content: bytes):
    return lambda path, splits: path.write_bytes(content)


def _itself(path: Path, splits) -> None:
    content: dict = {"train": {}, "valid": {}, "test": {}}
    content["train"]["itself"] = content
    path.write_bytes(pickle.dumps(content))


def _nested(path: Path, splits) -> None:
    path.write_bytes(b"\x80\x04" + b"}K\x00" * 50_000 + b"}" + b"s" * 50_000 + b".")


def _huge_array(path: Path, splits) -> None:
    content = pickle.dumps({"train": np.zeros(8), "valid": {}, "test": {}}, protocol=2)
    path.write_bytes(content.replace(b"K\x08", b"J\xff\xff\xff\x7f", 1))


def _h5(change):
    def make(path: Path, splits) -> None:
        write_h5(path, splits)
        with h5py.File(path, "r+") as file:
            change(file, path)

    return make


def _cut(path: Path, splits) -> None:
    write_h5(path, splits)
    path.write_bytes(path.read_bytes()[:3000])


def _replaced(file: h5py.File, value: object) -> None:
    del file["train/audio"]
    file["train/audio"] = value


def _external_link(file: h5py.File, path: Path) -> None:
    _replaced(file, h5py.ExternalLink(str(path.with_name("secret.h5")), "/"))


def _external_values(file: h5py.File, path: Path) -> None:
    del file["train/audio"]
    secret = path.with_name("secret.bin")
    secret.write_bytes(bytes(4096))
    file.create_dataset("train/audio", (4,), "f4", external=[(str(secret), 0, 16)])


def _virtual(file: h5py.File, path: Path) -> None:
    del file["train/audio"]
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(path.with_name("secret.h5")), "x", (4,))
    file.create_virtual_dataset("train/audio", layout)


def _claims(file: h5py.File, path: Path) -> None:
    del file["train/audio"]
    file.create_dataset("train/audio", (10**6, 10**5, 20), "f4", chunks=(1, 100, 20), compression="gzip")


def _loop(file: h5py.File, path: Path) -> None:
    file["train/again"] = file["train"]


_UNTRUSTED = "do not trust this file|not a readable pickle"

#: Files that must not be opened blindly.
FILES = [
    Kind("pickle that calls os.system", "error", "asks for posix.system", holding(Calls(os.system, "touch ran"))),
    Kind("pickle that calls eval", "error", "asks for builtins.eval", holding([Calls(eval, "open('ran', 'w')")])),
    Kind("pickle that imports", "error", "asks for importlib.import_module",
         holding(Calls(__import__("importlib").import_module, "antigravity"))),
    Kind("pickle that loads another pickle", "error", "asks for _pickle.loads", holding(Calls(pickle.loads, b"N."))),
    Kind("pickle that opens a file", "error", "asks for _?io.open", holding(Calls(open, "ran", "w"))),
    Kind("pickle that looks up attributes", "error", "asks for builtins.getattr", holding(Calls(getattr, "", "upper"))),
    Kind("pickle that maps memory", "error", "asks for numpy", holding(Calls(np.memmap, "ran", "u1", "w+", 0, (9,)))),
    Kind("pickle that contains itself", "error", _UNTRUSTED, _itself),
    Kind("pickle nested 50,000 levels deep", "error", _UNTRUSTED, _nested),
    Kind("pickle that claims a huge array", "error", _UNTRUSTED, _huge_array),
    Kind("pickle of Python objects", "error", "array of Python objects", holding({"train": np.array([{}], object)})),
    Kind("truncated pickle", "error", _UNTRUSTED, _bytes(pickle.dumps(list(range(999)))[:99])),
    Kind("empty pickle", "error", _UNTRUSTED, _bytes(b"")),
    Kind("text named as a pickle", "error", _UNTRUSTED, _bytes(b"hello")),
    Kind("pickle of another structure", "error", "expected a dict with the keys", holding([1, 2])),
]  # fmt: skip

HDF5 = [
    Kind("truncated HDF5", "error", "cannot be read as a pack", _cut),
    Kind("text named as HDF5", "error", "cannot be read as a pack", _bytes(b"hello")),
    Kind("HDF5 without a split", "error", "cannot be read as a pack", _h5(lambda file, path: file.pop("valid"))),
    Kind("HDF5 with a link to another file", "error", "is a link", _h5(_external_link)),
    Kind("HDF5 with a link inside the file", "error", "is a link",
         _h5(lambda file, path: _replaced(file, h5py.SoftLink("/test/audio")))),
    Kind("HDF5 with a cycle", "error", "appears twice", _h5(_loop)),
    Kind("HDF5 with values in another file", "error", "stores its values in another file", _h5(_external_values)),
    Kind("HDF5 with a virtual dataset of another file", "error", "stores its values in another file", _h5(_virtual)),
    Kind("HDF5 that claims 8 TB", "error", "claims 8000000000000 bytes", _h5(_claims)),
]  # fmt: skip


def _other(name: str, says: str, key: str, change, outcome="error"):
    def make(splits) -> None:
        splits["train"][key] = change(splits["train"][key])

    return Kind(name, outcome, says, make)


def _rule(number: str, *rest):
    return _other(f"rule {number}", *rest)


def _without(key: str):
    def make(splits) -> None:
        del splits["train"][key]

    return make


def _leak(splits) -> None:
    splits["test"]["id"] = splits["train"]["id"]


def _no_lengths(splits) -> None:
    for arrays in splits.values():
        del arrays["audio_lengths"], arrays["vision_lengths"]


def _emotions_alone(splits) -> None:
    for arrays in splits.values():
        arrays["regression_labels"] = arrays["regression_labels"] * 0
        arrays["annotations"] = ["anger"] * len(arrays["id"])


def _few_steps(steps: int):
    def make(splits) -> None:
        for arrays in splits.values():
            arrays["audio"] = arrays["audio"][:, :steps] * 0
            arrays["audio_lengths"] = arrays["audio_lengths"].clip(1, steps)

    return make


#: Broken rules of MMSA's; a warning where only some of its models fail.
RULES = [
    _rule("1: not float32", "warning.*MMSA casts to float32", "audio", lambda a: a.astype(float), "accepted"),
    _rule("2: another width in one split", "error.*shapes differ between splits", "vision", lambda a: a[:, :, :2]),
    _rule("3: padded at the start", "error.*values beyond the stated length", "audio", lambda a: a[:, ::-1]),
    _rule("4: length 0", "error.*are 0; give a masked row", "vision_lengths", lambda a: a * 0),
    _rule("5: longer than its axis", "error.*the padded axis has", "audio_lengths", lambda a: a + 30),
    Kind("rule 5: fewer steps than tokens", "accepted", "warning.*misa takes as many", _few_steps(6)),
    Kind("rule 6: fewer than five steps", "accepted", "warning.*mult convolves five", _few_steps(4)),
    _rule("7: a mask with a one after a zero", "error.*a one after a zero", "text_bert", lambda a: a[:, :, ::-1]),
    _rule("7: a mask without a zero", "warning.*tfr_net takes the first zero", "text_bert",
          lambda a: np.stack([a[:, 0], a[:, 1] * 0 + 1, a[:, 2]], 1), "accepted"),
    _rule("9: another number of train clips than MMSA's", 'warning.*"train_samples": 6', "id", lambda a: a, "accepted"),
    Kind("rule 11: no lengths, unequal steps", "error", "error.*no lengths, yet the steps differ", _no_lengths),
    _rule("12: all labels 0", "error.*all are 0", "regression_labels", lambda a: a * 0),
    Kind("rule 12: emotions without sentiment", "accepted", "warning.*the labels are emotions", _emotions_alone),
    _rule("12: NaN label", "error.*NaN or infinite labels", "regression_labels", lambda a: a * np.nan),
    _rule("13: unscaled values", "warning.*scale by the train split", "audio", lambda a: a * 1e4, "accepted"),
    _other("NaN values", "error.*NaN or infinite", "audio", lambda a: np.where(a == a.max(), np.nan, a)),
    _other("duplicate id", "error.*ids occur twice", "id", lambda a: a[[0, 0, 1, 2, 3, 4]]),
    _other("another number of rows", "error.*regression_labels has", "raw_text", lambda a: a[:4]),
    Kind("clip in two splits", "error", "error.*are in train and in test", _leak),
    Kind("missing key", "error", "error.*keys missing: vision", _without("vision")),
    _other("array with a missing axis", "error.*not a 3-dimensional array", "text", lambda a: a[:, :, 0]),
    _other("text_bert without token types", "error.*ids, mask, token types", "text_bert", lambda a: a[:, :2]),
]  # fmt: skip
