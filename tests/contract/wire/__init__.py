"""The exact bytes that both SDKs send, held against those that were recorded."""
