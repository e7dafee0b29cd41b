"""Does a column look as if it held a person's data? Nothing here may ever hold any.

Told by the words of its heading, in the languages of the region: better refuse one too many.
"""

import re
import unicodedata

_SPACED = """
    name names surname passport birth birthday birthdate dob phone telephone mobile address email
    mail id identity identification fingerprint photo photograph nickname alias victim
    tên họ cmnd cccd
"""
"""Words of scripts that put spaces between words: English, Vietnamese."""

_WITHIN = """
    hộ chiếu|ngày sinh|sinh nhật|điện thoại|địa chỉ|căn cước|chứng minh
    ឈ្មោះ|នាមខ្លួន|លិខិតឆ្លងដែន|កំណើត|ទូរស័ព្ទ|អាសយដ្ឋាន|អត្តសញ្ញាណ
    ຊື່|ນາມສະກຸນ|ໜັງສືຜ່ານແດນ|ຫນັງສືຜ່ານແດນ|ເກີດ|ໂທລະສັບ|ທີ່ຢູ່|ບັດປະຈຳຕົວ
    အမည်|နာမည်|နိုင်ငံကူးလက်မှတ်|မွေးနေ့|မွေးသက္ကရာဇ်|ဖုန်း|လိပ်စာ|မှတ်ပုံတင်
    ชื่อ|นามสกุล|หนังสือเดินทาง|พาสปอร์ต|เกิด|โทรศัพท์|ที่อยู่|บัตรประชาชน|เลขประจำตัว
    姓名|名字|护照|護照|出生|生日|电话|電話|手机|地址|住址|身份证|身份證|证件
"""
"""What a heading holds in scripts without spaces, and words of two syllables."""

_WORDS = frozenset(_SPACED.split())
_PHRASES = tuple(
    unicodedata.normalize("NFC", phrase)
    for line in _WITHIN.strip().splitlines()
    for phrase in line.strip().split("|")
)
_BETWEEN = re.compile(r"[\W_]+")


def looks_personal(heading: str) -> bool:
    """Whether a heading names something about one person rather than a count of many."""
    plain = unicodedata.normalize("NFC", heading).casefold()
    by_case = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading).casefold()  # passportNo, birthDate
    words = {*_BETWEEN.split(plain), *_BETWEEN.split(by_case)}
    return bool(words & _WORDS) or any(phrase in plain for phrase in _PHRASES)
