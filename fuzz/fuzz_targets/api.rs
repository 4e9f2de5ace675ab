//! The whole server, without its sockets: `#n` (the nth operation of its own OpenAPI document and of LibreChat's API) or `METHOD /path?query`, headers, an empty line, a
//! body; several requests are separated by a line `---`. `{conversation}`, `{message}` and `{run}` stand for what is there. No request makes the
//! server fail, and every error is a problem.
#![no_main]

use std::sync::LazyLock;

use http::Request;
use manent_config::{FlagValue, Sources, load};
use manent_server::fuzzing::Api;

const CONVERSATION: &str = "0199c0de-0000-7000-8000-000000000001";
const MESSAGE: &str = "0199c0de-0000-7000-8000-000000000002";
const RUN: &str = "0199c0de-0000-7000-8000-000000000003";
const MOST_REQUESTS: usize = 8;

/// Passwords, LibreChat's API, and an OpenID provider that nobody ever reaches.
const SIGNING_IN: &str = "[oidc]\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"manent\"\naudiences = \"manent\"\npasswords = true\n\
                          [librechat]\nenabled = true\n";

/// A server that is asked.
struct World {
    api: Api,
    operations: Vec<String>,
    token: Option<String>,
    _directory: tempfile::TempDir,
}

// The servers live as long as the process and are asked by one thread.
thread_local! {
    static WORLDS: LazyLock<[World; 2]> =
        LazyLock::new(|| [World::new("local"), World::new("oidc")]);
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    WORLDS.with(|worlds| {
        for world in worlds.iter() {
            for text in parts(bytes, b"\n---\n").into_iter().take(MOST_REQUESTS) {
                world.ask(text);
            }
        }
    });
});

fn parts<'bytes>(bytes: &'bytes [u8], mark: &[u8]) -> Vec<&'bytes [u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        parts.push(&rest[..at]);
        rest = &rest[at + mark.len()..];
    }
    parts.push(rest);
    parts
}

impl World {
    fn new(mode: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let rules = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../crates/manent-scripted/rules/test.toml"
        );
        let file = directory.path().join("manent.toml");
        let signing_in = if mode == "local" { "" } else { SIGNING_IN };
        let text = format!(
            "mode = \"{mode}\"\nproviders_from_environment = false\n[store]\nsynchronous = \"normal\"\n{signing_in}\
             [[providers]]\nid = \"scripted\"\nkind = \"scripted\"\nrules = {rules:?}\n"
        );
        std::fs::write(&file, text).unwrap();
        let data_dir = FlagValue {
            flag: "--data-dir".to_owned(),
            key: "data_dir".to_owned(),
            value: directory.path().display().to_string(),
        };
        let sources = Sources {
            config_file: Some(file),
            flags: vec![data_dir],
            current_directory: directory.path().to_owned(),
            ..Sources::default()
        };
        let config = load(&sources).into_config().unwrap();
        let mut world = Self {
            api: Api::new(&config).unwrap(),
            operations: operations(),
            token: None,
            _directory: directory,
        };
        if mode == "oidc" {
            let person =
                r#"{"name":"Ada","email":"ada@example.org","password":"correct horse battery"}"#;
            assert_eq!(world.send("POST", "/auth/register", person).0, 204);
            let person = r#"{"email":"ada@example.org","password":"correct horse battery"}"#;
            let (_, answer) = world.send("POST", "/auth/sign-in", person);
            world.token = answer["token"].as_str().map(str::to_owned);
            assert!(world.token.is_some(), "{answer}");
        }
        let made = format!(r#"{{"id":"{CONVERSATION}"}}"#);
        assert_eq!(world.send("POST", "/conversation/create", &made).0, 201);
        let said = format!(
            r#"{{"message":{{"id":"{MESSAGE}","conversationId":"{CONVERSATION}","role":"user","content":"hello"}}}}"#
        );
        assert_eq!(world.send("POST", "/message/append", &said).0, 200);
        let run =
            format!(r#"{{"runId":"{RUN}","messages":[{{"role":"user","content":"hello"}}]}}"#);
        assert_eq!(world.send("POST", "/completion/generate", &run).0, 200);
        world
    }

    fn send(&self, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
        let request = self
            .request(method, path)
            .header("content-type", "application/json");
        let answer = self
            .api
            .ask(request.body(body.as_bytes().to_vec()).unwrap());
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status.as_u16(), body)
    }

    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn ask(&self, bytes: &[u8]) {
        let (head, body) = match bytes.windows(2).position(|window| window == b"\n\n") {
            Some(at) => (&bytes[..at], &bytes[at + 2..]),
            None => (bytes, &[][..]),
        };
        let head = with_ids(&String::from_utf8_lossy(head));
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let chosen;
        let first = match first.strip_prefix('#') {
            Some(number) => {
                let (number, query) = number.split_once('?').unwrap_or((number, ""));
                let number: usize = number.trim().parse().unwrap_or_default();
                let operation = &self.operations[number % self.operations.len()];
                chosen = format!("{operation}?{query}");
                &chosen
            }
            None => first,
        };
        let Some((method, path)) = first.split_once(' ') else {
            return;
        };
        let mut request = self.request(method, path);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            request = request.header(name, value.trim());
        }
        let body = with_ids(&String::from_utf8_lossy(body)).into_bytes();
        if let Ok(request) = request.body(body) {
            self.api.ask(request);
        }
    }
}

fn with_ids(text: &str) -> String {
    text.replace("{conversation}", CONVERSATION)
        .replace("{message}", MESSAGE)
        .replace("{run}", RUN)
}

/// Every operation that the server describes, as `METHOD /path` with ids in it.
fn operations() -> Vec<String> {
    let document: serde_json::Value =
        serde_json::from_str(&manent_server::openapi_json().unwrap()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let id = match path {
            path if path.starts_with("/conversation") => CONVERSATION,
            path if path.starts_with("/message") => MESSAGE,
            _ => RUN,
        };
        let parts: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { id } else { part })
            .collect();
        for method in methods.as_object().unwrap().keys() {
            operations.push(format!("{} {}", method.to_uppercase(), parts.join("/")));
        }
    }
    for (method, path) in manent_server::librechat_routes() {
        operations.push(format!("{method} {path}"));
    }
    operations
}
