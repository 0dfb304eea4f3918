-- By default every database user may use every IAM role attached to the warehouse.
-- The revoke switches that off; from then on only what is granted here works, each role for one command and one user.
-- The linter's grammar has no such grants.

revoke assumerole on all from public for all; -- noqa: PRS

grant assumerole on '${copy_role_arn}' to "${load_user}" for copy;

grant assumerole on '${publish_role_arn}' to "${transform_user}" for unload;
