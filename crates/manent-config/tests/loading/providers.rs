use manent_config::{Config, ProviderKind};
use secrecy::ExposeSecret;

use crate::world::World;

/// What the tests below compare: ids with models, defaults first.
fn offered(config: &Config) -> Vec<(String, Vec<String>)> {
    config
        .providers
        .iter()
        .map(|provider| {
            let models = provider.models.iter().map(|model| model.model.clone());
            (provider.id.clone(), models.collect())
        })
        .collect()
}

fn key(config: &Config, index: usize) -> Option<&str> {
    config.providers[index]
        .api_key
        .as_ref()
        .map(ExposeSecret::expose_secret)
}

#[test]
fn a_key_in_the_environment_is_enough() {
    let world = World::new().variable("ANTHROPIC_API_KEY", "key-1");
    let config = world.configuration();
    assert!(!config.is_demo());
    assert_eq!(key(&config, 0), Some("key-1"));
    insta::assert_snapshot!(world.shown().split_once("[[providers]]").unwrap().1, @r#"
id = "anthropic"  # ANTHROPIC_API_KEY
kind = "anthropic"  # ANTHROPIC_API_KEY
base_url = "https://api.anthropic.com"  # default
api_key = "********"  # ANTHROPIC_API_KEY
models = [{ model = "claude-sonnet-5-5", name = "Claude Sonnet 5.5", vision = true, reasoning = true, context_window = 1000000 }, { model = "claude-opus-5-5", name = "Claude Opus 5.5", vision = true, reasoning = true, context_window = 1000000 }, { model = "claude-haiku-5-5", name = "Claude Haiku 5.5", vision = true, reasoning = true, context_window = 1000000 }]  # default
fetch_models = true  # default
title_model = "claude-haiku-5-5"  # default
limit_to_listed = false  # default
think_tags = false  # default
connect_timeout = "10s"  # default
first_byte_timeout = "2m"  # default
silence_timeout = "1m"  # default
retries = 2  # default
"#);
}

#[test]
fn a_base_url_alone_is_enough_for_openai_compatible_servers() {
    let world = World::new().variable("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/");
    let config = world.configuration();
    let provider = &config.providers[0];
    assert_eq!(provider.kind, ProviderKind::OpenAi);
    assert_eq!(provider.base_url, "http://127.0.0.1:11434/v1");
    assert!(provider.api_key.is_none() && provider.models.is_empty() && provider.fetch_models);
}

#[test]
fn the_makers_own_service_is_known_by_its_host() {
    let address = ("OPENAI_BASE_URL", "https://api.openai.com");
    let without_key = World::new().variable(address.0, address.1);
    insta::assert_snapshot!(without_key.problems(), @"OPENAI_BASE_URL: `providers.openai` has no key; give it by `api_key_env`, `api_key_file` or `api_key`");
    let with_key = World::new()
        .variable(address.0, address.1)
        .variable("OPENAI_API_KEY", "k");
    assert_eq!(
        with_key.configuration().providers[0].models[0].model,
        "gpt-5.6"
    );
}

#[test]
fn both_makers_stand_side_by_side() {
    let config = World::new()
        .variable("OPENAI_API_KEY", "key-2")
        .variable("ANTHROPIC_API_KEY", "key-1")
        .configuration();
    insta::assert_debug_snapshot!(offered(&config), @r#"
[
    (
        "anthropic",
        [
            "claude-sonnet-5-5",
            "claude-opus-5-5",
            "claude-haiku-5-5",
        ],
    ),
    (
        "openai",
        [
            "gpt-5.6",
            "gpt-5.4-mini",
            "gpt-5.4-nano",
        ],
    ),
]
"#);
}

#[test]
fn known_variables_complete_the_provider_of_the_file() {
    let config = World::new()
        .config("[[providers]]\nid = \"anthropic\"\nkind = \"anthropic\"\nmodels = [\"claude-x\"]\nbase_url = \"https://one.example\"\n")
        .variable("ANTHROPIC_API_KEY", "key-1")
        .variable("ANTHROPIC_BASE_URL", "https://two.example")
        .configuration();
    assert_eq!(
        offered(&config),
        [("anthropic".to_owned(), vec!["claude-x".to_owned()])]
    );
    assert_eq!(config.providers[0].base_url, "https://two.example");
    assert_eq!(key(&config, 0), Some("key-1"));
}

#[test]
fn a_variable_that_another_provider_asks_for_makes_no_provider() {
    let config = World::new()
        .config("[[providers]]\nid = \"claude\"\nkind = \"anthropic\"\napi_key_env = \"ANTHROPIC_API_KEY\"\nmodels = [\"claude-x\"]\n")
        .variable("ANTHROPIC_API_KEY", "key-1")
        .configuration();
    assert_eq!(
        offered(&config),
        [("claude".to_owned(), vec!["claude-x".to_owned()])]
    );
    assert_eq!(key(&config, 0), Some("key-1"));
}

#[test]
fn known_variables_can_be_left_out() {
    let config = World::new()
        .config("providers_from_environment = false")
        .variable("ANTHROPIC_API_KEY", "key-1")
        .configuration();
    assert!(config.is_demo());
}

#[test]
fn variables_make_and_change_providers() {
    let config = World::new()
        .config("[[providers]]\nid = \"my-box\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n")
        .variable("MANENT_PROVIDERS__MY_BOX__MODELS", "a, b")
        .variable("MANENT_PROVIDERS__LOCAL__KIND", "openai")
        .variable("MANENT_PROVIDERS__LOCAL__BASE_URL", "http://127.0.0.1:2/v1")
        .flag("--set", "providers.local.models", "c")
        .configuration();
    insta::assert_debug_snapshot!(offered(&config), @r#"
[
    (
        "my-box",
        [
            "a",
            "b",
        ],
    ),
    (
        "local",
        [
            "c",
        ],
    ),
]
"#);
}

#[test]
fn keys_come_from_files_and_variables() {
    let config = World::new()
        .config(
            "[[providers]]\nid = \"a\"\nkind = \"anthropic\"\napi_key_file = \"secret\"\n\
             [[providers]]\nid = \"b\"\nkind = \"openai\"\napi_key_env = \"MY_KEY\"\n",
        )
        .file("secret", "key-in-file\n")
        .variable("MY_KEY", "key-in-variable")
        .configuration();
    assert_eq!(
        (key(&config, 0), key(&config, 1)),
        (Some("key-in-file"), Some("key-in-variable"))
    );
}

#[test]
fn defaults_move_to_the_front() {
    let world = || {
        World::new().config(
            "[[providers]]\nid = \"a\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmodels = [\"a1\", \"a2\"]\n\
             [[providers]]\nid = \"b\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmodels = [\"b1\", \"b2\"]\n",
        )
    };
    let by_provider = world().variable("MANENT_DEFAULT_PROVIDER", "b");
    let by_model = world().variable("MANENT_DEFAULT_MODEL", "b2");
    let new_model = world().variable("MANENT_DEFAULT_MODEL", "a3");
    let all = [by_provider, by_model, new_model].map(|world| offered(&world.configuration()));
    insta::assert_debug_snapshot!(all, @r#"
[
    [
        (
            "b",
            [
                "b1",
                "b2",
            ],
        ),
        (
            "a",
            [
                "a1",
                "a2",
            ],
        ),
    ],
    [
        (
            "b",
            [
                "b2",
                "b1",
            ],
        ),
        (
            "a",
            [
                "a1",
                "a2",
            ],
        ),
    ],
    [
        (
            "a",
            [
                "a3",
                "a1",
                "a2",
            ],
        ),
        (
            "b",
            [
                "b1",
                "b2",
            ],
        ),
    ],
]
"#);
}

#[test]
fn a_scripted_provider_reads_its_rules_and_nothing_else() {
    let world = World::new()
        .config("[[providers]]\nid = \"play\"\nkind = \"scripted\"\nrules = \"rules.toml\"\nsilence_timeout = \"5s\"\n")
        .file("rules.toml", "");
    assert_eq!(
        world.configuration().providers[0].rules,
        Some(world.path("work/rules.toml"))
    );
    insta::assert_snapshot!(world.shown().split_once("[[providers]]").unwrap().1, @r#"
id = "play"  # manent.toml:2
kind = "scripted"  # manent.toml:3
silence_timeout = "5s"  # manent.toml:5
rules = "/test/work/rules.toml"  # manent.toml:4
"#);
    let with_model = world.variable("MANENT_DEFAULT_MODEL", "m");
    insta::assert_snapshot!(with_model.problems(), @"MANENT_DEFAULT_MODEL: warning: `default_model` changes nothing for the scripted provider play, whose rules list its models");
    let without_file = World::new()
        .config("[[providers]]\nid = \"play\"\nkind = \"scripted\"\nrules = \"rules.toml\"\n");
    insta::assert_snapshot!(without_file.problems(), @"manent.toml:4: `providers.play.rules` names /test/work/rules.toml, which cannot be read: No such file or directory (os error 2)");
}

#[test]
fn reports_every_mistake_of_every_provider() {
    let world = World::new()
        .config(
            r#"[[providers]]
kind = "anthropic"
[[providers]]
id = "one two"
kind = "antropic"
[[providers]]
id = "a"
kind = "openai"
bas_url = "x"
base_url = "api.example.org"
retries = 99
models = ["m", "m", 3, { name = "n" }, { model = "k", visoin = true }]
headers = { "x-a" = 1, "b c" = "d" }
[[providers]]
id = "a"
kind = "scripted"
base_url = "https://example.org"
models = ["m"]
[[providers]]
id = "keyless"
kind = "anthropic"
[[providers]]
id = "twice"
kind = "anthropic"
api_key = "abc"
api_key_env = "TWICE_KEY"
[[providers]]
id = "limited"
kind = "openai"
api_key = "abc"
models = ["m"]
title_model = "t"
limit_to_listed = true
connect_timeout = "3m"
[[providers]]
id = "long"
kind = "openai"
base_url = "http://example.org/v1/chat/completions"
[[providers]]
id = "bare"
kind = "openai"
api_key = "abc"
base_url = "http://example.org"
"#,
        )
        .variable("TWICE_KEY", "abc")
        .variable("MANENT_PROVIDERS__LONG__BASEURL", "x")
        .variable("MANENT_PROVIDERS__NEW__RETRIES", "1")
        .variable("MANENT_DEFAULT_PROVIDER", "limitd");
    insta::assert_snapshot!(world.problems(), @r#"
manent.toml:1: `providers[0]` has no `id`; give it 1 to 64 letters, digits, dots, dashes and underscores
manent.toml:4: `providers[1].id` must be 1 to 64 letters, digits, dots, dashes and underscores, but is "one two"
manent.toml:5: `providers[1].kind` must be "anthropic", "openai" or "scripted", but is "antropic"; did you mean `anthropic`?
manent.toml:9: unknown setting `providers.a.bas_url`; did you mean `base_url`?
manent.toml:10: `providers.a.base_url` must be an http:// or https:// address without query and without a name or password in it, or "user_provided", but is "api.example.org"
manent.toml:11: `providers.a.retries` must be a whole number of retries from 0 to 10, but is the number 99
manent.toml:12: `providers.a.models` lists "m" twice
manent.toml:12: `providers.a.models` has the number 3 in it; write a model's name, or { model = "…" }
manent.toml:12: `providers.a.models` has an entry without `model`, the name that the provider knows
manent.toml:12: unknown setting `providers.a.models.visoin`; did you mean `vision`?
manent.toml:13: `providers.a.headers.x-a` must be text
manent.toml:13: `providers.a.headers.b c` is no name that a header can have
manent.toml:14: a second provider has the id `a` of the one at manent.toml:6; ids are unique
manent.toml:17: `providers.a.base_url` means nothing for a provider of the kind scripted; remove it
manent.toml:18: `providers.a.models` means nothing for a provider of the kind scripted; remove it
manent.toml:19: `providers.keyless` has no key; give it by `api_key_env`, `api_key_file` or `api_key`
manent.toml:26: `providers.twice` has both `api_key` and `api_key_env`; keep one of them
manent.toml:33: `providers.limited.title_model` is "t", which `models` does not list while `limit_to_listed` is true
manent.toml:34: `providers.limited.connect_timeout` must not be longer than `providers.limited.first_byte_timeout`
manent.toml:38: `providers.long.base_url` is too long: write "http://example.org/v1", the rest is added
manent.toml:43: warning: `providers.bare.base_url` sends the key unencrypted; use https:// unless the network is your own
MANENT_DEFAULT_PROVIDER: `default_provider` is "limitd", which no provider is called (there is: a, keyless, twice, limited, long, bare, new); did you mean `limited`?
MANENT_PROVIDERS__LONG__BASEURL: unknown variable; did you mean MANENT_PROVIDERS__LONG__BASE_URL?
MANENT_PROVIDERS__NEW__RETRIES: `providers.new` has no `kind`; give it "anthropic", "openai" or "scripted"
"#);
}

#[test]
fn reports_every_way_in_which_a_key_can_be_wrong() {
    let provider =
        |rest: &str| format!("[[providers]]\nid = \"a\"\nkind = \"anthropic\"\n{rest}\n");
    let problems: Vec<String> = [
        "api_key = \"\"",
        "api_key = 12345",
        "api_key = \"sk ключ\"",
        "api_key = \" padded\"",
        "api_key = \"********\"",
        "api_key_env = \"NOT_SET\"",
        "api_key_file = \"missing\"",
        "api_key_file = \"empty\"",
        "api_key_file = \"large\"",
        "api_key_file = \".\"",
    ]
    .into_iter()
    .map(|line| {
        World::new()
            .config(provider(line))
            .file("empty", "\n")
            .file("large", vec![b'a'; 20_000])
            .problems()
    })
    .collect();
    insta::assert_snapshot!(problems.join("\n"), @r#"
manent.toml:4: `providers.a.api_key` is empty
manent.toml:4: `providers.a.api_key` must be text, as it was issued, but is not
manent.toml:4: `providers.a.api_key` has characters that cannot be sent; only visible ASCII characters can
manent.toml:4: `providers.a.api_key` has blanks or line breaks around it; remove them
manent.toml:4: `providers.a.api_key` is the mask that `manent config show` prints; put the key itself here
manent.toml:4: `providers.a.api_key_env` names the variable NOT_SET, which is not set; set it, or give the key by `api_key_file`
manent.toml:4: `providers.a.api_key_file` names /test/work/missing, which cannot be read: No such file or directory (os error 2)
manent.toml:4: `providers.a.api_key_file` names /test/work/empty, whose key is empty
manent.toml:4: `providers.a.api_key_file` names /test/work/large, which is larger than 16 KiB: that is no key
manent.toml:4: `providers.a.api_key_file` names /test/work/., which cannot be read: Is a directory (os error 21)
"#);
}

#[test]
fn no_message_and_nothing_shown_holds_a_secret() {
    let world = World::new()
        .config(
            "[[providers]]\nid = \"a\"\nkind = \"anthropic\"\napi_key = \"hush-1\"\nheaders = { x-token = \"hush-2\" }\n\
             [[providers]]\nid = \"b\"\nkind = \"openai\"\napi_key = \"hush-3 é\"\n\
             [[providers]]\nid = \"c\"\nkind = \"openai\"\nbase_url = \"https://me:hush-4@example.org\"\n",
        )
        .variable("OPENAI_API_KEY", "hush-5");
    let loaded = world.load();
    let text = format!("{}{:?}{}", world.shown(), loaded, world.problems());
    assert!(text.contains("********"));
    assert_eq!(
        text.matches("hush-").collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
}

#[test]
fn each_person_may_bring_the_key_and_the_address() {
    let provider = "[[providers]]\nid = \"own\"\nkind = \"openai\"\n";
    let load = |more: &str| World::new().config(format!("mode = \"accounts\"\n{provider}{more}"));
    let only_key = load("api_key = \"user_provided\"\n").load();
    let own = &only_key.providers()[0];
    assert_eq!((own.own.key, own.own.base_url), (true, false));
    assert!(own.api_key.is_none() && !own.fetch_models);
    assert_eq!(own.base_url, "https://api.openai.com/v1");
    assert!(!own.models.is_empty(), "the maker's own are known");
    let both = load("api_key = \"user_provided\"\nbase_url = \"user_provided\"\n").load();
    let own = &both.providers()[0];
    assert_eq!((own.own.key, own.own.base_url), (true, true));
    assert!(own.base_url.is_empty() && own.models.is_empty() && !own.fetch_models);
    assert_eq!(both.mistakes().count(), 0);
    let from_environment = World::new()
        .config("mode = \"accounts\"")
        .variable("OPENAI_API_KEY", "user_provided")
        .load();
    assert!(from_environment.providers()[0].own.key);
}

#[test]
fn nothing_of_the_operators_goes_to_an_address_that_a_person_chose() {
    let world = World::new().config(
        r#"
mode = "accounts"
[[providers]]
id = "a"
kind = "openai"
base_url = "user_provided"
api_key = "secret"
[[providers]]
id = "b"
kind = "openai"
base_url = "user_provided"
api_key = "user_provided"
headers = { "x-team" = "secret" }
fetch_models = true
"#,
    );
    insta::assert_snapshot!(world.problems(), @r#"
manent.toml:6: `providers.a.base_url` is "user_provided", so the key must be that too: one of yours would go wherever people like; set `api_key = "user_provided"`
manent.toml:13: `providers.b.headers` would go wherever people like; remove them, or set `base_url`
manent.toml:14: `providers.b.fetch_models` needs a key, and people bring their own; remove it, and list `models`
"#);
    let local = World::new().config(
        "[librechat]\nenabled = true\n[[providers]]\nid = \"a\"\nkind = \"openai\"\napi_key = \"user_provided\"\n",
    );
    insta::assert_snapshot!(local.problems(), @r#"
the key of the provider a is "user_provided", but in the mode local nobody has keys of their own; set the key, or `mode = "accounts"` (--mode accounts, MANENT_MODE=accounts)
"#);
}
