//! All of it together.

use serde_json::Value;

use super::endpoints::{self, Common, Endpoint};
use super::environment::Environment;
use super::finding::{Finding, Mistake, Place, Report, Verdict};
use super::interface::{self, Interface};
use super::manent_settings::{self, ManentSetting, SignIn};
use super::model_specs::{self, ModelSpecs};
use super::section::Section;
use super::variables::{self, Variables};
use super::yaml;

/// What LibreChat's configuration says about what its client sees.
#[derive(Debug, Clone, Default)]
pub struct LibreChat {
    /// What the variables say.
    pub variables: Variables,
    /// What the client shows, and what people may.
    pub interface: Interface,
    /// The ways of signing in that are offered, in their order; absent: the usual ones.
    pub social_logins: Option<Vec<String>>,
    /// Whom the client can ask: LibreChat's own first, then those of the file.
    pub endpoints: Vec<Endpoint>,
    /// Model specs.
    pub model_specs: ModelSpecs,
    /// Bounds of files, as the client reads them.
    pub file_config: Option<Value>,
    /// Whether pictures are shown to their owner alone.
    pub secure_image_links: bool,
}

/// What reading came to.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What counts.
    pub librechat: LibreChat,
    /// What it means for the server's own settings, where nobody set them.
    pub settings: Vec<ManentSetting>,
    /// What was made of every key, in the order of their places.
    pub findings: Vec<Finding>,
    /// What is wrong: with any of it nothing starts.
    pub mistakes: Vec<Mistake>,
}

/// Reads the text of `librechat.yaml`, where there is one, and the variables.
pub fn load(file: Option<&str>, environment: &Environment, sign_in: SignIn) -> Loaded {
    let report = Report::default();
    let variables = variables::read(environment);
    let mut librechat = LibreChat {
        variables,
        ..LibreChat::default()
    };
    let mut settings = manent_settings::translate(environment, sign_in, &report);
    let mut commons = Commons::default();
    if let Some(text) = file {
        match yaml::parse(text) {
            Ok(node) => {
                if let Some(top) = Section::open(&node, "", &report) {
                    read_top(
                        top,
                        environment,
                        &mut librechat,
                        &mut commons,
                        &mut settings,
                        &report,
                    );
                }
            }
            Err(error) => report.complain(Place::File { line: error.line }, error.message),
        }
    }
    let mut endpoints = variables::read_endpoints(
        environment,
        &commons.openai,
        &commons.anthropic,
        librechat.variables.has_titles,
    );
    endpoints.append(&mut librechat.endpoints);
    if let Some(order) = environment.get("ENDPOINTS").map(names) {
        put_in_order(&mut endpoints, &order);
    }
    librechat.endpoints = endpoints;
    variables::report(environment, &report);
    let (findings, mistakes) = report.into_lists();
    Loaded {
        librechat,
        settings,
        findings,
        mistakes,
    }
}

/// `ENDPOINTS`: which of LibreChat's own are there, and where those of the file stand among them.
fn put_in_order(endpoints: &mut Vec<Endpoint>, order: &[String]) {
    let place = |endpoint: &Endpoint| {
        let name = if endpoint.kind.is_custom() {
            "custom"
        } else {
            &endpoint.name
        };
        order.iter().position(|listed| listed == name)
    };
    endpoints.retain(|endpoint| endpoint.kind.is_custom() || place(endpoint).is_some());
    endpoints.sort_by_key(|endpoint| place(endpoint).unwrap_or(usize::MAX));
}

fn names(text: &str) -> Vec<String> {
    let names = text.split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// What LibreChat's own endpoints have in the file.
#[derive(Default)]
struct Commons {
    openai: Common,
    anthropic: Common,
}

const IGNORED: [(&str, &str); 5] = [
    ("version", "the file is read as that of LibreChat 0.8.8"),
    ("cache", "the file is read at the start"),
    ("transactions", "what answers took is counted in any case"),
    ("includedTools", "there are no tools"),
    ("filteredTools", "there are no tools"),
];

const UNSUPPORTED: [(&str, &str); 18] = [
    ("mcpServers", "there are no servers of tools"),
    ("mcpSettings", "there are no servers of tools"),
    ("actions", "there are no agents"),
    ("memory", "nothing is remembered across conversations"),
    ("speech", "there is no speech"),
    ("webSearch", "there is no searching of the web"),
    ("ocr", "documents go to the model as they are"),
    ("turnstile", "no puzzle is asked; attempts are limited"),
    ("messageFilter", "messages are not filtered"),
    ("summarization", "conversations are not summarised"),
    (
        "balance",
        "set limits.budget_tokens or limits.budget_cost; the client shows no balance",
    ),
    (
        "rateLimits",
        "uploads and imports count as messages (limits.messages_per_minute)",
    ),
    ("imageOutputType", "pictures are kept as they are"),
    ("langfuse", "there are no traces"),
    ("cloudfront", "files come from this server"),
    ("skillSync", "there are no skills"),
    ("emailChange", "addresses of accounts stay"),
    (
        "fileStrategies",
        "files are kept where Manent's configuration says",
    ),
];

fn read_top(
    top: Section<'_>,
    environment: &Environment,
    librechat: &mut LibreChat,
    commons: &mut Commons,
    settings: &mut Vec<ManentSetting>,
    report: &Report,
) {
    top.ignore(&IGNORED);
    top.unsupported(&UNSUPPORTED);
    if let Some(section) = top.section("interface") {
        librechat.interface = interface::read(&section);
        section.finish();
    }
    if let Some(section) = top.section("registration") {
        read_registration(&section, librechat, settings);
        section.finish();
    }
    if let Some(section) = top.section("endpoints") {
        read_endpoints(&section, environment, librechat, commons, report);
        section.finish();
    }
    if let Some(section) = top.section("modelSpecs") {
        librechat.model_specs = model_specs::read(&section);
        section.finish();
    }
    librechat.file_config = top.json_table("fileConfig").map(Value::Object);
    librechat.secure_image_links = top.switch("secureImageLinks").unwrap_or(false);
    if let Some(node) = top.node("fileStrategy") {
        let is_local = node.to_json() == "local";
        let (verdict, note) = if is_local {
            (Verdict::Understood, "")
        } else {
            (
                Verdict::Unsupported,
                "files are kept where Manent's configuration says",
            )
        };
        top.find("fileStrategy", verdict, note);
    }
    top.finish();
}

fn read_registration(
    section: &Section<'_>,
    librechat: &mut LibreChat,
    settings: &mut Vec<ManentSetting>,
) {
    librechat.social_logins = section.texts("socialLogins");
    if let Some(domains) = section
        .texts("allowedDomains")
        .filter(|domains| !domains.is_empty())
    {
        let line = section
            .node("allowedDomains")
            .map_or(section.line, |node| node.line);
        settings.push(ManentSetting {
            key: "accounts.allowed_domains",
            value: domains.join(", "),
            place: Place::File { line },
        });
    }
}

fn read_endpoints(
    section: &Section<'_>,
    environment: &Environment,
    librechat: &mut LibreChat,
    commons: &mut Commons,
    report: &Report,
) {
    let common = |key: &str| {
        let inner = section.section(key)?;
        let common = endpoints::read_common(&inner, environment);
        inner.unsupported(&[("baseURL", "set it by the variable …_REVERSE_PROXY")]);
        inner.unsupported(&[("models", "list them in the variable …_MODELS")]);
        inner.unsupported(&[("vertex", "Google's own addresses are not spoken to")]);
        inner.finish();
        Some(common)
    };
    let all = common("all").unwrap_or_default();
    commons.openai = common("openAI").unwrap_or_else(|| all.clone());
    commons.anthropic = common("anthropic").unwrap_or_else(|| all.clone());
    for custom in section.sections("custom") {
        let has_titles = librechat.variables.has_titles;
        let Some(endpoint) = endpoints::read_custom(&custom, environment, &all, has_titles) else {
            continue;
        };
        let is_twin = librechat
            .endpoints
            .iter()
            .any(|other| other.name == endpoint.name);
        if is_twin {
            let place = Place::File { line: custom.line };
            let message = format!(
                "a second endpoint is called {}; names are unique",
                endpoint.name
            );
            report.complain(place, message);
            continue;
        }
        custom.finish();
        librechat.endpoints.push(endpoint);
    }
    section.unsupported(&[
        ("agents", "there are no agents"),
        ("assistants", "there are no assistants"),
        ("azureAssistants", "there are no assistants"),
        ("azureOpenAI", "Azure's own addresses are not spoken to: add it as a custom endpoint"),
        ("google", "Google's own protocol is not spoken: add its OpenAI-compatible address as a custom endpoint"),
        ("bedrock", "Bedrock's own protocol is not spoken"),
    ]);
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::endpoints::{EndpointKind, Given};
    use super::*;

    const FILE: &str = "
version: 1.3.0
cache: true
interface:
  bookmarks: false
  agents: {use: true}
registration:
  socialLogins: [openid]
  allowedDomains: [example.org, example.com]
endpoints:
  agents: {disableBuilder: true}
  custom:
    - name: Router
      apiKey: ${ROUTER_KEY}
      baseURL: https://router.example.org/v1/
      models: {default: [a/one, {name: b/two}], fetch: true}
      titleConvo: true
      titleModel: current_model
      headers: {x-team: '${TEAM}', x-user: '{{LIBRECHAT_USER_ID}}'}
      addParams: {transforms: []}
      dropParams: [stop]
      tokenConfig: {a/one: {prompt: 1.5, completion: 6, context: 128000}}
      customParams: {defaultParamsEndpoint: anthropic}
    - name: Missing
      apiKey: ${NOT_SET}
      baseURL: https://missing.example.org
      models: {default: [x]}
    - name: Own
      apiKey: user_provided
      baseURL: user_provided
      models: {default: [x]}
modelSpecs:
  list:
    - {name: one, label: One, preset: {endpoint: Router, model: a/one}}
    - {name: agent, label: Agent, preset: {endpoint: agents, agent_id: x}}
spech: {}
mcpServers: {}
";

    fn loaded(file: &str, variables: &str) -> Loaded {
        load(
            Some(file),
            &Environment::new([], variables),
            SignIn::Passwords,
        )
    }

    #[test]
    fn reads_endpoints_specs_and_permissions() {
        let loaded = loaded(
            FILE,
            "ROUTER_KEY=secret\nTEAM=garden\nOPENAI_API_KEY=user_provided\nOPENAI_MODELS=gpt-a, gpt-b\n",
        );
        assert_eq!(loaded.mistakes, []);
        let librechat = &loaded.librechat;
        let names: Vec<&str> = librechat
            .endpoints
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["openAI", "Router", "Own"]);
        let [openai, router, own] = &librechat.endpoints[..] else {
            panic!("{names:?}");
        };
        assert!(openai.api_key.is_theirs() && openai.models.len() == 2);
        assert_eq!(router.kind, EndpointKind::Custom);
        let Given::Here(key) = &router.api_key else {
            panic!("{router:?}");
        };
        assert_eq!(key.expose_secret(), "secret");
        assert!(
            matches!(&router.base_url, Some(Given::Here(url)) if url == "https://router.example.org/v1")
        );
        let ids: Vec<&str> = router
            .models
            .iter()
            .map(|model| model.id.as_str())
            .collect();
        assert_eq!((ids, router.fetch_models), (vec!["a/one", "b/two"], true));
        assert_eq!(router.title_model.as_deref(), Some("a/one"));
        let headers: Vec<(&str, &str)> = router
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        assert_eq!(headers, [("x-team", "garden")]);
        assert_eq!(router.token_rates["a/one"].context, Some(128_000));
        assert_eq!(router.parameter_family(), "anthropic");
        assert!(own.api_key.is_theirs() && matches!(own.base_url, Some(Given::Theirs)));
        assert_eq!(librechat.model_specs.list.len(), 1);
        let domains = loaded
            .settings
            .iter()
            .find(|setting| setting.key == "accounts.allowed_domains");
        assert_eq!(
            domains.map(|setting| setting.value.as_str()),
            Some("example.org, example.com")
        );
    }

    #[test]
    fn a_variable_orders_the_menu_and_leaves_out_what_it_does_not_name() {
        let keys = "ROUTER_KEY=x\nTEAM=y\nOPENAI_API_KEY=x\nANTHROPIC_API_KEY=x\n";
        let names = |more: &str| -> Vec<String> {
            let endpoints = loaded(FILE, &format!("{keys}{more}")).librechat.endpoints;
            endpoints
                .into_iter()
                .map(|endpoint| endpoint.name)
                .collect()
        };
        assert_eq!(names(""), ["openAI", "anthropic", "Router", "Own"]);
        assert_eq!(
            names("ENDPOINTS=custom, anthropic\n"),
            ["Router", "Own", "anthropic"]
        );
        assert_eq!(
            names("ENDPOINTS=anthropic\n"),
            ["anthropic", "Router", "Own"]
        );
    }

    #[test]
    fn says_what_became_of_every_key_with_its_line() {
        let loaded = loaded(
            FILE,
            "ROUTER_KEY=secret\nTEAM=garden\nMONGO_URI=x\nLDAP_URL=x\nTYPO=x\n",
        );
        let unsupported: Vec<(String, usize)> = loaded
            .findings
            .iter()
            .filter(|finding| finding.verdict == Verdict::Unsupported)
            .map(|finding| {
                let line = match finding.place {
                    Place::File { line } | Place::EnvironmentFile { line, .. } => line,
                    Place::Variable(_) => 0,
                };
                (finding.key.clone(), line)
            })
            .collect();
        let expected = [
            ("interface.agents", 6),
            ("endpoints.agents", 11),
            ("endpoints.custom[0].headers", 19),
            ("endpoints.custom[0].addParams", 20),
            ("endpoints.custom[1].name", 24),
            ("modelSpecs.list[1].preset", 35),
            ("spech", 36),
            ("mcpServers", 37),
            ("LDAP_URL", 4),
            ("TYPO", 5),
        ];
        let expected = expected.map(|(key, line)| (key.to_owned(), line));
        assert_eq!(unsupported, expected);
        let verdict = |key: &str| {
            let found = loaded.findings.iter().find(|finding| finding.key == key);
            found.map(|finding| finding.verdict)
        };
        assert_eq!(verdict("MONGO_URI"), Some(Verdict::Ignored));
        assert_eq!(verdict("ROUTER_KEY"), Some(Verdict::Understood));
        assert_eq!(
            verdict("endpoints.custom[0].dropParams"),
            Some(Verdict::Understood)
        );
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let wrong = |text: &str| -> Vec<(Place, String)> {
            let mistakes = loaded(text, "").mistakes.into_iter();
            mistakes
                .map(|mistake| (mistake.place, mistake.message))
                .collect()
        };
        let at = |line, message: &str| vec![(Place::File { line }, message.to_owned())];
        assert_eq!(
            wrong("interface:\n  presets: often\n"),
            at(2, "`interface.presets` must be true or false, not text")
        );
        assert_eq!(
            wrong(
                "endpoints:\n  custom:\n    - name: openAI\n      apiKey: x\n      baseURL: http://x\n      models: {default: [y]}\n"
            ),
            at(
                3,
                "`endpoints.custom[0].name` is the name of one of LibreChat's own endpoints; give it another"
            )
        );
        assert_eq!(
            wrong("- a\n"),
            at(1, "`the file` must be a table, not a list")
        );
        assert_eq!(wrong("").len(), 0);
    }
}
