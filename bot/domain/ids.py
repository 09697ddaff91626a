"""Identifiers as types of their own, so that a swapped argument is a type error."""

from typing import NewType

StaffId = NewType("StaffId", int)
ClientId = NewType("ClientId", int)
ChatId = NewType("ChatId", int)
"""A Telegram chat; for a private chat the same number as the Telegram user."""
TelegramMessageId = NewType("TelegramMessageId", int)
LinkId = NewType("LinkId", int)
InviteId = NewType("InviteId", int)
AppointmentId = NewType("AppointmentId", int)
ReminderId = NewType("ReminderId", int)
MessageId = NewType("MessageId", int)
TranslationId = NewType("TranslationId", int)
InboxId = NewType("InboxId", int)
OutboxId = NewType("OutboxId", int)
TaskId = NewType("TaskId", int)
DraftId = NewType("DraftId", int)
ContactId = NewType("ContactId", int)
PlanId = NewType("PlanId", int)
GoalId = NewType("GoalId", int)
EmployerId = NewType("EmployerId", int)
PlacementId = NewType("PlacementId", int)
CheckInId = NewType("CheckInId", int)
PictureId = NewType("PictureId", int)
