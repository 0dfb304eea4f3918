"""The engines behind the local AWS. What each module here offers to the gateway:

    SERVICES                                  optional: service name → ministack routing pattern
    start(context)                            before the gateway answers; not on the event loop
    stop()                                    ends every process that the engine started
    async handle_request(method, path, headers, body, query) → (status, headers, bytes)
                                              awaited on the event loop: use asyncio.to_thread for
                                              anything that blocks or calls the gateway itself
    get_state() / load_persisted_state(data)  JSON-able state, kept over down and up
    reset()                                   forget everything
    cloudformation_types()                    type → {"create", "update", "delete"}; run on worker
                                              threads, so they may call context.client(…)

`context` is local.context.Context. An engine that takes over part of a service hands the rest to
`await context.stock(service)(method, path, headers, body, query)`.
"""
