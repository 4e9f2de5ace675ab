use crate::world::{World, without_rules};

#[test]
fn check_explains_every_mistake_and_ends_with_code_1() {
    let world = World::new();
    world.file("rules.toml", "[[rule]]\nnonsense = 1\n");
    world.file(
        "manent.toml",
        "lisen = 1\n[http]\nshutdown_grace = \"soon\"\n[[providers]]\nid = \"play\"\nkind = \"scripted\"\nrules = \"rules.toml\"\n\
         [[providers]]\nid = \"far\"\nkind = \"openai\"\nbase_url = \"http://example.org/v1\"\napi_key = \"hush\"\n",
    );
    let outcome = world.run(
        &[
            "config",
            "check",
            "--listen",
            "0.0.0.0:3080",
            "--set",
            "limits.batch_items=many",
        ],
        &[("MANENT_LGO", "debug")],
    );
    assert_eq!((outcome.code, outcome.errors.as_str()), (Some(1), ""));
    insta::assert_snapshot!(without_rules(&outcome.output), @r#"
The configuration has 6 mistakes (file: /home/work/manent.toml):

  manent.toml:1: unknown setting `lisen`; did you mean `listen`?
  manent.toml:3: `http.shutdown_grace` must be a duration such as "10s" or "500ms", from 0s to 10m, but is "soon"
  MANENT_LGO: unknown variable; did you mean MANENT_LOG?
  --listen: `listen` is 0.0.0.0:3080, which others can reach, but in the mode local nobody signs in; set `mode = "accounts"` (--mode accounts, MANENT_MODE=accounts), or use 127.0.0.1:3080 and reach it from another machine through an SSH tunnel
  --set limits.batch_items: `limits.batch_items` must be a whole number of messages from 1 to 10,000, but is "many"
  the rules file /home/work/rules.toml has 2 mistakes:
  manent.toml:11: warning: `providers.far.base_url` sends the key unencrypted; use https:// unless the network is your own
"#);
}

#[test]
fn check_is_content_with_the_sample() {
    let world = World::new();
    let sample = world.run(&["config", "sample"], &[]);
    assert_eq!((sample.code, sample.errors.as_str()), (Some(0), ""));
    world.file("manent.toml", &sample.output);
    let outcome = world.run(&["config", "check"], &[]);
    assert_eq!((outcome.code, outcome.errors.as_str()), (Some(0), ""));
    insta::assert_snapshot!(outcome.output, @"The configuration is fine (file: /home/work/manent.toml).");
}

#[test]
fn the_sample_is_the_example_file_of_the_repository() {
    let outcome = World::new().run(&["config", "sample"], &[]);
    assert!(outcome.output == include_str!("../../../../manent.example.toml"));
}

#[test]
fn show_tells_where_values_come_from_and_masks_keys() {
    let world = World::new();
    world.file("manent.toml", "[sse]\nheartbeat = \"3s\"\n");
    let outcome = world.run(
        &["config", "show", "--listen", "127.0.0.1:1"],
        &[
            ("MANENT_LOG", "debug"),
            ("MANENT_DATABASE__URL", "postgres://me:hush@db/manent"),
            ("ANTHROPIC_API_KEY", "hush"),
        ],
    );
    assert_eq!((outcome.code, outcome.errors.as_str()), (Some(0), ""));
    let chosen: Vec<&str> = outcome
        .output
        .lines()
        .filter(|line| !line.is_empty() && !line.ends_with("# default"))
        .collect();
    insta::assert_snapshot!(chosen.join("\n"), @r#"
# The configuration, with the file /home/work/manent.toml.
listen = "127.0.0.1:1"                        # --listen
[log]
filter = "debug"                              # MANENT_LOG
[accounts]
[oidc]
[librechat]
[mail]
[limits]
[http]
[sse]
heartbeat = "3s"                              # manent.toml:2
[database]
url = "postgres://me:********@db/manent"      # MANENT_DATABASE__URL
[store]
[runs]
[journal]
[testing]
[[providers]]
id = "anthropic"                              # ANTHROPIC_API_KEY
kind = "anthropic"                            # ANTHROPIC_API_KEY
api_key = "********"                          # ANTHROPIC_API_KEY
"#);
    assert!(!outcome.output.contains("hush"));
}

#[test]
fn show_tells_mistakes_too() {
    let outcome = World::new().run(&["config", "show"], &[("MANENT_LISTEN", "here")]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.output.contains("listen = \"127.0.0.1:3080\""));
    insta::assert_snapshot!(outcome.errors, @r#"
manent: the configuration has 1 mistake:
  MANENT_LISTEN: `listen` must be an address with a port such as "127.0.0.1:3080", but is "here"
"#);
}

#[test]
fn path_tells_which_file_is_read() {
    let world = World::new();
    let none = world.run(&["config", "path"], &[]);
    world.file("manent.toml", "");
    let found = world.run(&["config", "path"], &[]);
    let missing = world.run(&["config", "path", "--config", "other.toml"], &[]);
    insta::assert_snapshot!(format!("{none:#?}\n{found:#?}\n{missing:#?}"), @r#"
Outcome {
    code: Some(
        0,
    ),
    output: "No configuration file is read. Manent looks for:\n  /home/work/manent.toml\n  /home/.config/manent/manent.toml\n",
    errors: "",
}
Outcome {
    code: Some(
        0,
    ),
    output: "/home/work/manent.toml\n",
    errors: "",
}
Outcome {
    code: Some(
        1,
    ),
    output: "",
    errors: "manent: the configuration file /home/work/other.toml does not exist\n",
}
"#);
}
