"""Text that ends up in the headers of a mail, and so must not break out of them."""

from typing import Annotated

from pydantic import AfterValidator, EmailStr


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("this must be one line of text, and not empty")
    return text


def _ascii(address: str) -> str:
    if not address.isascii():
        raise ValueError(f"“{address}” has letters that not every mail relay takes; use a-z")
    return address


Line = Annotated[str, AfterValidator(_one_line)]
Address = Annotated[EmailStr, AfterValidator(_ascii)]
