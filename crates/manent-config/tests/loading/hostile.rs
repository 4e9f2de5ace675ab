//! Whatever stands in the file, in variables and in flags: loading ends, and either gives a configuration or says why not.

use proptest::prelude::*;

use crate::world::World;

/// Words that are near to what is expected, and words that are not.
fn word() -> impl Strategy<Value = String> {
    let near = [
        "listen",
        "log",
        "filter",
        "limits",
        "batch_items",
        "providers",
        "id",
        "kind",
        "openai",
        "scripted",
        "anthropic",
        "models",
        "headers",
        "api_key",
        "api_key_env",
        "api_key_file",
        "base_url",
        "http://",
        "~/",
        "127.0.0.1:0",
        "10s",
        "-1",
        "1e9",
        "0x10",
        "true",
        "[[providers]]",
        "[log]",
        "[",
        "]",
        "{",
        "}",
        "=",
        "\"",
        "\"\"\"",
        "\n",
        ".",
        "#",
        ",",
        " ",
    ];
    prop_oneof![
        8 => prop::sample::select(near.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(word(), 0..40).prop_map(|words| words.concat())
}

/// Whether there is a configuration exactly when there is no mistake, and whether both can be told.
fn is_consistent(world: &World) -> bool {
    let loaded = world.load();
    let is_shown = !loaded.show().is_empty();
    let has_mistakes = loaded.mistakes().next().is_some();
    match loaded.into_config() {
        Ok(_) => is_shown && !has_mistakes,
        Err(invalid) => is_shown && has_mistakes && !invalid.to_string().is_empty(),
    }
}

proptest! {
    #[test]
    fn loading_survives_any_words_in_the_file(text in text()) {
        prop_assert!(is_consistent(&World::new().config(text)));
    }

    #[test]
    fn loading_survives_any_bytes_in_the_file(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(is_consistent(&World::new().config(bytes)));
    }

    #[test]
    fn loading_survives_any_variables_and_flags(name in "[A-Z_]{0,20}", key in "[a-z._]{0,20}", value in text()) {
        let world = World::new()
            .variable(&format!("MANENT_{name}"), value.clone())
            .variable(&format!("MANENT_PROVIDERS__{name}__KIND"), value.clone())
            .variable("OPENAI_BASE_URL", value.clone())
            .flag("--set", &key, &value)
            .flag("--set", &format!("providers.{key}"), &value);
        prop_assert!(is_consistent(&world));
    }
}
