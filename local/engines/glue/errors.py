"""What the Glue API answers when it can't do a thing."""


class GlueError(Exception):
    """An error of the API: `code` as AWS names it, status 400 as with every client error of Glue."""

    status = 400

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> GlueError:
    return GlueError("InvalidInputException", message)


def not_found(kind: str, name: str) -> GlueError:
    return GlueError("EntityNotFoundException", f"{kind} {name} not found.")


def exists(kind: str, name: str) -> GlueError:
    return GlueError("AlreadyExistsException", f"{kind} {name} already exists.")


def not_emulated(what: str) -> GlueError:
    """AWS could do it and we can't: said aloud, so that nobody takes silence for success."""
    return GlueError("InvalidInputException", f"Not emulated by the local AWS: {what}")
