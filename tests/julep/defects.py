"""What was wrong with the published SDK, one by one: the test that shows it gone, or why it stays as it is.

QUIRKS are those that are recorded of its methods, by the method and how the note begins; DEFECTS those of the whole, as
section 2 of the reference on the API tells them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gone:
    """A test that would fail if it came back: its module, and its name."""

    module: str
    test: str


@dataclass(frozen=True)
class Stays:
    """What is not to be changed: the server's own, or right as it is."""

    reason: str


def gone(test: str) -> Gone:
    module, _, name = test.partition(".")
    return Gone(f"test_{module}", f"test_{name}")


_REPLAYED = gone("replay.an_error_is_told_as_it_was")
_SENT = gone("contract.every_captured_call_sends_the_recorded_request_or_a_mend_explains_it")
_KEYWORDS = gone("contract.every_method_takes_the_keywords_of_the_published_one")

_KEPT = gone("agents.a_change_resets_neither_model_nor_settings")

QUIRKS: dict[tuple[str, str], Gone | Stays] = {
    ("agents.get", "metadata comes back as an EMPTY"): gone("agents.metadata_comes_back_whole"),
    ("agents.get", "404 -> ApiError"): _REPLAYED,
    ("agents.create", "kwargs only; only name is required"): _KEYWORDS,
    ("agents.create", "returned object is NOT re-read"): gone("agents.what_is_created_is_whole"),
    ("agents.create", "docs[].metadata is emptied"): gone("agents.the_metadata_of_its_docs_is_stored"),
    ("agents.create", "beartype>=0.19 makes this raise"): gone("agents.what_is_created_is_whole"),
    ("agents.list", "metadata_filter always sent"): _SENT,
    ("agents.list", "server default limit 100"): Stays("the server's; agents.iterate goes on after a hundred"),
    ("agents.delete", "server 404s for an unknown agent"): gone("agents.an_agent_that_is_not_there"),
    ("agents.update", "only given fields are sent"): _SENT,
    ("agents.update", "agents.update(agent_id=..) with nothing"): gone("agents.a_change_of_nothing_changes_nothing"),
    ("agents.update", "returned object has .id, .updated_at"): gone(
        "agents.a_change_resets_neither_model_nor_settings"
    ),
    ("agents.update", "server (checked): PATCH without model"): gone(
        "agents.a_change_resets_neither_model_nor_settings"
    ),
    ("users.get", "metadata values dropped"): gone("users.what_is_created_is_whole"),
    ("users.create", "kwargs only; beartype"): gone("users.what_is_created_is_whole"),
    ("users.create", "docs[].metadata emptied"): gone("users.the_metadata_of_its_docs_is_stored"),
    ("users.list", "metadata_filter always sent"): _SENT,
    ("users.delete", "server answers 202 even for"): gone("users.a_user_that_is_not_there"),
    ("users.update", "only given fields sent"): _SENT,
    ("sessions.create", "always sends all of agent_id"): _SENT,
    ("sessions.create", "SessionCreateArgs documents user_id"): gone("sessions.only_the_agent_is_needed"),
    ("sessions.list", "SERVER BUG"): gone("sessions.a_page_with_and_without_budgets_is_more_than_the_server_can_take"),
    ("sessions.update", "sends situation, metadata"): gone("sessions.a_change_keeps_what_is_left_out"),
    ("sessions.update", "render_templates is in"): gone("sessions.what_cannot_be_changed_is_refused"),
    ("sessions.update", "kwargs only"): _KEYWORDS,
    ("sessions.chat", "every setting is sent"): _SENT,
    ("sessions.chat", "ASYNC BUG: sends remember=recall"): gone("chat_in_sessions.recall_and_remember_are_told_apart"),
    ("sessions.chat", "min_p, preset, record"): gone("chat_in_sessions.wrong_chats_are_refused"),
    ("sessions.chat", "stream=True only puts"): gone("chat_in_sessions.a_stream_is_refused_before_it_is_sent"),
    ("sessions.chat", "messages with a Python-side"): gone("chat_in_sessions.a_message_is_sent_as_it_is_given"),
    ("sessions.chat", "the server ignores request tools"): Stays("the server's: it uses the tools of the agent"),
    ("sessions.chat", "server answers 500 for stop"): gone("chat_in_sessions.stop_may_be_a_text"),
    ("sessions.chat", "tool call comes back as"): gone("chat_in_sessions.a_call_of_a_function_is_read"),
    ("sessions.chat", "server caches model answers"): Stays("the server's"),
    ("sessions.suggestions", "server always answers []"): gone("sessions.there_are_no_suggestions"),
    ("sessions.history", "content comes back as a list"): gone("chat_in_sessions.the_history_tells_what_was_said"),
    ("sessions.history", "SDK <= 0.3.2"): gone("chat_in_sessions.the_history_tells_what_was_said"),
    ("docs.list", "metadata_filter always sent"): _SENT,
    ("docs.list", "Doc.metadata values dropped"): gone("docs.all_metadata_is_stored"),
    ("docs.list", "real server: limit/offset"): gone("docs.limits_hold_though_the_server_ignores_them"),
    ("docs.create", "the `metadata` kwarg is never sent"): gone("docs.all_metadata_is_stored"),
    ("docs.create", "doc['metadata'] is emptied"): gone("docs.all_metadata_is_stored"),
    ("docs.create", "returned Doc has no .title"): gone("docs.what_is_created_is_whole"),
    ("docs.create", "server answers 200"): gone("servers.any_success_is_a_success"),
    ("memories.list", "`types` is accepted and ignored"): gone("memories.a_server_that_has_them"),
    ("memories.list", "the 0.3 server has NO"): gone("memories.there_are_none"),
    ("tools.get", "this is the list call"): gone("tools.lists_are_cut"),
    ("tools.create", "server answers 200"): gone("servers.any_success_is_a_success"),
    ("tools.delete", "ASYNC BUG"): gone("tools.deleting_gives_nothing_back_in_either_mode"),
    ("tools.update", "async version has no overwrite"): gone("tools.overwriting_replaces_the_whole"),
}

DEFECTS: dict[str, Gone | Stays] = {
    "AsyncClient takes api_key and base_url only": gone("parity.both_clients_take_the_same_arguments"),
    "the address is read when the package is imported": gone("client.key_and_address_come_from_the_environment"),
    "a slash at the end of base_url doubles": gone("client.a_slash_at_the_end_of_the_address_makes_no_difference"),
    "timeout has no effect on API calls": gone("client.the_timeout_takes_effect"),
    "additional_headers reach the managers only": gone("client.additional_headers_go_with_every_request"),
    "no retries": gone("servers.what_may_be_repeated_is_repeated_after_a_cut"),
    "no close, no context manager": gone("client.a_block_closes_the_async_client"),
    "no raw responses": gone("replay.a_raw_reply_is_at_hand"),
    "no iteration over pages": gone("agents.all_of_them_are_iterated"),
    "errors of httpx are not wrapped": gone("client.the_timeout_takes_effect"),
    "a bad id is a bare AssertionError": gone("agents.what_is_no_uuid_of_version_4_is_refused"),
    "beartype violations for bad types": gone("agents.wrong_agents_are_refused"),
    "create and update are neither validated nor read again": gone("agents.what_is_created_is_whole"),
    "a Doc that was made has no title": gone("docs.what_is_created_is_whole"),
    "an Agent that was changed has no name": _KEPT,
    "no tools.list": Stays("tools.get lists, under its old name; tools.iterate goes on after a hundred"),
    "overwrite of tools in the sync mode only": gone("tools.overwriting_replaces_the_whole"),
    "sessions.update sends nulls": gone("sessions.a_change_keeps_what_is_left_out"),
    "metadata that is read is empty": gone("agents.metadata_comes_back_whole"),
    "metadata of docs is emptied before it is sent": gone("docs.all_metadata_is_stored"),
    "any version of a UUID is accepted as text": gone("agents.what_is_no_uuid_of_version_4_is_refused"),
    "docs of two owners are accepted": gone("docs.a_doc_has_one_owner"),
    "async: chat sends remember=recall": gone("chat_in_sessions.recall_and_remember_are_told_apart"),
    "async: tools.delete raises after deleting": gone("tools.deleting_gives_nothing_back_in_either_mode"),
    "async: tools.update has no overwrite": gone("tools.overwriting_replaces_the_whole"),
    "async: no options of the client": gone("client.the_arguments_have_the_order_of_the_published_client"),
    "it cannot be imported from a fresh install": Stays("its requirements are in no way those of this package"),
}
