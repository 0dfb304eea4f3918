"""Reads scripts by name from stdin, as JSON, and writes what each means: its syntax without comments and docstrings."""

import ast
import json
import sys


def meaning(text):
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return text
    # a script that reads __doc__ says it to somebody
    if not any(isinstance(node, ast.Name) and node.id == "__doc__" for node in ast.walk(tree)):
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                if ast.get_docstring(node, clean=False) is not None:
                    node.body = node.body[1:]
    return ast.dump(tree)


json.dump({name: meaning(text) for name, text in json.load(sys.stdin).items()}, sys.stdout)
