"""User code with Julep's chat and completions: what the checkers must understand (R) and must reject (E)."""

from typing_extensions import assert_type, reveal_type

from gemel import M, Timeout
from gemel.julep import (
    AsyncClient,
    BaseCompletions,
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatMessageDict,
    Client,
    Completion,
)

HELLO: list[ChatMessageDict] = [{"role": "user", "content": "hello"}]


def sync_user(client: Client, perhaps: bool) -> None:
    """What a blocking client returns."""
    reveal_type(client.chat)  # R: Chat
    reveal_type(client.completions)  # R: Completions
    create = client.chat.completions.create
    answer = create(messages=[{"role": "user", "content": "hello"}], temperature=0.5, min_p=0.1, preset="fun")
    reveal_type(answer)  # R: ChatCompletion
    reveal_type(answer.choices[0].message)  # R: ChatCompletionMessage
    reveal_type(answer.choices[0].finish_reason)  # R: FinishReason | None
    create(messages=[*HELLO, answer.choices[0].message], stream=False, timeout=Timeout(total=5))
    reveal_type(create(messages=HELLO, stream=True))  # R: Stream[ChatCompletionChunk]
    # R pyright: ChatCompletion | Stream[ChatCompletionChunk]
    # R mypy: ChatCompletion | Stream[ChatCompletionChunk]
    reveal_type(create(messages=HELLO, stream=perhaps))
    with create(messages=HELLO, stream=True, stream_options={"include_usage": True}) as chunks:
        for chunk in chunks:
            assert_type(chunk, ChatCompletionChunk)
            assert_type(chunk.choices[0].delta.content, str | None)
    tools = create(
        messages=HELLO,
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        tool_choice={"type": "function", "function": {"name": "f"}},
        extra_body={"anything": 1},
        extra_headers={"X-Trace": "1"},
    )
    for call in tools.choices[0].message.tool_calls or []:
        assert_type(call.function.arguments, str)
    reveal_type(client.completions.create(prompt="once"))  # R: Completion
    reveal_type(client.completions.create(prompt=["a", "b"], stream=True))  # R: Stream[Completion]
    reveal_type(client.chat.completions.complete.raw(messages=HELLO))  # R: Reply[ChatCompletion]
    reveal_type(client.chat.completions.stream(messages=HELLO))  # R: Stream[ChatCompletionChunk]
    reveal_type(client.openai())  # R: OpenAI


async def async_user(client: AsyncClient, perhaps: bool) -> None:
    """What an async client returns."""
    reveal_type(client.chat)  # R: AsyncChat
    reveal_type(client.completions)  # R: AsyncCompletions
    create = client.chat.completions.create
    reveal_type(await create(messages=HELLO))  # R: ChatCompletion
    reveal_type(create(messages=HELLO, stream=True))  # R: Opening[AsyncStream[ChatCompletionChunk]]
    reveal_type(await create(messages=HELLO, stream=True))  # R: AsyncStream[ChatCompletionChunk]
    # R pyright: ChatCompletion | AsyncStream[ChatCompletionChunk]
    # R mypy: ChatCompletion | AsyncStream[ChatCompletionChunk]
    reveal_type(await create(messages=HELLO, stream=perhaps))
    async with create(messages=HELLO, stream=True) as chunks:
        async for chunk in chunks:
            assert_type(chunk, ChatCompletionChunk)
    reveal_type(await client.completions.create(prompt="once"))  # R: Completion
    async for piece in await client.completions.create(prompt="once", stream=True):
        assert_type(piece, Completion)
    reveal_type(client.openai())  # R: AsyncOpenAI


def either_mode(completions: BaseCompletions[M]) -> None:
    """What of both modes can be used by code that does not know which."""
    reveal_type(completions.complete.url(prompt="once"))  # R: str


def sync_mistakes(client: Client, answer: ChatCompletion, message: ChatCompletionMessage) -> None:
    """What the checkers must reject on a blocking client."""
    create = client.chat.completions.create
    create()  # E1 the messages are missing
    create(messages="hello")  # E2 no list of messages
    create(messages=[{"role": "wizard", "content": "hello"}])  # E3 unknown role
    create(messages=[{"role": "user", "contents": "hello"}])  # E4 unknown key
    create(messages=HELLO, temperature="hot")  # E5 wrong type
    create(messages=HELLO, temprature=0.5)  # E6 unknown argument
    create(HELLO)  # E7 by name only
    one: ChatCompletion = create(messages=HELLO, stream=True)  # E8 it is a stream
    create(messages=HELLO).choices[0].delta  # E9 an answer has no delta
    for chunk in create(messages=HELLO, stream=True):
        chunk.choices[0].message  # E10 a chunk has no message
    client.completions.create(messages=HELLO)  # E11 a text has a prompt
    client.completions.create(prompt=5)  # E12 wrong type
    answer.model = "other"  # E13 frozen
    text: str = message.content  # E14 perhaps there is none
    answer.choices[0].message.tool_calls[0]  # E15 perhaps there are none


async def async_mistakes(client: AsyncClient) -> None:
    """What the checkers must reject on an async client."""
    client.chat.completions.create(messages=HELLO).choices  # E16 not awaited
    async for chunk in client.chat.completions.create(messages=HELLO, stream=True):  # E17 not opened
        pass
    with client.completions.create(prompt="once", stream=True):  # E18 async with
        pass
