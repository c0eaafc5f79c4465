"""Label tables as people send them. A maker turns the bytes of a sound table into those of a bad one."""

from tools.corpus.kinds import Kind

HEADER = "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n"
#: The row that makers change.
ROW = "v1,001,some words 1,-1.0,,,,Negative,train\n"
ROWS = [
    ROW,
    *(f"v{i},001,some words {i},{i - 3}.0,,,,,{split}\n" for i, split in enumerate(["train", "valid", "test"], 2)),
]
TABLE = (HEADER + "".join(ROWS)).encode()


def changed(old: str, new: str):
    """A maker that replaces the first occurrence."""
    return lambda: TABLE.replace(old.encode(), new.encode(), 1)


def row(text: str):
    return changed(ROW, text)


def _error(name, says, make):
    return Kind(name, "error", says, make)


def _accepted(name, says, make):
    return Kind(name, "accepted", says, make)


_LEAVES = "could lead out of its folder"

ENCODINGS = [
    _accepted("byte-order mark", "ignored", lambda: b"\xef\xbb\xbf" + TABLE),
    _accepted("Windows line endings", "read as usual", lambda: TABLE.replace(b"\n", b"\r\n")),
    _accepted("old Mac line endings", "read as usual", lambda: TABLE.replace(b"\n", b"\r")),
    _error("UTF-16", "is not utf-8-sig; set options.encoding", lambda: TABLE.decode().encode("utf-16")),
    _error("UTF-16 without a byte-order mark", "no column|is not utf-8", lambda: TABLE.decode().encode("utf-16-le")),
    _error("GB 18030", "is not utf-8-sig; set options.encoding",
           lambda: TABLE.replace(b"some words 1", "他们说".encode("gb18030"))),
    _error("Windows-1252", "is not utf-8-sig; set options.encoding",
           lambda: TABLE.replace(b"some words 1", "café".encode("cp1252"))),
    _error("incomplete UTF-8 character", "byte .* is not utf-8-sig", lambda: TABLE + b"\xe4"),
    _error("a spreadsheet named as a table", "is not utf-8-sig|no column", lambda: b"PK\x03\x04\xff\xfe" * 99),
    _error("an HTML page", "no column", lambda: b"<!doctype html>\n<html><body>Not found</body></html>\n"),
]  # fmt: skip

SHAPES = [
    _error("empty file", "empty; expected a header line", lambda: b""),
    _error("header only", "no rows below the header", lambda: HEADER.encode()),
    _error("no header", "no column", lambda: "".join(ROWS).encode()),
    _error("wrong delimiter", "no column", lambda: TABLE.replace(b",", b";")),
    _error("missing column", "no column mode", changed(",mode", ",fold")),
    _error("duplicate column", "column text appears twice", changed("label_T", "text")),
    _error("unclosed quote", "check its quotes", row('v1,001,"some words,-1.0,,,,,train\n')),
    _error("text after a closing quote", "check its quotes", row('v1,001,"some" words,-1.0,,,,,train\n')),
    _error("a cell of 1 MB", "field larger than field limit", row(f"v1,001,{'a' * 1_000_000},-1.0,,,,,train\n")),
    _error("unquoted comma", "1 cells more than the header", row("v1,001,well, good,-1.0,,,,Negative,train\n")),
    _error("truncated row", "split ''", row("v1,001,some words\n")),
    _error("NUL in the text", "NUL character", changed("some words 1", "some\0words")),
    _accepted("line break within quotes", "kept in the text", row('v1,001,"some\nwords",-1.0,,,,,train\n')),
    _accepted("blank lines", "ignored", row(f"\n\n{ROW}\n")),
]

IDS = [
    _error("duplicate id", "appears 2 times", changed(ROW, ROW + ROW)),
    _error("id ..", _LEAVES, row("v1,..,some words,-1.0,,,,,train\n")),
    _error("id with ../", _LEAVES, row("../../v1,001,some words,-1.0,,,,,train\n")),
    _error("absolute id", _LEAVES, row("/etc/passwd,001,some words,-1.0,,,,,train\n")),
    _error("id with backslashes", _LEAVES, row("..\\v1,001,some words,-1.0,,,,,train\n")),
    _error("id with NUL", _LEAVES, row("v1,0\00001,some words,-1.0,,,,,train\n")),
    _error("id with a line break", _LEAVES, row('"v\n1",001,some words,-1.0,,,,,train\n')),
    _error("id of 300 characters", _LEAVES, row(f"{'v' * 300},001,some words,-1.0,,,,,train\n")),
    _error("empty id", "is empty or has blanks", row("v1,,some words,-1.0,,,,,train\n")),
    _error("id with spaces around it", "is empty or has blanks", row("v1, 001 ,some words,-1.0,,,,,train\n")),
    _accepted("id with shell characters", "used as it is", row("v1;$(touch x)`id`&|,001,some words,-1.0,,,,,train\n")),
    _accepted("id with quotes and symbols", "used as it is",
          row("\"v'1\"\" {clip_id} 喂\",001,some words,-1.0,,,,,train\n")),
    _accepted("id that starts with a dash", "used as it is", row("-rf,001,some words,-1.0,,,,,train\n")),
    _accepted("ids that differ only in case", "two clips", row(f"{ROW}V1,001,some words,-1.0,,,,,train\n")),
]  # fmt: skip

LABELS = [
    _error("label nan", "sentiment nan; expected -3 to 3", changed(",-1.0,", ",nan,")),
    _error("label inf", "sentiment inf; expected -3 to 3", changed(",-1.0,", ",inf,")),
    _error("label out of range", "sentiment 7.0; expected -3 to 3", changed(",-1.0,", ",7,")),
    _error("label in words", "'good' is not a number", changed(",-1.0,", ",good,")),
    _error("decimal comma", "'-1,5' is not a number", changed(",-1.0,", ',"-1,5",')),
    _error("no label", "neither a label nor an emotion", changed(",-1.0,", ",,")),
    _error("audio label out of range", "sentiment_audio 9.0", changed(",-1.0,,,", ",-1.0,,9,")),
    _error("unknown split", "split 'holdout'; expected one of", changed(",train", ",holdout")),
    _error("video in two splits", "is in the splits", changed("v4,001", "v1,004")),
    _accepted("other names for a split", "validation and dev mean valid", changed(",valid", ",DEV")),
]

TABLES = [*ENCODINGS, *SHAPES, *IDS, *LABELS]
