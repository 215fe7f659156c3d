"""Every tool of the window; a new one is a module and a line here."""

from __future__ import annotations

from importlib import import_module

from viewers.action_spec import ActionSpec
from viewers.tools.tool import Tool

TOOLS: tuple[str, ...] = (
    "viewers.tools.select_tool:SelectTool",
    "viewers.tools.hide_tool:HideTool",
    "viewers.tools.hover_tool:HoverTool",
    "viewers.tools.measuring:MeasureTool",
    "viewers.tools.profiling:ProfileTool",
    "viewers.tools.find_tool:FindTool",
    "viewers.tools.views_tool:ViewsTool",
    "viewers.tools.ortho_tool:OrthoTool",
    "viewers.tools.turntable_tool:TurntableTool",
    "viewers.tools.sunpath_tool:SunPathTool",
    "viewers.tools.clip_tool:ClipTool",
    "viewers.tools.ground_tool:GroundTool",
    "viewers.tools.labels_tool:LabelsTool",
    "viewers.tools.swipe_tool:SwipeTool",
    "viewers.tools.story_tool:StoryTool",
    "viewers.tools.film_tool:FilmTool",
)
"""module:class, in the order of their menus."""


def classes() -> list[type[Tool]]:
    """The tools' classes."""
    found = []
    for line in TOOLS:
        module, name = line.split(":")
        made: type[Tool] = getattr(import_module(module), name)
        found.append(made)
    return found


def table() -> list[ActionSpec | None]:
    """The actions of all tools, a separator between two tools."""
    lines: list[ActionSpec | None] = []
    for one in classes():
        lines += [None, *one.ACTIONS] if lines else one.ACTIONS
    return lines
