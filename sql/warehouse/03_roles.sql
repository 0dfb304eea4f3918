-- Grants go to roles, never to users: an environment's people and jobs then differ in one place only.

create role loader;

create role transformer;

create role checker;

create role analyst;

grant role loader to "${load_user}";

grant role transformer to "${transform_user}";

grant role checker to "${check_user}";
