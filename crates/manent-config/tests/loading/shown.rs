use crate::world::World;

#[test]
fn shows_every_value_with_its_origin() {
    let world = World::new()
        .config("listen = \"127.0.0.1:1\"\n[sse]\nheartbeat = \"3s\"\n")
        .variable("MANENT_LOG", "debug")
        .variable("MANENT_DATABASE__URL", "postgres://me:hunter2@db/manent")
        .flag("--data-dir", "data_dir", "/there");
    insta::assert_snapshot!(world.shown(), @r#"
listen = "127.0.0.1:1"  # manent.toml:1
mode = "local"  # default
data_dir = "/there"  # --data-dir
providers_from_environment = true  # default
demo = true  # default

[log]
filter = "debug"  # MANENT_LOG
format = "auto"  # default

[accounts]
registration = "open"  # default
min_password_length = 8  # default
access_token_life = "15m"  # default
session_life = "168h"  # default
refresh_grace = "1m"  # default
recheck_interval = "5s"  # default
secure_cookies = "auto"  # default

[oidc]
scopes = "openid profile email"  # default
label = "OpenID"  # default
automatic = false  # default
passwords = false  # default
create_accounts = true  # default
link_passwords = false  # default
trust_email = false  # default
required_role_path = "roles"  # default
required_role_in = "id_token"  # default
admin_role_path = "roles"  # default
admin_role_in = "id_token"  # default
end_session = true  # default
timeout = "10s"  # default

[librechat]
enabled = false  # default

[mail]
tls = "starttls"  # default

[limits]
body_bytes = 3000000  # default
max_connections = 1000  # default
message_text_bytes = 262144  # default
message_image_bytes = 2900000  # default
message_parts = 1000  # default
batch_items = 200  # default
prompt_messages = 10000  # default
title_characters = 200  # default
system_bytes = 65536  # default
budget_period = "24h"  # default

[http]
header_read_timeout = "30s"  # default
body_read_timeout = "20s"  # default
write_timeout = "1m"  # default
shutdown_grace = "30s"  # default

[sse]
heartbeat = "3s"  # manent.toml:3

[database]
url = "postgres://me:********@db/manent"  # MANENT_DATABASE__URL
pool_size = 10  # default
acquire_timeout = "5s"  # default
statement_timeout = "10s"  # default
start_wait = "30s"  # default
writers = 4  # default
missed_check_interval = "5s"  # default

[store]
synchronous = "full"  # default
readers = 4  # default
group_max_writes = 512  # default
group_max_bytes = 8388608  # default
queue_max_bytes = 67108864  # default
queue_wait = "5s"  # default
read_timeout = "10s"  # default
lock_wait = "5s"  # default

[runs]
flush_interval = "100ms"  # default
snapshot_interval = "2s"  # default
heartbeat_interval = "2s"  # default
dead_after = "8s"  # default
registration_wait = "75ms"  # default
store_wait = "2s"  # default
join_wait = "5s"  # default
parent_wait = "1m"  # default
log_retention = "24h"  # default
max_running = 2000  # default

[journal]
enabled = true  # default
max_bytes = 268435456  # default

[testing]
sign_in_switch = false  # default

# No provider is configured: the built-in demonstration answers.
"#);
}

#[test]
fn what_is_shown_can_be_read_again() {
    let world = World::new()
        .config("[[providers]]\nid = \"a\"\nkind = \"openai\"\napi_key_env = \"KEY\"\nmodels = [{ model = \"m\", vision = true }, \"n\"]\n")
        .variable("KEY", "abc")
        .variable("MANENT_LISTEN", "127.0.0.1:1");
    let again = World::new()
        .config(world.load().show())
        .variable("KEY", "abc");
    assert_eq!(again.problems(), "");
    assert_eq!(
        format!("{:?}", again.configuration()),
        format!("{:?}", world.configuration())
    );
}
