"""Which text may come in? What is kept ends up in mails, on pages, at terminals and in files."""

import re
from typing import Annotated

from email_validator import validate_email
from pydantic import AfterValidator, EmailStr

# Control characters but tab and newline, halves of a character, marks that reverse what is read.
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def inert(text: str) -> str:
    """The text with a mark in place of every character that would not be read but obeyed."""
    return _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _readable(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if found := _UNREADABLE.search(text):
        raise ValueError(f"the character U+{ord(found[0]):04X} cannot be part of a text")
    return text


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("this must be one line of text, and not empty")
    return text


def _ascii(address: str) -> str:
    """The address as every relay takes it: a domain in another script has a plain form."""
    plain = validate_email(address, check_deliverability=False).ascii_email
    if plain is None:
        raise ValueError(f"“{address}” has letters that not every mail relay takes; use a-z")
    return plain


READABLE = AfterValidator(_readable)
ONE_LINE = AfterValidator(_one_line)
Line = Annotated[str, ONE_LINE]
Address = Annotated[EmailStr, AfterValidator(_ascii)]
