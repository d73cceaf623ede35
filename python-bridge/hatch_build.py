"""Marks the wheel as one for a platform: it holds two native addons."""

from __future__ import annotations

import os
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TAG = "TALEBRIDGE_WHEEL_PLATFORM"


class PlatformWheel(BuildHookInterface):  # type: ignore[type-arg]
    """Takes the platform from the environment: only the build knows what the addons ask for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling. `version` is the build's, "standard" or "editable"."""
        platform = os.environ.get(TAG)
        if not platform:
            raise RuntimeError(f"{TAG} is not set: build this wheel with `npm run package:wheels`")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
