"""Bytes of a provider's answer as text, by the charsets that the web knows and Python reads fast."""

# By WHATWG's names, which read some charsets as the larger ones that pages mean by them. Nobody may name any other
# codec of Python's: some take time without bound, some give what can't be written again.
_LABELS = {
    "utf-8": "utf-8 utf8",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16le utf-16-le",
    "utf-16-be": "utf-16be utf-16-be",
    "latin-1": "iso-8859-1 iso8859-1 latin1 latin-1 l1",
    "koi8-r": "koi8-r koi8 koi",
    "koi8-u": "koi8-u koi8-ru",
    "cp866": "ibm866 cp866",
    "mac-roman": "macintosh mac x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp932": "shift-jis sjis x-sjis ms-kanji windows-31j cp932",
    "euc-jp": "euc-jp x-euc-jp",
    "iso2022-jp": "iso-2022-jp",
    "gb18030": "gb18030 gbk x-gbk gb2312 gb-2312-80 cp936",
    "cp950": "big5 x-x-big5 cn-big5 cp950",
    "big5hkscs": "big5-hkscs",
    "cp949": "euc-kr windows-949 ks-c-5601-1987 korean cp949",
    "cp874": "windows-874 tis-620 cp874",
    **{f"cp{page}": f"windows-{page} x-cp{page} cp{page}" for page in range(1250, 1259)},
    **{f"iso8859-{part}": f"iso-8859-{part} iso8859-{part}" for part in (*range(2, 12), *range(13, 17))},
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}


def decoded(body: bytes, charset: str) -> str | None:
    """None for what isn't text of the charset; an unknown one is taken for UTF-8. There is never a lone surrogate."""
    try:
        return body.decode(_CODECS.get(charset.lower().replace("_", "-"), "utf-8"))
    except UnicodeDecodeError:
        return None


def body_text(body: bytes, charset: str) -> str:
    text = decoded(body, charset)
    return body.decode("utf-8", "replace") if text is None else text
