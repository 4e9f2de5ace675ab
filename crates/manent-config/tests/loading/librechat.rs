//! LibreChat's configuration as the lowest layer.

use manent_config::{EndpointBinding, Mode, ProviderKind, Registration};
use manent_librechat::config::Verdict;
use secrecy::ExposeSecret;

use crate::world::World;

const YAML: &str = "
version: 1.3.0
registration: {allowedDomains: [example.org]}
endpoints:
  custom:
    - name: Mock Provider A
      apiKey: ${MOCK_KEY}
      baseURL: http://127.0.0.1:8889/v1
      models: {default: [mock-a]}
      tokenConfig: {mock-a: {prompt: 1.5, completion: 6, context: 1000}}
modelSpecs:
  list:
    - {name: a, label: A, preset: {endpoint: Mock Provider A, model: mock-a}}
    - {name: gone, label: Gone, preset: {endpoint: google, model: x}}
";

fn bindings(world: &World) -> Vec<(String, String)> {
    let pair = |binding: EndpointBinding| (binding.endpoint, binding.provider);
    world
        .configuration()
        .librechat
        .endpoints
        .into_iter()
        .map(pair)
        .collect()
}

fn pair(endpoint: &str, provider: &str) -> (String, String) {
    (endpoint.to_owned(), provider.to_owned())
}

#[test]
fn nothing_of_it_is_read_where_it_is_not_served() {
    let world = World::new().file("librechat.yaml", "- nonsense");
    assert!(world.configuration().librechat.endpoints.is_empty());
}

#[test]
fn endpoints_become_providers_beside_our_own() {
    let world = World::new()
        .config("[librechat]\nenabled = true\n[[providers]]\nid = \"local\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmodels = [\"m\"]\n")
        .file("librechat.yaml", YAML)
        .file(".env", "MOCK_KEY=secret\nOPENAI_API_KEY=other\nOPENAI_MODELS=gpt-a\n");
    let config = world.configuration();
    let expected = [
        pair("openAI", "openai"),
        pair("Mock Provider A", "mock-provider-a"),
        pair("local", "local"),
    ];
    assert_eq!(bindings(&world), expected);
    let mock = config
        .providers
        .iter()
        .find(|provider| provider.id == "mock-provider-a");
    let mock = mock.unwrap();
    let key = mock.api_key.as_ref().unwrap().expose_secret();
    assert_eq!((mock.kind, key), (ProviderKind::OpenAi, "secret"));
    assert_eq!(mock.base_url, "http://127.0.0.1:8889/v1");
    let price = mock.price_of("mock-a");
    assert_eq!(
        (price.input, price.output),
        (Some(1_500_000), Some(6_000_000))
    );
    assert_eq!(mock.models[0].context_window, Some(1_000));
    let specs = &config.librechat.client.model_specs.list;
    assert_eq!(specs.len(), 1);
}

#[test]
fn our_own_configuration_wins() {
    let world = World::new()
        .config("mode = \"accounts\"\n[librechat]\nenabled = true\n[accounts]\nregistration = \"invited\"\n[[providers]]\nid = \"mock-provider-a\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmodels = [\"m\"]\n")
        .file("librechat.yaml", YAML)
        .file(".env", "MOCK_KEY=secret\nALLOW_REGISTRATION=false\nMIN_PASSWORD_LENGTH=12\nPORT=4000\n")
        .variable("PORT", "4001");
    let config = world.configuration();
    assert_eq!(config.mode, Mode::Accounts);
    assert_eq!(config.accounts.registration, Registration::Invited);
    assert_eq!(config.accounts.min_password_length, 12);
    assert_eq!(config.accounts.allowed_domains, ["example.org"]);
    assert_eq!(config.listen.port(), 4001);
    assert_eq!(config.providers.len(), 1);
    assert_eq!(config.providers[0].base_url, "http://127.0.0.1:1/v1");
    assert_eq!(
        bindings(&world),
        [pair("Mock Provider A", "mock-provider-a")]
    );
}

#[test]
fn the_file_is_found_where_librechat_finds_it() {
    let named = |world: World| {
        world
            .file("other/chat.yaml", YAML)
            .variable("MOCK_KEY", "x")
    };
    let enabled = || World::new().flag("--set", "librechat.enabled", "true");
    let by_variable = named(enabled().variable("CONFIG_PATH", "other/chat.yaml"));
    assert_eq!(
        bindings(&by_variable),
        [pair("Mock Provider A", "mock-provider-a")]
    );
    let by_environment_file = named(enabled().file(".env", "CONFIG_PATH=other/chat.yaml\n"));
    assert_eq!(
        bindings(&by_environment_file),
        [pair("Mock Provider A", "mock-provider-a")]
    );
    let by_setting = named(enabled().flag("--set", "librechat.config", "other/chat.yaml"));
    assert_eq!(
        bindings(&by_setting),
        [pair("Mock Provider A", "mock-provider-a")]
    );
    let missing = enabled().variable("CONFIG_PATH", "none.yaml");
    insta::assert_snapshot!(missing.problems(), @"none.yaml: does not exist; LibreChat's configuration was to be read from it");
    let fetched = enabled().variable("CONFIG_PATH", "https://example.org/librechat.yaml");
    insta::assert_snapshot!(fetched.problems(), @"https://example.org/librechat.yaml: `CONFIG_PATH` is an address; a configuration is not fetched: save it as a file and name that");
}

#[test]
fn what_is_wrong_or_not_there_is_told_with_its_place() {
    let world = World::new()
        .flag("--set", "librechat.enabled", "true")
        .file(
            "librechat.yaml",
            "interface:\n  presets: often\nmcpServers: {}\n",
        )
        .file(
            ".env",
            "ALLOW_REGISTRATION=true\nJWT_SECRET=x\nANTHROPIC_API_KEY=user_provided\n",
        );
    insta::assert_snapshot!(world.problems(), @r#"
.env: warning: the endpoint anthropic is left out: its key is "user_provided", but in the mode local nobody has keys of their own
.env:1: warning: `ALLOW_REGISTRATION` is not supported: in the mode local nobody signs in: set mode = "accounts" or "oidc"
librechat.yaml:2: `interface.presets` must be true or false, not text
librechat.yaml:3: warning: `mcpServers` is not supported: there are no servers of tools
"#);
    let findings = world.load().librechat;
    let ignored = findings
        .iter()
        .find(|finding| finding.key == "JWT_SECRET")
        .unwrap();
    assert_eq!(ignored.verdict, Verdict::Ignored);
    assert_eq!(ignored.origin.to_string(), ".env:2");
}

#[test]
fn a_client_is_served_only_from_where_there_is_one() {
    let world = World::new().flag("--ui", "librechat.ui", "dist");
    insta::assert_snapshot!(world.problems(), @"--ui: `librechat.ui` is /test/work/dist, in which there is no index.html; give it the directory of a build of LibreChat's client (client/dist)");
    let world = world.file("dist/index.html", "<!doctype html>");
    assert!(world.configuration().librechat.enabled);
}
