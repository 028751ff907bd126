"""Somebody at a browser without a mouse."""

from browser_world import Window


class Keyboard:
    """What cannot be reached by Tab is not there, and where one is can be seen."""

    def __init__(self, one: Window) -> None:
        self.page = one.page

    def reach(self, words: str, most: int = 150) -> None:
        """Tab until the focus is on what has these words: as its label, its text, its name for readers, or its id."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            seen, has_ring = self.page.evaluate(
                """(() => {
                    const at = document.activeElement;
                    const words = at.labels?.[0]?.innerText || at.innerText || at.getAttribute("aria-label") || "";
                    // The link of a whole row or card has its ring around that.
                    const rings = [at, at.closest(".linked")].map((e) => e && getComputedStyle(e).outlineStyle);
                    return [words + " " + (at.id ?? ""), rings.some((ring) => ring && ring !== "none")];
                })()"""
            )
            if words in seen:
                box = self.page.evaluate("document.activeElement.type === 'radio'")
                assert has_ring or box, f"{words} has no focus ring"
                return
        raise AssertionError(f"the keyboard does not reach {words} at {self.page.url}")

    def enter(self, words: str) -> None:
        """Reach it and press Enter there."""
        self.reach(words)
        self.page.keyboard.press("Enter")

    def follow(self, words: str) -> None:
        """The same, to another page."""
        self.reach(words)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def tick(self, words: str) -> None:
        self.reach(words)
        self.page.keyboard.press("Space")

    def fill(self, label: str, text: str) -> None:
        """In place of what stands there."""
        self.reach(label)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
