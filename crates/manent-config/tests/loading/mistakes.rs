use crate::world::World;

#[test]
fn reports_every_mistake_of_every_layer_at_once() {
    let world = World::new()
        .config(
            r#"listen = "0.0.0.0:80"
lisen = "127.0.0.1:1"
data_dir = 7
[log]
filter = "loud"
format = "jsno"
[limits]
batch_items = 0
shutdown_grace = "1s"
title_characters = 2.5
[http]
shutdown_grace = 30
body_read_timeout = "forever"
[htpp]
a = 1
[store]
readers = "many"
synchronous = true
"#,
        )
        .variable("MANENT_LISTN", "127.0.0.1:1")
        .variable("MANENT_HTTP_SHUTDOWN_GRACE", "1s")
        .variable("MANENT_SSE__HEARTBEAT", "10")
        .variable("MANENT_DEMO", "maybe")
        .flag("--set", "limits.batch_itmes", "4")
        .flag("--log-format", "log.format", "xml");
    insta::assert_snapshot!(world.problems(), @r#"
manent.toml:1: `listen` is 0.0.0.0:80, which others can reach, but in the mode local nobody signs in; set `mode = "accounts"` (--mode accounts, MANENT_MODE=accounts), or use 127.0.0.1:80 and reach it from another machine through an SSH tunnel
manent.toml:2: unknown setting `lisen`; did you mean `listen`?
manent.toml:3: `data_dir` must be a path, but is the number 7
manent.toml:5: `log.filter` must be a level (off, error, warn, info, debug or trace), or directives such as "info,manent_server=debug", but is "loud"
manent.toml:6: `log.format` must be "auto", "text" or "json", but is "jsno"; did you mean `json`?
manent.toml:8: `limits.batch_items` must be a whole number of messages from 1 to 10,000, but is the number 0
manent.toml:9: unknown setting `limits.shutdown_grace`; did you mean `http.shutdown_grace`?
manent.toml:10: `limits.title_characters` must be a whole number of characters from 1 to 10,000, but is the number 2.5
manent.toml:12: `http.shutdown_grace` must be a duration such as "10s" or "500ms", from 0s to 10m, but is the number 30; write "30s" for seconds
manent.toml:13: `http.body_read_timeout` must be a duration such as "10s" or "500ms", from 100ms to 1h, but is "forever"
manent.toml:14: unknown section `htpp`; did you mean `http`?
manent.toml:17: `store.readers` must be a whole number of connections from 1 to 64, but is "many"
manent.toml:18: `store.synchronous` must be "full" or "normal", but is true
MANENT_DEMO: `demo` must be true or false, but is "maybe"
MANENT_HTTP_SHUTDOWN_GRACE: unknown variable; did you mean MANENT_HTTP__SHUTDOWN_GRACE?
MANENT_LISTN: unknown variable; did you mean MANENT_LISTEN?
MANENT_SSE__HEARTBEAT: `sse.heartbeat` must be a duration such as "10s" or "500ms", from 100ms to 55s, but is "10"; write 10s for seconds
--log-format: `log.format` must be "auto", "text" or "json", but is "xml"
--set: unknown setting `limits.batch_itmes`; did you mean `limits.batch_items`?
"#);
}

#[test]
fn reports_values_that_do_not_go_together() {
    let world = World::new()
        .config(
            "[limits]\nsystem_bytes = 200_000\nmessage_text_bytes = 50_000\nmessage_image_bytes = 4_000_000\n",
        )
        .variable("MANENT_LIMITS__BODY_BYTES", "100000");
    insta::assert_snapshot!(world.problems(), @r#"
MANENT_LIMITS__BODY_BYTES: `limits.message_image_bytes` (4000000, manent.toml:4) must be smaller than `limits.body_bytes` (100000, MANENT_LIMITS__BODY_BYTES), in which it travels
MANENT_LIMITS__BODY_BYTES: `limits.system_bytes` (200000, manent.toml:2) must be smaller than `limits.body_bytes` (100000, MANENT_LIMITS__BODY_BYTES), in which it travels
"#);
}

#[test]
fn tells_a_wrong_value_even_where_a_later_layer_overrides_it() {
    let world = World::new()
        .config("listen = \"here\"")
        .variable("MANENT_LISTEN", "127.0.0.1")
        .flag("--listen", "listen", "127.0.0.1:0");
    insta::assert_snapshot!(world.problems(), @r#"
manent.toml:1: `listen` must be an address with a port such as "127.0.0.1:3080", but is "here"
MANENT_LISTEN: `listen` must be an address with a port such as "127.0.0.1:3080", but is "127.0.0.1"; add the port
"#);
}

#[test]
fn explains_broken_toml_with_its_lines_and_still_reads_the_rest() {
    let world = World::new().config(
        "listen = \ndemo = true\ndemo = false\n[limits\nbatch_items = 5\n[store]\nreaders = 0\n",
    );
    insta::assert_snapshot!(world.problems(), @r#"
manent.toml:1: is not valid TOML: string values must be quoted, expected literal string
manent.toml:3: is not valid TOML: duplicate key
manent.toml:4: is not valid TOML: unclosed table, expected `]`
manent.toml:7: `store.readers` must be a whole number of connections from 1 to 64, but is the number 0
"#);
}

#[test]
fn explains_keys_in_the_wrong_shape() {
    let world =
        World::new().config("log = \"debug\"\nproviders = \"anthropic\"\nlisten = { port = 1 }\n");
    insta::assert_snapshot!(world.problems(), @r#"
manent.toml:1: `log` is a section; set what is inside: `log.filter`, `log.format`
manent.toml:2: `providers` is a list: begin each provider with [[providers]] and give it an `id`
manent.toml:3: `listen` must be an address with a port such as "127.0.0.1:3080", but is a table
"#);
}

#[test]
fn explains_a_named_file_that_is_missing_or_not_text() {
    let missing = World::new().config_flag("nowhere.toml");
    let by_variable = World::new().variable("MANENT_CONFIG", "nowhere.toml");
    let directory = World::new().file("manent.toml/inside", "");
    let not_text = World::new().config(b"demo = true\nlisten = \"\xff\"\n");
    let problems = [missing, by_variable, directory, not_text].map(|world| world.problems());
    insta::assert_snapshot!(problems.join("\n"), @r#"
--config: the configuration file nowhere.toml cannot be read: No such file or directory (os error 2)
MANENT_CONFIG: the configuration file nowhere.toml cannot be read: No such file or directory (os error 2)
manent.toml: cannot be read: Is a directory (os error 21)
manent.toml: is not UTF-8 (line 2); save it as UTF-8
"#);
}

#[test]
fn refuses_variables_that_contradict_each_other_or_are_no_text() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = std::ffi::OsString::from_vec(vec![0xff]);
    let world = World::new()
        .variable("MANENT_LOG", "debug")
        .variable("MANENT_LOG__FILTER", "info")
        .variable("MANENT_DATA_DIR", bytes);
    insta::assert_snapshot!(world.problems(), @r#"
MANENT_DATA_DIR: is not UTF-8
MANENT_LOG__FILTER: says something else than MANENT_LOG; unset one of them
"#);
}

#[test]
fn refuses_addresses_that_others_can_reach() {
    let problems: Vec<String> = ["0.0.0.0:3080", "192.168.1.4:80", "[::]:3080"]
        .into_iter()
        .map(|address| World::new().flag("--listen", "listen", address).problems())
        .collect();
    insta::assert_snapshot!(problems.join("\n"), @r#"
--listen: `listen` is 0.0.0.0:3080, which others can reach, but in the mode local nobody signs in; set `mode = "accounts"` (--mode accounts, MANENT_MODE=accounts), or use 127.0.0.1:3080 and reach it from another machine through an SSH tunnel
--listen: `listen` is 192.168.1.4:80, which others can reach, but in the mode local nobody signs in; set `mode = "accounts"` (--mode accounts, MANENT_MODE=accounts), or use 127.0.0.1:80 and reach it from another machine through an SSH tunnel
--listen: `listen` is [::]:3080, which others can reach, but in the mode local nobody signs in; set `mode = "accounts"` (--mode accounts, MANENT_MODE=accounts), or use 127.0.0.1:3080 and reach it from another machine through an SSH tunnel
"#);
    for address in ["127.0.0.2:1", "[::1]:1", "localhost:1"] {
        let world = World::new().flag("--listen", "listen", address);
        assert_eq!(world.problems(), "", "{address}");
    }
}

#[test]
fn accounts_ask_for_what_they_need() {
    let open = || {
        World::new()
            .flag("--listen", "listen", "0.0.0.0:3080")
            .flag("--mode", "mode", "accounts")
    };
    let url = |world: World| world.variable("MANENT_PUBLIC_URL", "https://chat.example.org");
    let problems = [
        open().problems(),
        url(open()).problems(),
        url(open())
            .variable("MANENT_ACCOUNTS__SECRET", "short")
            .problems(),
        url(open())
            .variable("MANENT_DATABASE__URL", "postgres://manent@localhost/manent")
            .problems(),
        url(open())
            .variable("MANENT_DATABASE__URL", "postgres://manent@localhost/manent")
            .variable("MANENT_ACCOUNTS__SECRET", "x".repeat(32))
            .problems(),
    ];
    insta::assert_snapshot!(problems.join("\n"), @r#"
--listen: `listen` is 0.0.0.0:3080, which others can reach; set `public_url` (MANENT_PUBLIC_URL) to the address under which they do, such as "https://chat.example.org"

MANENT_ACCOUNTS__SECRET: `accounts.secret` must have at least 32 characters; `openssl rand -hex 32` makes a good one
--mode: servers that share a database must share the secret from which tokens are made; set `accounts.secret_file` (MANENT_ACCOUNTS__SECRET_FILE) to a file that is the same for all of them
"#);
}

#[test]
fn the_mode_oidc_needs_a_provider_and_a_provider_the_mode() {
    let oidc = || World::new().flag("--mode", "mode", "oidc");
    let issuer = |world: World, text: &str| world.variable("MANENT_OIDC__ISSUER", text);
    let problems = [
        oidc().problems(),
        issuer(oidc(), "https://login.example.org").problems(),
        issuer(oidc(), "http://login.example.org").problems(),
        issuer(World::new(), "https://login.example.org").problems(),
        issuer(oidc(), "https://login.example.org")
            .variable("MANENT_OIDC__CLIENT_ID", "manent")
            .variable("MANENT_OIDC__SCOPES", "profile")
            .problems(),
    ];
    insta::assert_snapshot!(problems.join("\n"), @r#"
--mode: the mode oidc needs a provider; set `oidc.issuer` (MANENT_OIDC__ISSUER)
--mode: the mode oidc needs a provider; set `oidc.client_id` (MANENT_OIDC__CLIENT_ID)
--mode: the mode oidc needs a provider; set `oidc.client_id` (MANENT_OIDC__CLIENT_ID)
MANENT_OIDC__ISSUER: `oidc.issuer` must be the provider's https:// address, exactly as it names itself (http:// on this machine alone), but is "http://login.example.org"
--mode: the mode oidc needs a provider; set `oidc.client_id` (MANENT_OIDC__CLIENT_ID)
MANENT_OIDC__ISSUER: `oidc.issuer` is set, but nobody signs in through a provider in this mode; set `mode = "oidc"` (--mode oidc, MANENT_MODE=oidc), and `oidc.passwords = true` where passwords shall go on beside it
MANENT_OIDC__SCOPES: `oidc.scopes` must be scopes with blanks between them, openid among them, but is "profile"
"#);
    let whole = issuer(oidc(), "https://login.example.org/")
        .variable("MANENT_OIDC__CLIENT_ID", "manent")
        .flag("--listen", "listen", "0.0.0.0:80")
        .variable("MANENT_PUBLIC_URL", "https://chat.example.org");
    assert_eq!(whole.problems(), "");
}

#[test]
fn hints_at_what_is_missing_in_an_address() {
    let problems: Vec<String> = [
        "127.0.0.1",
        "3080",
        ":3080",
        "http://127.0.0.1:3080/",
        "localhost",
        "127.0.0.1:99999",
    ]
    .into_iter()
    .map(|address| World::new().variable("MANENT_LISTEN", address).problems())
    .collect();
    insta::assert_snapshot!(problems.join("\n"), @r#"
MANENT_LISTEN: `listen` must be an address with a port such as "127.0.0.1:3080", but is "127.0.0.1"; add the port
MANENT_LISTEN: `listen` must be an address with a port such as "127.0.0.1:3080", but is "3080"; write the address before the port
MANENT_LISTEN: `listen` must be an address with a port such as "127.0.0.1:3080", but is ":3080"; write the address before the port
MANENT_LISTEN: `listen` must be an address with a port such as "127.0.0.1:3080", but is "http://127.0.0.1:3080/"; leave out what stands before and after the address and the port
MANENT_LISTEN: `listen` must be an address with a port such as "127.0.0.1:3080", but is "localhost"; add the port
MANENT_LISTEN: `listen` must be an address with a port such as "127.0.0.1:3080", but is "127.0.0.1:99999"
"#);
}

#[test]
fn refuses_a_data_directory_that_is_a_file() {
    let world = World::new()
        .file("occupied", "")
        .variable("MANENT_DATA_DIR", "occupied");
    insta::assert_snapshot!(world.problems(), @"MANENT_DATA_DIR: `data_dir` is /test/work/occupied, which is no directory");
}

#[test]
fn asks_for_a_data_directory_where_the_platform_has_none() {
    let mut sources = World::new().sources();
    sources.platform = manent_config::Platform::default();
    let loaded = manent_config::load(&sources);
    insta::assert_snapshot!(loaded.into_config().unwrap_err(), @"there is no home directory, so there is no usual place for the data; set `data_dir` (--data-dir, MANENT_DATA_DIR)");
}

#[test]
fn a_database_address_is_explained_without_its_password() {
    let world = World::new()
        .config(
            r#"
[database]
url = "mysql://me:hunter2@db/manent"
[runs]
heartbeat_interval = "10s"
"#,
        )
        .variable("MANENT_DATABASE__URL", "postgres://me:hunter2@db")
        .flag("--set", "database.url", "postgres://me:********@db/manent");
    insta::assert_snapshot!(world.problems(), @r#"
manent.toml:3: `database.url` must be "sqlite:", "sqlite:DIRECTORY" or "postgres://USER:PASSWORD@HOST:PORT/DATABASE", but is not
manent.toml:5: `runs.dead_after` ("8s", default) must be at least twice `runs.heartbeat_interval` ("10s", manent.toml:5), or runs that live are taken for dead
MANENT_DATABASE__URL: `database.url` names no database; write postgres://USER:PASSWORD@HOST:PORT/DATABASE
--set: `database.url` has the mask that `manent config show` prints for a password; put the password itself there
"#);
}

#[test]
fn mail_needs_all_of_it_and_sends_no_password_in_the_open() {
    let of = |text: String| World::new().config(text).problems();
    let problems = |file: &str| of(format!("mode = \"accounts\"\n[mail]\n{file}"));
    let whole = "host = \"smtp.example.org\"\nfrom = \"Manent <a@example.org>\"\nuser = \"a\"\npassword = \"b\"\n";
    let with_address = |file: &str| {
        of(format!(
            "mode = \"accounts\"\npublic_url = \"https://chat.example.org\"\n[mail]\n{file}"
        ))
    };
    assert_eq!(with_address(whole), "");
    let open = format!("{whole}tls = \"none\"\n");
    for (problems, part) in [
        (
            problems("from = \"a@example.org\"\n"),
            "no server that takes it",
        ),
        (problems(whole), "set `public_url`"),
        (with_address("host = \"localhost\"\n"), "set `mail.from`"),
        (
            with_address("host = \"localhost\"\nfrom = \"a@b\"\nuser = \"x\"\n"),
            "`mail.password_file`",
        ),
        (
            with_address("host = \"localhost\"\nfrom = \"a@b\"\npassword = \"x\"\n"),
            "set `mail.user`",
        ),
        (with_address(&open), "for everybody to read"),
    ] {
        assert!(
            problems.lines().count() == 1 && problems.contains(part),
            "{part}: {problems}"
        );
    }
}

#[test]
fn prices_are_exact_amounts_and_come_in_pairs() {
    let world = World::new().config(
        "[limits]\nbudget_cost = -1\n[[providers]]\nid = \"one\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\ninput_price = 0.0000001\noutput_price = \"two\"\n\
         [[providers]]\nid = \"two\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\noutput_price = 2\n\
         [[providers]]\nid = \"three\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\nmodels = [{ model = \"m\", input_price = 1 }]\n",
    );
    insta::assert_snapshot!(world.problems(), @r#"
manent.toml:2: `limits.budget_cost` must be an amount of US dollars such as 2.50, from 0 to 1,000,000, with six digits behind the point at most, but is the number -1
manent.toml:7: `providers.one.input_price` must be an amount of US dollars such as 2.50, from 0 to 100,000, with six digits behind the point at most, but is the number 0.0000001
manent.toml:8: `providers.one.output_price` must be an amount of US dollars such as 2.50, from 0 to 100,000, with six digits behind the point at most, but is "two"
manent.toml:13: `providers.two` has an incomplete price; give both `input_price` and `output_price`
manent.toml:18: `providers.three.models` has an incomplete price for "m"; give both `input_price` and `output_price`
"#);
}

#[test]
fn a_budget_in_money_needs_the_price_of_every_listed_model() {
    let priced = "[[providers]]\nid = \"one\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\nmodels = [\"plain\", { model = \"priced\", input_price = 0.25, output_price = 2 }]\n\
         [[providers]]\nid = \"rehearsal\"\nkind = \"scripted\"\n\
         [[providers]]\nid = \"theirs\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\napi_key = \"user_provided\"\nmodels = [\"any\"]\n";
    let config =
        |more: &str| format!("mode = \"accounts\"\n[limits]\nbudget_cost = 5\n{priced}{more}");
    insta::assert_snapshot!(World::new().config(config("")).problems(), @"manent.toml:3: `limits.budget_cost` is set, so every model needs a price; set `input_price` and `output_price` in `models` of the provider one, or for the whole provider (missing: plain)");
    let whole = config("").replace("kind = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\nmodels = [\"plain\"", "kind = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\ninput_price = 1\noutput_price = 2\nmodels = [\"plain\"");
    assert_eq!(World::new().config(&whole).problems(), "");
}
