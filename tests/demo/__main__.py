"""`python -m tests.demo`: plays the story against a fresh instance; exit code 0 only if every step held."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.api_client import ApiClient
from tests.demo.narrator import Narrator
from tests.demo.story import Story
from tests.process import Product, start


async def tell(narrator: Narrator) -> None:
    """Raises at the first step that does not hold; what was started is stopped either way."""
    with tempfile.TemporaryDirectory(prefix="interactor-demo-") as directory:
        narrator.chapter("A fresh instance")
        with narrator.step("all five services start in one process") as step:
            product = await start(Path(directory) / "data")
            step.detail = f"{product.url}/v1, data in a temporary directory"
        try:
            async with ApiClient(product.url) as api:
                await Story(product, api, narrator).play()
        finally:
            await _stop(product, narrator)


async def _stop(product: Product, narrator: Narrator) -> None:
    narrator.chapter("The end")
    with narrator.step("everything stops cleanly"):
        code = await product.stop()
        if code != 0:
            raise AssertionError(f"exit code {code}:\n{product.output}")


def main() -> int:
    narrator = Narrator(sys.stdout)
    try:
        asyncio.run(tell(narrator))
    except Exception:
        narrator.end(f"A step did not hold; {narrator.held} did before it.", held=False)
        return 1
    except KeyboardInterrupt:
        return 130
    narrator.end(f"All {narrator.held} steps held.", held=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
