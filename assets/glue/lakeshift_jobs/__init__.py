"""What Lakeshift's pipeline steps share: pure functions, and thin clients of the services they call.

Runs on Python 3.9 (Glue Python shell) and 3.11 (Glue Spark).
"""
