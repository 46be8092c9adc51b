"""Finds which version of Python a source needs, if the running Python cannot compile it.

    text ──► empty its strings and comments ──► rewrite what only a newer Python has ──► it compiles: that was the cause
                         └─► look for what only Python 2 has

A source with a missing bracket never counts as written for a newer Python, because it still does not compile after the
newer features are replaced. The time is linear in the length of the text.
"""

from __future__ import annotations

import ast
import re
import sys
from typing import Any, List, Optional, Tuple

MOST = 20_000  # characters; longer statements are not searched, so that no source makes this slow
# How many levels of f-strings inside f-strings are searched. Each level costs another search of the text inside it.
DEEPEST = 3
NAME = re.compile(r"\w+")
PREFIXES = {"f", "rf", "fr", "t", "rt", "tr", "r", "b", "br", "rb", "u", "ur"}
Version = Tuple[int, int]
Found = List[Tuple[Version, str]]

# Features of newer Pythons: version, name, pattern that finds the feature in a text without strings, older form.
PARAMETERS = r"\b((?:def|class)\s+\w+)\s*\[(?:[^\[\]]|\[[^\[\]]*\])*\](?=\s*[(:])"
WITH = r"\bwith\s*\(((?:[^()]|\([^()]*\))*?\bas\b(?:[^()]|\([^()]*\))*?),?\s*\)\s*:"
CASE = r"(?m)^([ \t]+)case\b(?:[^\n:\[{(]|\{[^{}]*\}|\[[^\]]*\]|\([^()]*\))*:"
NEWER: List[Tuple[Version, str, str, str]] = [
    ((3, 14), "`except A, B:` without brackets", r"\bexcept\s+([\w.]+(?:\s*,\s*[A-Z][\w.]*)+)\s*:", r"except (\1):"),
    ((3, 13), "a type parameter with a default", r"\b((?:def|class)\s+\w+)\s*\[[^\[\]]*=[^\[\]]*\](?=\s*[(:])", r"\1"),
    ((3, 12), "a type parameter (`def f[T]`)", PARAMETERS, r"\1"),
    ((3, 12), "a type alias (`type X = …`)", r"(?m)^([ \t]*)type[ \t]+(\w+)[ \t]*(?:\[[^\]\n]*\])?[ \t]*=", r"\1\2 ="),
    ((3, 11), "`except*`", r"\bexcept\s*\*", "except "),
    ((3, 11), "a star in an index", r"([\w\])][ \t]*\[)\s*\*", r"\1"),
    ((3, 11), "a star in an annotation", r"(\*\s*\w+\s*:\s*)\*", r"\1"),
    ((3, 10), "`match`", r"(?m)^([ \t]*)match\b[^\n]*:[ \t]*$(?=\s+case\b)", r"\1if 1:"),
    ((3, 10), "`match`", CASE, r"\1if 1:"),
    ((3, 10), "`match`", r"(?m)^([ \t]+)case\b[^\n]*:[ \t]*$", r"\1if 1:"),
    ((3, 10), "a `with` in brackets", WITH, ""),
    ((3, 9), "a decorator that is any expression", r"(?m)^([ \t]*)@[^\n]*[^\w.()\s][^\n]*$", r"\1@x"),
    ((3, 9), "`for x in *a, *b`", r"\b(for\b[^\n:]*\bin\s+)\*[^\n:]*:", r"\1x:"),
]
# Features that only Python 2 has: name, and pattern that finds the feature in a text without strings.
PYTHON_2: List[Tuple[str, str]] = [
    ("print without brackets", r"(?m)(?:^|[;:])[ \t]*print(?:[ \t]*>>|[ \t]+(?:[\w\"'\-]|\())"),
    ("exec without brackets", r"(?m)(?:^|[;:])[ \t]*exec[ \t]+[\w\"']"),
    ("`except Error, name`", r"\bexcept\s+(?:[\w.]+|\([^()]*\))\s*,\s*[a-z_]\w*\s*:"),
    ("`raise Error, text`", r"\braise[ \t]+[\w.]+[ \t]*,"),
    ("`<>`", r"<>"),
    ("a text in backticks", r"`[^`\n]+`"),
    ("a number that begins with 0", r"(?<![\w.])0\d+(?![\w.])"),
    ("a number that ends in L", r"(?<![\w.])(?:0[xX][\da-fA-F]+|\d+)[lL]\b"),
    ("a text of the kind ur''", r"(?<!\w)[uU][rR](?=[\"'])"),
    ("a tuple among arguments", r"\blambda[ \t]*\([^()]*\)[ \t]*:"),
]


def explain(text: str, error: BaseException) -> None:
    """Add to a SyntaxError's message which version of Python the source needs, if that can be found."""
    if not isinstance(error, SyntaxError) or len(text) > MOST:
        return
    newer = find_newer(text, sys.version_info[:2])
    if newer is not None:
        (major, minor), feature = newer
        words = (feature, major, minor, *sys.version_info[:2])
        error.msg = "%s needs Python %d.%d or newer; this is Python %d.%d" % words
    elif find_python_2(text):
        error.msg = "%s (Python 2: %s)" % (error.msg, find_python_2(text))


def find_newer(text: str, running: Version) -> Optional[Tuple[Version, str]]:
    """Return the newest feature that the text needs, if an older Python would compile it without such features."""
    found: Found = []
    rewritten = blank(text, found)
    # Newest first, because a type parameter with a default also matches the pattern for one without a default.
    for since, feature, pattern, plain in [one for one in NEWER if one[0] > running]:
        replacement: Any = plain or unbracket
        rewritten, count = re.subn(pattern, replacement, rewritten)
        found += [(since, feature)] if count else []
    found = [one for one in found if one[0] > running]  # `blank` adds features of strings, of any version
    return max(found) if found and compiles(rewritten) else None


def find_python_2(text: str) -> str:
    code = blank(text, [])
    return next((feature for feature, pattern in PYTHON_2 if re.search(pattern, code)), "")


def unbracket(match: Any) -> str:
    return "with " + re.sub(r"\s+", " ", match.group(1).strip()) + ":"


def compiles(text: str) -> bool:
    try:
        ast.parse(text)  # only parses, runs no code
    except Exception:
        return False
    return True


def blank(text: str, found: Found, depth: int = 0) -> str:
    """Return the text without comments and with every string empty. Adds newer features of strings to `found`.

    depth: the number of f-strings around the text.
    """
    parts: List[str] = []
    at = 0
    while at < len(text):
        name = NAME.match(text, at)
        prefix = name.group() if name else ""
        start = at + len(prefix)
        kind = prefix.lower()
        if text[start : start + 1] in ("'", '"') and (not kind or kind in PREFIXES):
            # Keep the prefixes b and ur: Python refuses b"" beside "", and ur"" is a sign of Python 2.
            parts.append((prefix if kind == "ur" else "b" if "b" in kind else "") + '""')
            at = end_of_string(text, start, kind, found, depth)
        elif text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            parts.append(prefix or text[at])
            at += len(parts[-1])
    return "".join(parts)


def end_of_string(text: str, start: int, prefix: str, found: Found, depth: int) -> int:
    """Return the end of the string whose first quotation mark is at `start`."""
    quote = text[start] * 3 if text.startswith(text[start] * 3, start) else text[start]
    at = start + len(quote)
    is_formatted = ("f" in prefix or "t" in prefix) and depth < DEEPEST
    if "t" in prefix:
        found.append(((3, 14), "a t-string"))
    while at < len(text) and not text.startswith(quote, at):
        if text[at] == "\\":
            at += 2  # skip the character after a backslash, also in a raw string
        elif text[at] == "\n" and len(quote) == 1:
            return at  # a string in single quotes must end on its line: this one has no end
        elif is_formatted and text.startswith("{{", at):
            at += 2  # two braces stand for one brace of the text
        elif is_formatted and text[at] == "{":
            at = end_of_field(text, at + 1, quote, found, depth + 1)
        else:
            at += 1
    return min(at + len(quote), len(text))


def end_of_field(text: str, start: int, quote: str, found: Found, level: int) -> int:
    """Return the end of a replacement field, as Python 3.12 reads it. Adds what older Pythons reject to `found`.

    Source: PEP 701.
    """
    at, depth, expression_end = start, 0, -1
    inner: Found = []
    while at < len(text) and not (text[at] == "}" and depth == 0):
        letter = text[at]
        if expression_end >= 0:  # this brace is in the format, which may contain fields
            if text.startswith(quote, at):
                return at
            at = end_of_field(text, at + 1, quote, inner, level) if letter == "{" and level < DEEPEST else at + 1
            continue
        if letter in "'\"":
            if letter == quote[0] and (len(quote) == 1 or text.startswith(quote, at)):
                inner.append(((3, 12), "an f-string with its own quotation marks inside"))
            end = end_of_string(text, at, "", inner, level)
            if "\\" in text[at:end]:
                inner.append(((3, 12), "a backslash inside an f-string's brackets"))
            at = end
            continue
        if letter == "\n" and len(quote) == 1:
            inner.append(((3, 12), "an f-string over several lines"))
        elif letter == "#":
            inner.append(((3, 12), "a comment inside an f-string"))
            at = max(text.find("\n", at), at)
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        # `!=` is an operator; any other `!` begins a conversion.
        elif depth == 0 and (letter == ":" or (letter == "!" and text[at + 1 : at + 2] != "=")):
            expression_end = at
        at += 1
    # `{x=}` prints the expression too; its `=` is not a part of it.
    expression = text[start : expression_end if expression_end >= 0 else at].rstrip().rstrip("=")
    # Only if the expression is right otherwise: a mistake in it does not mean that it needs a newer Python.
    if inner and compiles("(" + blank(expression, [], level) + "\n)"):
        found.extend(inner)
    return at + 1
