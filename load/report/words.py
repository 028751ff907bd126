"""Figures as people read them."""


def milliseconds(microseconds: float) -> str:
    value = microseconds / 1000
    if value >= 10_000:
        return f"{value / 1000:,.1f} 秒"
    return f"{value:,.0f} ms" if value >= 100 else f"{value:,.1f} ms" if value >= 1 else f"{value:.2f} ms"
