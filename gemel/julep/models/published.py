"""The names that the published SDK has for records that are called otherwise here."""

from __future__ import annotations

from typing import TypeAlias

from gemel.julep.models.agents import Preset
from gemel.julep.models.chat import ChatRole, ContentPart, FinishReason, ImagePart, ImageUrl, TextPart
from gemel.julep.models.jobs import JobState

__all__ = [
    "AgentDefaultSettingsPreset",
    "ChatMlImageContentPart",
    "ChatMlImageContentPartImageUrl",
    "ChatMlMessageContentItem",
    "ChatMlMessageRole",
    "ChatMlTextContentPart",
    "ChatResponseFinishReason",
    "ChatSettingsPreset",
    "JobStatusState",
]

AgentDefaultSettingsPreset: TypeAlias = Preset
ChatMlImageContentPart: TypeAlias = ImagePart
ChatMlImageContentPartImageUrl: TypeAlias = ImageUrl
ChatMlMessageContentItem: TypeAlias = ContentPart
ChatMlMessageRole: TypeAlias = ChatRole
ChatMlTextContentPart: TypeAlias = TextPart
ChatResponseFinishReason: TypeAlias = FinishReason
ChatSettingsPreset: TypeAlias = Preset
JobStatusState: TypeAlias = JobState
