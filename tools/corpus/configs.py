"""Settings as people mistype them. A maker gives the changes to a sound project's configuration."""

from tools.corpus.kinds import Kind


def _run(**changes):
    return lambda: {"config.yaml": changes}


def _file(name: str, content: object):
    return lambda: {name: content}


def _error(name, says, make):
    return Kind(name, "error", says, make)


_DEMO = {"datasets": ["demo"]}
_AUDIO = {"extractor": "egemaps"}

CONFIGS = [
    _error("unknown key", "unknown key 'pakcs'; did you mean 'packs'", _run(pakcs=["unaligned_50"])),
    _error("missing key", "neither datasets nor unions are named", _run(datasets=None)),
    _error("a string instead of a list", "datasets is 'demo'", _run(datasets="demo")),
    _error("no dataset", "neither datasets nor unions are named", _run(datasets=[])),
    _error("a string instead of a number", "max_failed_fraction is 'few'", _run(max_failed_fraction="few")),
    _error("number out of range", "max_failed_fraction is 1.5", _run(max_failed_fraction=1.5)),
    _error("a string as seed", "seeds.0 is 'one'", _run(seeds=["one"])),
    _error("unknown dataset", "no config/datasets/dmeo.yaml; did you mean 'demo'", _run(datasets=["dmeo"])),
    _error("unknown pack", "no config/packs/unalinged_50.yaml; did you mean", _run(packs=["unalinged_50"])),
    _error("unknown model", "no model 'amcl'", _run(models=["amcl"])),
    _error("missing folder", "no folder raw/mosi", _run(datasets=["mosi"])),
    _error("a union that contains itself", "no config/datasets/ring.yaml",
           lambda: {"config.yaml": {"unions": ["ring"]}, "config/unions/ring.yaml": {"datasets": ["ring"]}}),
    _error("a joint union with the name of a dataset", "union demo: a dataset has that name",
           lambda: {"config.yaml": {"unions": ["demo"], "joint": True}, **_file("config/unions/demo.yaml", _DEMO)()}),
    _error("a path as dataset name", "cannot be a name in datasets", _run(datasets=["../datasets/demo"])),
    _error("a shell command as dataset name", "cannot be a name in datasets", _run(datasets=["demo; touch ran"])),
    _error("a path as pack name", "cannot be a name in packs", _run(packs=["../../etc/passwd"])),
    _error("unknown key of an extractor", "unknown key 'functional'; did you mean",
           _run(features={"egemaps": {"functional": True}})),
    _error("unknown extractor", "no extractor 'egemap'",
           _file("config/packs/unaligned_50.yaml", {"audio": {"extractor": "egemap"}})),
    _error("unknown reader", "no reader 'tabel' .*did you mean 'table'",
           _file("config/datasets/demo.yaml", {"reader": "tabel"})),
    _error("unknown option of a reader", "unknown key 'encodng'; did you mean 'encoding'",
           _file("config/datasets/demo.yaml", {"options": {"encodng": "utf-8"}})),
    _error("unknown encoding", "encoding 'utf-9'",
           _file("config/datasets/demo.yaml", {"options": {"encoding": "utf-9"}})),
    _error("delimiter of two characters", "delimiter",
           _file("config/datasets/demo.yaml", {"options": {"delimiter": ";;"}})),
    _error("table outside the raw folder", "leads out of",
           _file("config/datasets/demo.yaml", {"options": {"table": "../../config.yaml"}})),
    _error("reversed label range", "expected the lower bound first",
           _file("config/datasets/demo.yaml", {"label_range": [3, -3]})),
    _error("two length policies", "exactly one of rows and percentile",
           _file("config/packs/unaligned_50.yaml", {"audio": {**_AUDIO, "length": {"rows": 9, "percentile": 9}}})),
    _error("unknown modality", "required.0 is 'smell'",
           _file("config/packs/unaligned_50.yaml", {"required": ["smell"]})),
    _error("a list instead of a mapping", "contains a list; expected keys",
           _file("config/datasets/demo.yaml", ["reader", "table"])),
    _error("invalid YAML", "not valid YAML", _file("config/datasets/demo.yaml", b"reader: [table\n")),
    _error("YAML that names Python objects", "not valid YAML",
           _file("config/datasets/demo.yaml", b"reader: !!python/object/apply:os.system ['touch ran']\n")),
    _error("YAML that is not text", "not valid YAML", _file("config/datasets/demo.yaml", b"\xff\xfe\x00")),
]  # fmt: skip
