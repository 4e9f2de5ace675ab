//! `manent user`, `manent key`, `manent audit` and `manent secret`, without a server and beside one.

use crate::http::{request, status, status_for};
use crate::world::{Outcome, World};

const PASSWORD: &str = "correct horse battery staple\n";

fn run(world: &World, arguments: &[&str]) -> Outcome {
    world.run(&[arguments, &["--data-dir", "data"]].concat(), &[])
}

/// Runs a command that must succeed and gives what it printed.
fn done(world: &World, arguments: &[&str]) -> String {
    let outcome = run(world, arguments);
    assert_eq!(outcome.code, Some(0), "{arguments:?}: {}", outcome.errors);
    outcome.output
}

fn json(world: &World, arguments: &[&str]) -> serde_json::Value {
    let text = done(world, &[arguments, &["--json"]].concat());
    serde_json::from_str(&text).unwrap()
}

fn add(world: &World, arguments: &[&str]) -> Outcome {
    let arguments = [
        &["user", "add", "--password-stdin", "--data-dir", "data"],
        arguments,
    ]
    .concat();
    world.run_with_input(&arguments, &[], PASSWORD)
}

/// Two accounts: Ada, the first and so an administrator, and Bob.
fn with_two() -> World {
    let world = World::new();
    for email in ["ada@example.org", "bob@example.org"] {
        let added = add(&world, &[email]);
        assert_eq!(added.code, Some(0), "{}", added.errors);
    }
    world
}

fn serve(world: &World) -> crate::world::Running {
    let arguments = [
        "serve",
        "--mode",
        "accounts",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        "data",
        "--set",
        "accounts.registration=closed",
    ];
    world.start(&arguments, &[])
}

/// The whole answer.
fn sign_in(address: &str, email: &str, password: &str) -> String {
    let body = serde_json::json!({"email": email, "password": password}).to_string();
    request(address, "POST", "/auth/sign-in", &body)
}

fn sign_in_status(address: &str, email: &str, password: &str) -> u16 {
    status(&sign_in(address, email, password))
}

#[test]
fn the_first_account_is_an_administrators_and_others_are_users() {
    let world = World::new();
    let none = run(&world, &["user", "list"]);
    assert_eq!(none.code, Some(5));
    assert!(
        none.errors.contains("there is no database in"),
        "{}",
        none.errors
    );
    assert!(!world.path("data").exists(), "looking makes nothing");

    let first = add(&world, &["Ada@Example.org", "--name", "Ada Lovelace"]);
    assert_eq!((first.code, first.output.as_str()), (Some(0), ""));
    assert!(
        first
            .errors
            .contains("ada@example.org has an account now, as an administrator")
            && first.errors.contains("mode local"),
        "{}",
        first.errors
    );
    add(&world, &["bob@example.org"]);
    let again = add(&world, &["bob@example.org"]);
    assert_eq!(again.code, Some(5));
    assert!(
        again
            .errors
            .contains("another account has this e-mail address"),
        "{}",
        again.errors
    );

    let listed = json(&world, &["user", "list"]);
    let rows: Vec<_> = listed["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| {
            [
                &user["email"],
                &user["name"],
                &user["role"],
                &user["status"],
            ]
            .map(|value| value.as_str().unwrap())
        })
        .collect();
    assert_eq!(
        rows,
        [
            ["ada@example.org", "Ada Lovelace", "ADMIN", "active"],
            ["bob@example.org", "bob", "USER", "active"]
        ]
    );
    assert!(
        done(&world, &["user", "list"]).starts_with("EMAIL            NAME          ROLE   STATUS")
    );
    let shown = done(&world, &["user", "show", "ada@example.org"]);
    assert!(
        shown.contains("\nrole       ADMIN\n") && shown.contains("\npassword   yes\n"),
        "{shown}"
    );
}

#[test]
fn a_password_is_never_an_argument_and_one_that_is_too_short_is_refused() {
    let world = World::new();
    let as_argument = run(&world, &["user", "add", "a@example.org", "hunter2 hunter2"]);
    assert_eq!(as_argument.code, Some(2));
    let short = world.run_with_input(
        &[
            "user",
            "add",
            "a@example.org",
            "--password-stdin",
            "--data-dir",
            "data",
        ],
        &[],
        "short\n",
    );
    assert_eq!(short.code, Some(5));
    assert!(short.errors.contains("password"), "{}", short.errors);
    assert!(!short.errors.contains("short\n"), "{}", short.errors);
    let empty = world.run_with_input(
        &[
            "user",
            "add",
            "a@example.org",
            "--password-stdin",
            "--data-dir",
            "data",
        ],
        &[],
        "\n",
    );
    assert_eq!(empty.code, Some(5));
}

#[test]
fn the_last_administrator_stays() {
    let world = with_two();
    for arguments in [
        ["user", "disable", "ada@example.org"].as_slice(),
        &["user", "make-user", "ada@example.org"],
        &["user", "delete", "ada@example.org", "--yes"],
    ] {
        let refused = run(&world, arguments);
        assert_eq!(refused.code, Some(5), "{arguments:?}");
        assert!(
            refused.errors.contains("the last administrator"),
            "{}",
            refused.errors
        );
    }
    done(&world, &["user", "make-admin", "bob@example.org"]);
    done(&world, &["user", "make-user", "ada@example.org"]);
    let shown = json(&world, &["user", "show", "ada@example.org"]);
    assert_eq!(shown["role"], "USER");
    let asked = run(&world, &["user", "delete", "ada@example.org"]);
    assert_eq!(asked.code, Some(5));
    assert!(asked.errors.contains("--yes"), "{}", asked.errors);
    done(&world, &["user", "delete", "ada@example.org", "--yes"]);
    let gone = run(&world, &["user", "show", "ada@example.org"]);
    assert!(
        gone.errors.contains("there is no account ada@example.org"),
        "{}",
        gone.errors
    );
}

#[test]
fn a_running_server_knows_what_was_done_beside_it() {
    let world = with_two();
    let running = serve(&world);
    let address = running.address();
    assert_eq!(
        sign_in_status(address, "bob@example.org", PASSWORD.trim()),
        200
    );

    // Added, disabled and enabled while it runs.
    assert_eq!(add(&world, &["eve@example.org"]).code, Some(0));
    assert_eq!(
        sign_in_status(address, "eve@example.org", PASSWORD.trim()),
        200
    );
    done(&world, &["user", "disable", "bob@example.org"]);
    assert_eq!(
        sign_in_status(address, "bob@example.org", PASSWORD.trim()),
        403
    );
    done(&world, &["user", "enable", "bob@example.org"]);

    // A link for whoever forgot the password.
    let link = done(&world, &["user", "reset-password", "bob@example.org"]);
    assert!(
        link.starts_with("http://127.0.0.1:3080/reset-password#token="),
        "{link}"
    );
    let reset = world.run_with_input(
        &[
            "user",
            "reset-password",
            "bob@example.org",
            "--password-stdin",
            "--data-dir",
            "data",
        ],
        &[],
        "another good password\n",
    );
    assert_eq!(reset.code, Some(0), "{}", reset.errors);
    assert_eq!(
        sign_in_status(address, "bob@example.org", PASSWORD.trim()),
        401
    );
    assert_eq!(
        sign_in_status(address, "bob@example.org", "another good password"),
        200
    );
}

#[test]
fn a_key_is_shown_once_and_ends_with_its_revocation() {
    let world = with_two();
    let running = serve(&world);
    let address = running.address();
    let whose = run(&world, &["key", "create", "bot", "--scope", "read"]);
    assert_eq!(whose.code, Some(5));
    assert!(whose.errors.contains("--user"), "{}", whose.errors);
    let secret = done(
        &world,
        &[
            "key",
            "create",
            "bot",
            "--user",
            "bob@example.org",
            "--scope",
            "read,generate",
            "--expires",
            "90d",
        ],
    );
    let read = || status_for(address, "GET", "/conversations", secret.trim());
    assert_eq!(read(), 200);

    let listed = json(&world, &["key", "list", "--user", "bob@example.org"]);
    let key = &listed["keys"][0];
    assert_eq!(
        (&key["name"], &key["scopes"]),
        (
            &serde_json::json!("bot"),
            &serde_json::json!(["read", "generate"])
        )
    );
    assert!(!listed.to_string().contains(secret.trim()));
    done(&world, &["key", "revoke", key["id"].as_str().unwrap()]);
    assert_eq!(read(), 401);
    let admin = run(
        &world,
        &[
            "key",
            "create",
            "x",
            "--user",
            "bob@example.org",
            "--scope",
            "admin",
        ],
    );
    assert_eq!(admin.code, Some(5));
    assert!(
        admin
            .errors
            .contains("admin is only for keys of administrators"),
        "{}",
        admin.errors
    );
}

#[test]
fn the_audit_log_says_that_it_was_the_command_line_and_a_changed_entry_is_found() {
    let world = with_two();
    done(&world, &["user", "disable", "bob@example.org"]);
    let whole = json(&world, &["audit", "verify"]);
    assert_eq!(
        (&whole["whole"], &whole["entries"]),
        (&true.into(), &3.into())
    );
    let listed = json(&world, &["audit", "list", "--limit", "2"]);
    let kinds: Vec<_> = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["kind"], &entry["detail"]["by"]))
        .collect();
    let by = serde_json::json!("command line");
    let (disabled, created) = (
        serde_json::json!("account_disabled"),
        serde_json::json!("account_created"),
    );
    assert_eq!(kinds, [(&disabled, &by), (&created, &by)]);
    assert_eq!(
        json(&world, &["audit", "list"])["entries"][0]["hash"],
        whole["hash"]
    );
    assert_eq!(
        run(&world, &["audit", "list", "--kind", "nonsense"]).code,
        Some(5)
    );

    let database = rusqlite::Connection::open(world.path("data/manent.db")).unwrap();
    database
        .execute_batch(
            "DROP TRIGGER audit_is_never_changed; UPDATE audit SET at = at + 1 WHERE number = 2",
        )
        .unwrap();
    drop(database);
    let broken = run(&world, &["audit", "verify"]);
    assert_eq!(
        (broken.code, broken.output.as_str()),
        (
            Some(1),
            "The audit log is broken: entry 2 of the audit log: its content was changed.\n"
        )
    );
}

#[test]
fn a_secret_is_replaced_in_three_steps_and_nobody_is_signed_out() {
    let world = with_two();
    let running = serve(&world);
    let signed_in = sign_in(running.address(), "bob@example.org", PASSWORD.trim());
    let body = signed_in.split("\r\n\r\n").nth(1).unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let token = body["token"].as_str().unwrap();
    let rotated = run(&world, &["secret", "rotate"]);
    assert_eq!(rotated.code, Some(0), "{}", rotated.errors);
    let too_early = run(&world, &["secret", "reseal"]);
    assert_eq!(too_early.code, Some(5));
    assert!(
        too_early.errors.contains("start it again"),
        "{}",
        too_early.errors
    );
    drop(running);

    let running = serve(&world);
    let resealed = run(&world, &["secret", "reseal"]);
    assert_eq!(resealed.code, Some(0), "{}", resealed.errors);
    assert!(
        resealed.errors.contains("With secret number 2"),
        "{}",
        resealed.errors
    );
    assert_eq!(status_for(running.address(), "GET", "/account", token), 200);
}

#[test]
fn an_entry_that_was_made_unreadable_is_named_and_a_lost_end_too() {
    for (statement, entry, reason) in [
        (
            "UPDATE audit SET kind = kind || 'x' WHERE number = 2",
            2,
            "its column audit.kind holds a value that cannot be read",
        ),
        (
            "UPDATE audit SET previous = x'00' WHERE number = 2",
            2,
            "its column audit.previous holds a value that cannot be read",
        ),
        (
            "DELETE FROM audit_head",
            2,
            "the log ends here, and the record of its end, which the store keeps beside it, is missing or cannot be read",
        ),
    ] {
        let world = with_two();
        let database = rusqlite::Connection::open(world.path("data/manent.db")).unwrap();
        let change = format!("DROP TRIGGER audit_is_never_changed; {statement}");
        database.execute_batch(&change).unwrap();
        drop(database);
        let told = run(&world, &["audit", "verify"]);
        let sentence =
            format!("The audit log is broken: entry {entry} of the audit log: {reason}.\n");
        assert_eq!(
            (told.code, told.output),
            (Some(1), sentence),
            "{}",
            told.errors
        );
        let told = run(&world, &["audit", "verify", "--json"]);
        let told: (_, serde_json::Value) = (told.code, serde_json::from_str(&told.output).unwrap());
        let expected = serde_json::json!({"whole": false, "entry": entry, "reason": reason});
        assert_eq!(told, (Some(1), expected));
        let listed = run(&world, &["audit", "list"]);
        let is_readable = statement.contains("audit_head");
        assert_eq!(
            listed.code,
            Some(i32::from(!is_readable)),
            "{}",
            listed.errors
        );
        assert_eq!(
            listed
                .errors
                .contains("entry 2 of the audit log cannot be read"),
            !is_readable
        );
    }
}

/// What a second factor looks like that another secret encrypted.
fn with_second_factor_of_another_secret(world: &World) {
    let blob = vec!["7"; 60].join(",");
    let sealed = format!(
        r#"{{"active":{{"secret":{{"keyVersion":1,"blob":[{blob}]}},"lastStep":1,"backupCodes":[],"since":"2026-01-01T00:00:00Z"}}}}"#
    );
    let database = rusqlite::Connection::open(world.path("data/manent.db")).unwrap();
    let sql = "UPDATE accounts SET two_factor = ?1 WHERE email = 'bob@example.org'";
    assert_eq!(database.execute(sql, [sealed]).unwrap(), 1);
}

const SERVE: [&str; 5] = ["serve", "--mode", "accounts", "--listen", "127.0.0.1:0"];

#[test]
fn a_server_does_not_start_with_another_secret_than_what_is_stored_until_it_is_adopted() {
    let world = with_two();
    drop(serve(&world));
    with_second_factor_of_another_secret(&world);
    let file = world.path("data/secret.key");
    let lost = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let missing = run(&world, &SERVE);
    assert_eq!(missing.code, Some(1), "{}", missing.errors);
    for words in [
        "secret.key is missing, with which 1 second factors and 0 keys for providers of this database were encrypted",
        "manent secret adopt",
    ] {
        assert!(missing.errors.contains(words), "{}", missing.errors);
    }
    assert!(!file.exists(), "no secret is made in its place");

    let other = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeef01";
    let configured = format!("accounts.secret={other}");
    let with_other = [SERVE.as_slice(), &["--set", &configured]].concat();
    let refused = run(&world, &with_other);
    assert_eq!(refused.code, Some(1), "{}", refused.errors);
    assert!(
        refused.errors.contains("manent secret adopt"),
        "{}",
        refused.errors
    );

    let adopted = run(&world, &["secret", "adopt", "--set", &configured]);
    assert_eq!(adopted.code, Some(0), "{}", adopted.errors);
    assert!(
        adopted
            .errors
            .contains("1 second factors and 0 keys for providers do not open"),
        "{}",
        adopted.errors
    );
    let listed = json(&world, &["audit", "list", "--limit", "1"]);
    assert_eq!(listed["entries"][0]["kind"], "secret_adopted");
    let running = [with_other.as_slice(), &["--data-dir", "data"]].concat();
    let running = world.start(&running, &[]);
    assert_eq!(
        sign_in_status(running.address(), "ada@example.org", PASSWORD.trim()),
        200
    );
    drop(running);

    std::fs::write(&file, lost).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(
        run(&world, &SERVE).code,
        Some(1),
        "the old one is another one now"
    );
}

#[test]
fn another_secret_is_taken_when_nothing_is_encrypted_with_the_old_one() {
    let world = with_two();
    drop(serve(&world));
    std::fs::remove_file(world.path("data/secret.key")).unwrap();
    let mut running = serve(&world);
    running.wait_for_log("another secret than at its last start");
    assert_eq!(
        sign_in_status(running.address(), "ada@example.org", PASSWORD.trim()),
        200
    );
}

#[test]
fn a_key_that_ends_at_no_time_is_a_mistake_on_the_command_line() {
    let world = with_two();
    let create = [
        "key",
        "create",
        "me",
        "--user",
        "bob@example.org",
        "--scope",
        "read",
        "--expires",
    ];
    for when in ["99999999999d", "soon", ""] {
        let refused = run(&world, &[create.as_slice(), &[when]].concat());
        assert_eq!(refused.code, Some(2), "{when}: {}", refused.errors);
        assert!(
            refused.errors.contains("write 12h, 90d, 8w"),
            "{}",
            refused.errors
        );
    }
}

#[test]
fn a_chat_is_known_by_its_key_and_without_one_it_waits() {
    let world = with_two();
    let running = serve(&world);
    let url = format!("http://{}", running.address());
    let chat = |variables: &[(&str, &str)]| {
        let arguments = ["chat", "--url", &url, "--wait", "1", "--data-dir", "device"];
        world.run_with_input(&arguments, variables, "Hello\n")
    };
    let unknown = chat(&[]);
    assert_eq!((unknown.code, unknown.output.as_str()), (Some(6), ""));
    assert!(
        unknown.errors.contains("MANENT_KEY or --key-file"),
        "{}",
        unknown.errors
    );
    let create = ["key", "create", "me", "--user", "bob@example.org"];
    let scopes = ["--scope", "read,write,generate"];
    let key = done(&world, &[create.as_slice(), &scopes].concat());
    // What waited goes out with the key.
    let known = chat(&[("MANENT_KEY", key.trim())]);
    assert_eq!(known.code, Some(0), "{}", known.errors);
    assert!(!known.output.is_empty());
    let headers = format!("authorization: Bearer {}\r\n", key.trim());
    let found =
        crate::http::request_with(running.address(), "GET", "/search?q=Hello", &headers, "");
    assert!(found.matches("Hello").count() >= 2, "{found}");
}
