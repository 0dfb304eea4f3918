-- The Data API logs a job in under the name of its IAM role, so no job has a password.
-- The names must exist before anything can be granted to them.

create user "${load_user}" password disable;

create user "${transform_user}" password disable;

create user "${check_user}" password disable;
