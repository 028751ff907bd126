"""The systems of the world, by the name they have in traces, diagrams, settings and faults."""

from enum import StrEnum


class System(StrEnum):
    """システム: one party that sends or answers messages."""

    PORTAL = "portal"
    """マイナポータル"""
    JPKI = "jpki"
    """公的個人認証サービス"""
    REGISTRY = "registry"
    """住民基本台帳ネットワークシステム"""
    NETWORK = "network"
    """情報提供ネットワークシステム（コアシステム）"""
    INTERMEDIATE = "intermediate"
    """中間サーバー"""
    MAILBOX = "mailbox"
    """模擬メールボックス"""
    CARD_DESK = "card_desk"
    """模擬カードリーダー"""
    FRONT = "front"
    """世界の入口: the page that lists everything"""


JAPANESE_NAMES: dict[System, str] = {
    System.PORTAL: "マイナポータル",
    System.JPKI: "公的個人認証サービス",
    System.REGISTRY: "住民基本台帳ネットワーク",
    System.NETWORK: "情報提供ネットワーク",
    System.INTERMEDIATE: "中間サーバー",
    System.MAILBOX: "メールボックス",
    System.CARD_DESK: "カードリーダー",
    System.FRONT: "世界の入口",
}

WORLD_SYSTEMS: tuple[System, ...] = tuple(system for system in System if system is not System.PORTAL)
"""Every system but the portal: what the world's process runs."""


class Party(StrEnum):
    """Who may call an operation beside another system."""

    ANYONE = "anyone"
    """No proof asked for."""
    CITIZEN = "citizen"
    """利用者: a bearer of a session of the portal."""
    OPERATOR = "operator"
    """運用者: a tester's hand at the controls of a simulator."""


Caller = System | Party
