"""Figures of the 2020 census (令和2年国勢調査, 総務省統計局) that the tables are fitted to.

Published totals: population by prefecture, and by five-year age group (thousands, unknown ages imputed). The
share of men in each group is rounded from the same publication. Nothing below prefecture level is taken.
"""

from __future__ import annotations

__all__ = ["AGE_GROUP_POPULATIONS", "HOUSEHOLD_TYPE_SHARES", "MALE_SHARES", "PREFECTURES"]

# 01 to 47, name and people.
PREFECTURES: dict[str, int] = {
    "北海道": 5224614, "青森県": 1237984, "岩手県": 1210534, "宮城県": 2301996, "秋田県": 959502,
    "山形県": 1068027, "福島県": 1833152, "茨城県": 2867009, "栃木県": 1933146, "群馬県": 1939110,
    "埼玉県": 7344765, "千葉県": 6284480, "東京都": 14047594, "神奈川県": 9237337, "新潟県": 2201272,
    "富山県": 1034814, "石川県": 1132526, "福井県": 766863, "山梨県": 809974, "長野県": 2048011,
    "岐阜県": 1978742, "静岡県": 3633202, "愛知県": 7542415, "三重県": 1770254, "滋賀県": 1413610,
    "京都府": 2578087, "大阪府": 8837685, "兵庫県": 5465002, "奈良県": 1324473, "和歌山県": 922584,
    "鳥取県": 553407, "島根県": 671126, "岡山県": 1888432, "広島県": 2799702, "山口県": 1342059,
    "徳島県": 719559, "香川県": 950244, "愛媛県": 1334841, "高知県": 691527, "福岡県": 5135214,
    "佐賀県": 811442, "長崎県": 1312317, "熊本県": 1738301, "大分県": 1123852, "宮崎県": 1069576,
    "鹿児島県": 1588256, "沖縄県": 1467480,
}  # fmt: skip

# Thousands of people aged 0-4, 5-9, … 95-99, 100 and over.
AGE_GROUP_POPULATIONS: tuple[int, ...] = (
    4541, 5114, 5376, 5706, 6320, 6384, 6714, 7498, 8476, 9868, 8738,
    7940, 7442, 8236, 9189, 7065, 5404, 3742, 1811, 500, 80,
)  # fmt: skip

# Men among each group.
MALE_SHARES: tuple[float, ...] = (
    0.5118, 0.5121, 0.5124, 0.5125, 0.5115, 0.5130, 0.5100, 0.5070, 0.5065, 0.5065, 0.5035,
    0.4990, 0.4940, 0.4860, 0.4740, 0.4500, 0.4130, 0.3500, 0.2550, 0.1690, 0.1180,
)  # fmt: skip

# Share of households: alone, couple, couple with children, one parent with children, three generations.
HOUSEHOLD_TYPE_SHARES: tuple[float, ...] = (0.381, 0.201, 0.251, 0.090, 0.077)
