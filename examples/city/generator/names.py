"""Names of people and firms."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

_SURNAMES: Mapping[str, int] = {
    "李": 79, "王": 74, "张": 71, "刘": 54, "陈": 90, "杨": 31, "黄": 60, "赵": 23, "吴": 30, "周": 25,
    "徐": 17, "孙": 15, "马": 13, "朱": 15, "胡": 13, "林": 42, "郭": 12, "何": 28, "高": 10, "罗": 22,
    "郑": 14, "梁": 40, "谢": 14, "宋": 8, "唐": 9, "许": 13, "邓": 17, "冯": 18, "韩": 7, "曹": 6,
    "曾": 14, "彭": 11, "萧": 3, "蔡": 12, "潘": 10, "田": 5, "董": 5, "袁": 6, "于": 5, "余": 9,
    "叶": 12, "蒋": 6, "杜": 6, "苏": 9, "魏": 5, "程": 6, "吕": 5, "丁": 5, "沈": 5, "任": 4,
    "姚": 5, "卢": 9, "傅": 3, "钟": 11, "姜": 4, "崔": 3, "谭": 10, "廖": 9, "范": 5, "汪": 4,
    "欧阳": 2, "区": 6, "关": 6, "霍": 2, "简": 3, "麦": 4, "招": 2, "司徒": 1,
}  # fmt: skip
_MEN_BEFORE_1970 = "国建志德福贵荣华金有明文武祥根土水木生发财兴旺海山成树松柏长庆永"
_MEN_AFTER_1970 = "伟强勇军杰涛斌浩宇轩俊豪子睿泽辰铭嘉昊天博思远健鹏晓峰林家乐文翔"
_WOMEN_BEFORE_1970 = "秀英桂兰玉珍凤美月娥金莲梅素芬淑惠琼彩银带好群笑琴顺"
_WOMEN_AFTER_1970 = "丽敏静婷雪燕颖欣怡梓涵诗雨佳琪晓雯思彤慧倩蕾萍洁芳娟璐瑶"
_MEN: Mapping[bool, str] = {True: _MEN_BEFORE_1970, False: _MEN_AFTER_1970}
_WOMEN: Mapping[bool, str] = {True: _WOMEN_BEFORE_1970, False: _WOMEN_AFTER_1970}
_SURNAME_LIST, _SURNAME_WEIGHTS = tuple(_SURNAMES), tuple(_SURNAMES.values())

_BRANDS_FIRST = "华新恒永广盛宏利金永鑫天佳美瑞东南源泰安顺嘉德兴云河澜德润科"
_BRANDS_SECOND = "达丰信通泰源盛隆发昌荣诚邦科力捷创成铭晟益伟茂旭景航"
NATIONS: Mapping[str, int] = {"01": 960, "08": 18, "15": 8, "06": 5, "03": 4, "11": 3, "02": 2}
"""GB/T 3304 codes by weight: mostly Han, then Zhuang, Tujia, Miao, Hui, Manchu, Mongol."""


def surname(rng: Random) -> str:
    return rng.choices(_SURNAME_LIST, _SURNAME_WEIGHTS)[0]


def given_name(rng: Random, year: int, *, male: bool) -> str:
    letters = (_MEN if male else _WOMEN)[year < 1970]
    return "".join(rng.sample(letters, 1 if rng.random() < 0.22 else 2))


def brand(rng: Random) -> str:
    """The word that sets one firm's name apart."""
    word = rng.choice(_BRANDS_FIRST) + rng.choice(_BRANDS_SECOND)
    return word + rng.choice(_BRANDS_SECOND) if rng.random() < 0.35 else word


def pick(rng: Random, weighted: Mapping[str, int]) -> str:
    return rng.choices(tuple(weighted), tuple(weighted.values()))[0]
