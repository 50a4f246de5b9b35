"""What a bound endpoint is: a call, a pager, a stream, a download or a flow, blocking or awaited."""
