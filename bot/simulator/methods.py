"""Which function does which method; getUpdates and the webhook live in polling.py."""

from collections.abc import Callable, Mapping

from bot.simulator import methods_bot, methods_change, methods_send
from bot.simulator.exchange import Exchange
from bot.simulator.params import Call

Method = Callable[[Exchange, Call], object]

AT_ONCE: Mapping[str, Method] = {
    "getMe": methods_bot.get_me,
    "sendMessage": methods_send.send_message,
    "sendPhoto": methods_send.send_file,
    "sendVoice": methods_send.send_file,
    "sendDocument": methods_send.send_file,
    "sendAudio": methods_send.send_file,
    "sendVideo": methods_send.send_file,
    "sendLocation": methods_send.send_location,
    "sendVenue": methods_send.send_venue,
    "sendMediaGroup": methods_send.send_media_group,
    "copyMessage": methods_send.copy_message,
    "forwardMessage": methods_send.forward_message,
    "createForumTopic": methods_send.create_forum_topic,
    "editMessageText": methods_change.edit_text,
    "editMessageCaption": methods_change.edit_caption,
    "editMessageMedia": methods_change.edit_media,
    "editMessageReplyMarkup": methods_change.edit_markup,
    "deleteMessage": methods_change.delete_message,
    "deleteMessages": methods_change.delete_messages,
    "answerCallbackQuery": methods_change.answer_callback,
    "setMessageReaction": methods_change.set_reaction,
    "pinChatMessage": methods_change.pin,
    "unpinChatMessage": methods_change.unpin,
    "sendChatAction": methods_bot.send_chat_action,
    "setMyCommands": methods_bot.set_commands,
    "getMyCommands": methods_bot.get_commands,
    "deleteMyCommands": methods_bot.delete_commands,
    "setMyName": methods_bot.set_text,
    "getMyName": methods_bot.get_text,
    "setMyDescription": methods_bot.set_text,
    "getMyDescription": methods_bot.get_text,
    "setMyShortDescription": methods_bot.set_text,
    "getMyShortDescription": methods_bot.get_text,
    "setChatMenuButton": methods_bot.set_menu_button,
    "getChatMenuButton": methods_bot.get_menu_button,
    "getFile": methods_bot.get_file,
    "getChat": methods_bot.get_chat,
}
