//! Everything that accounts do, on both surfaces, with every secret that occurs in it: none of them is in the log, by whomever it is written.

use std::collections::BTreeMap;

use manent_domain::ports::Clock;
use manent_server::SystemClock;
use manent_server::telemetry::{LogFormat, init_logging};
use manent_testkit::{TestServer, new_id};
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};

use super::log_and_output_of;
use crate::support::Test;
use crate::support::mailbox::Mailbox;
use crate::support::reply::Reply;

/// Before each secret that the journey prints.
const MARK: &str = "a secret of the journey: ";

/// Who logs one of the secrets on purpose, so that it is known that the search finds what there is.
const CONTROL: &str = "control";

/// What must have occurred, or the journey was shorter than it should be.
const KINDS: [&str; 14] = [
    "access token",
    "address",
    "API key",
    "authenticator secret",
    "backup code",
    "code",
    "device mark",
    "half sign-in",
    "invitation",
    "key for a provider",
    "password",
    "refresh token",
    "reset link",
    "verification link",
];

#[test]
fn no_secret_of_a_whole_journey_is_logged_however_much_is_logged() -> Test {
    let (log, output) = log_and_output_of("whole_journey::two_people_do_everything")?;
    let mut secrets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in output.lines() {
        if let Some((_, told)) = line.split_once(MARK)
            && let Some((kind, secret)) = told.split_once('=')
        {
            secrets.entry(kind).or_default().push(secret);
        }
    }
    let kinds: Vec<&str> = secrets.keys().copied().collect();
    let mut expected = KINDS.to_vec();
    expected.sort_by_key(|kind| kind.as_bytes());
    assert_eq!(kinds, expected);
    assert!(log.len() > 100, "there is a log");
    let mut found = Vec::new();
    for line in &log {
        let text = without_time(line).to_string();
        for (kind, secrets) in &secrets {
            if secrets.iter().any(|secret| tells(&text, secret)) {
                found.push((line["target"].as_str().unwrap_or_default(), *kind, line));
            }
        }
    }
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|(target, kind, _)| (*target, *kind))
        .collect();
    assert_eq!(told, [(CONTROL, "code")], "{found:#?}");
    Ok(())
}

/// A line without the moment of it, which has digits like a code.
fn without_time(line: &Value) -> Value {
    let mut line = line.clone();
    if let Some(fields) = line.as_object_mut() {
        fields.remove("timestamp");
        fields.remove("@timestamp");
    }
    line
}

/// Whether the text has this secret in it; a short one only as a word of its own, since any number may have its digits.
fn tells(text: &str, secret: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(secret).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + secret.len()..].chars().next();
        secret.len() >= 12 || !(is_part(before) || is_part(after))
    })
}

/// Says what must not be in the log.
#[expect(
    clippy::print_stdout,
    reason = "the test beside this one reads it there"
)]
fn secret(kind: &str, value: &str) {
    assert!(!value.is_empty(), "no {kind}");
    println!("\n{MARK}{kind}={value}");
}

/// What an authenticator with this secret shows, so many steps from now.
fn code(shared: &str, steps: u64) -> anyhow::Result<String> {
    let shared = Secret::try_from_base32(shared).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let authenticator = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(shared)
        .build_noncompliant();
    let seconds = u64::try_from(SystemClock.now().as_millisecond() / 1_000)?;
    let code = authenticator.generate(seconds + steps * 30).to_string();
    secret("code", &code);
    Ok(code)
}

/// Who asks, and what they have: tokens and cookies.
#[derive(Debug, Default)]
struct Browser {
    token: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn send(
        &mut self,
        server: &TestServer,
        method: Method,
        path: &str,
        body: Value,
    ) -> anyhow::Result<Reply> {
        let client = server.client();
        let mut request = client
            .http()
            .request(method, client.url(path))
            .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Journey/1.0");
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", cookies.join("; "));
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let reply = Reply::to(request).await?;
        for set in reply.headers.get_all("set-cookie") {
            let pair = set.to_str()?.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty())
            else {
                continue;
            };
            match name {
                "refreshToken" => secret("refresh token", value),
                "manentDevice" => secret("device mark", value),
                _ => {}
            }
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        if let Some(token) = reply.json()["tempToken"].as_str() {
            secret("half sign-in", token);
        }
        if let Some(token) = reply.json()["token"].as_str() {
            if reply.json()["kind"] == "secondFactorNeeded" {
                secret("half sign-in", token);
            } else {
                secret("access token", token);
                let signature = token.rsplit('.').next().unwrap_or_default();
                secret("access token", signature);
                token.clone_into(&mut self.token);
            }
        }
        Ok(reply)
    }

    /// Sends, and wants this status.
    async fn ask(
        &mut self,
        server: &TestServer,
        step: (Method, &str, u16),
        body: Value,
    ) -> anyhow::Result<Value> {
        let (method, path, status) = step;
        let reply = self.send(server, method.clone(), path, body).await?;
        anyhow::ensure!(reply.status == status, "{method} {path}: {reply:?}");
        Ok(reply.json())
    }

    async fn post(
        &mut self,
        server: &TestServer,
        path: &str,
        status: u16,
        body: Value,
    ) -> anyhow::Result<Value> {
        self.ask(server, (Method::POST, path, status), body).await
    }
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten();
    texts
        .filter_map(|text| text.as_str().map(ToOwned::to_owned))
        .collect()
}

/// The secret of the next mail's link that begins so; mails that only tell something are passed over.
async fn mailed(mailbox: &mut Mailbox, kind: &str, before: &str) -> anyhow::Result<String> {
    loop {
        let token = mailbox.next().await?.secret(before);
        if !token.is_empty() {
            secret(kind, &token);
            return Ok(token);
        }
    }
}

/// The secret of a link that an answer has.
fn linked(kind: &str, link: &Value) -> anyhow::Result<String> {
    let link = link.as_str().unwrap_or_default();
    let (_, token) = link
        .split_once("token=")
        .or_else(|| link.split_once("invitation="))
        .ok_or_else(|| anyhow::anyhow!("no link: {link}"))?;
    secret(kind, token);
    Ok(token.to_owned())
}

/// A provider that repeats the key in its refusal.
async fn telltale() -> anyhow::Result<String> {
    let router = axum::Router::new().fallback(async |headers: axum::http::HeaderMap| {
        let key = headers.get("authorization").cloned();
        let key = key
            .as_ref()
            .and_then(|key| key.to_str().ok())
            .unwrap_or_default();
        let body = json!({"error": {"message": format!("no such key: {key}")}});
        (axum::http::StatusCode::BAD_REQUEST, axum::Json(body))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}/v1"))
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn two_people_do_everything() -> Test {
    init_logging("trace", LogFormat::Json)?;
    let mut mailbox = Mailbox::start().await?;
    let base_url = telltale().await?;
    let server = TestServer::start_with(&format!(
        "mode = \"accounts\"\n{}[accounts]\nuser_url_networks = \"127.0.0.1\"\n[librechat]\nenabled = true\n\
         [[providers]]\nid = \"own\"\nkind = \"openai\"\nbase_url = \"user_provided\"\napi_key = \"user_provided\"\nmodels = [\"m\"]\nretries = 1\n",
        mailbox.configuration()
    ))
    .await?;
    // Parts of what people type, as they stand in every form in which it may be written.
    secret("password", "pass-hidden");
    secret("code", "code-hidden");
    secret("address", "mailbox-hidden");
    secret("key for a provider", "sk-hidden");
    on_the_native_surface(&server, &mut mailbox, &base_url).await?;
    through_librechats_client(&server, &mut mailbox, &base_url).await?;
    tracing::debug!(target: CONTROL, typed = "code-hidden", "this is found");
    Ok(())
}

async fn on_the_native_surface(server: &TestServer, mailbox: &mut Mailbox, base_url: &str) -> Test {
    let (address, password) = ("ada-mailbox-hidden@example.org", "first pass-hidden");
    let mut ada = Browser::default();
    let person = json!({"name": "Ada", "email": address, "password": password});
    // A mail that is refused for a while is logged.
    mailbox.refuse(1);
    ada.post(server, "/auth/register", 204, person.clone())
        .await?;
    let verification = "/verify-email#token=";
    mailed(mailbox, "verification link", verification).await?;
    let mail = json!({"email": address});
    ada.post(server, "/auth/verify/resend", 204, mail.clone())
        .await?;
    let token = mailed(mailbox, "verification link", verification).await?;
    let sign_in = json!({"email": address, "password": password});
    ada.post(server, "/auth/sign-in", 403, sign_in.clone())
        .await?;
    ada.post(server, "/auth/verify", 204, json!({"token": token}))
        .await?;
    ada.post(server, "/auth/verify", 422, json!({"token": token}))
        .await?;
    ada.post(server, "/auth/register", 204, person).await?;

    let wrong = json!({"email": address, "password": "wrong pass-hidden"});
    ada.post(server, "/auth/sign-in", 401, wrong).await?;
    let unknown = json!({"email": "no-mailbox-hidden@example.org", "password": password});
    ada.post(server, "/auth/sign-in", 401, unknown).await?;
    let broken = json!({"email": address, "password": ["pass-hidden"]});
    ada.post(server, "/auth/sign-in", 400, broken).await?;
    ada.post(server, "/auth/sign-in", 200, sign_in).await?;
    ada.post(server, "/auth/refresh", 200, Value::Null).await?;
    let me = ada
        .ask(server, (Method::GET, "/account", 200), Value::Null)
        .await?;

    let begun = ada
        .post(server, "/account/two-factor", 200, json!({}))
        .await?;
    let shared = begun["secret"].as_str().unwrap_or_default().to_owned();
    secret("authenticator secret", &shared);
    let backup = texts(&begun["backupCodes"]);
    for code in &backup {
        secret("backup code", code);
    }
    let confirm = "/account/two-factor/confirm";
    ada.post(server, confirm, 422, json!({"code": "code-hidden"}))
        .await?;
    let confirmed = json!({"code": code(&shared, 0)?});
    ada.post(server, confirm, 204, confirmed).await?;
    let sign_in = json!({"email": address, "password": password});
    let step = "/auth/second-factor";
    let half = ada.post(server, "/auth/sign-in", 200, sign_in).await?;
    let with = |field: &str, value: &str| {
        let mut body = json!({"token": half["token"]});
        body[field] = json!(value);
        body
    };
    ada.post(server, step, 422, with("code", "code-hidden"))
        .await?;
    ada.post(server, step, 422, with("backupCode", "code-hidden"))
        .await?;
    ada.post(server, step, 200, with("code", &code(&shared, 1)?))
        .await?;
    let renewed = json!({"backupCode": backup[0]});
    let renewed = ada
        .post(server, "/account/two-factor/backup-codes", 200, renewed)
        .await?;
    let backup = texts(&renewed["backupCodes"]);
    for code in &backup {
        secret("backup code", code);
    }

    let all = json!({"name": "program", "scopes": ["read", "write", "generate", "admin"]});
    let made = ada.post(server, "/keys", 201, all).await?;
    let key = made["secret"].as_str().unwrap_or_default();
    secret("API key", key);
    let mut program = Browser {
        token: key.to_owned(),
        cookies: BTreeMap::new(),
    };
    let list = (Method::GET, "/conversations", 200);
    program.ask(server, list, Value::Null).await?;
    program
        .post(
            server,
            "/keys",
            403,
            json!({"name": "x", "scopes": ["read"]}),
        )
        .await?;
    let own = json!({"apiKey": "sk-hidden-native", "baseURL": base_url});
    let path = "/account/provider-keys/own";
    ada.ask(server, (Method::PUT, path, 200), own).await?;
    let own = json!({"apiKey": "sk-hidden broken", "sk-hidden": "sk-hidden"});
    ada.ask(server, (Method::PUT, path, 400), own).await?;
    for asking in [&mut ada, &mut program] {
        let run = json!({"runId": new_id(), "messages": [{"role": "user", "content": "x"}]});
        asking
            .post(server, "/completion/generate", 502, run)
            .await?;
    }

    let invited = json!({"email": "eve-mailbox-hidden@example.org", "role": "USER"});
    let invited = ada.post(server, "/admin/invitations", 201, invited).await?;
    linked("invitation", &invited["link"])?;
    let path = format!(
        "/admin/accounts/{}/reset-link",
        me["id"].as_str().unwrap_or_default()
    );
    let made = ada.post(server, &path, 200, Value::Null).await?;
    linked("reset link", &made["link"])?;
    ada.post(server, "/auth/reset/request", 204, mail).await?;
    let token = mailed(mailbox, "reset link", "/reset-password#token=").await?;
    let reset = json!({"token": token, "newPassword": "second pass-hidden"});
    ada.post(server, "/auth/reset", 204, reset.clone()).await?;
    ada.post(server, "/auth/reset", 422, reset).await?;
    program
        .ask(server, (Method::GET, "/conversations", 401), Value::Null)
        .await?;
    ada.post(server, "/auth/refresh", 401, Value::Null).await?;
    let sign_in = json!({"email": address, "password": "second pass-hidden"});
    let half = ada.post(server, "/auth/sign-in", 200, sign_in).await?;
    let proof = json!({"token": half["token"], "backupCode": backup[0]});
    ada.post(server, step, 200, proof).await?;
    let change = json!({"old": "second pass-hidden", "new": "third pass-hidden"});
    ada.post(server, "/account/password", 204, change).await?;
    ada.post(server, "/auth/sign-out", 204, Value::Null).await?;
    Ok(())
}

async fn through_librechats_client(
    server: &TestServer,
    mailbox: &mut Mailbox,
    base_url: &str,
) -> Test {
    let (address, password) = ("bob-mailbox-hidden@example.org", "fourth pass-hidden");
    let mut bob = Browser::default();
    let person = json!({"name": "Bob", "email": address, "password": password, "confirm_password": password});
    bob.post(server, "/api/auth/register", 200, person).await?;
    let token = mailed(mailbox, "verification link", "/verify-email#token=").await?;
    let sign_in = json!({"email": address, "password": password});
    let login = "/api/auth/login";
    bob.post(server, login, 422, sign_in.clone()).await?;
    let verify = json!({"email": address, "token": token});
    bob.post(server, "/api/user/verify", 200, verify).await?;
    let wrong = json!({"email": address, "password": "wrong pass-hidden"});
    bob.post(server, login, 404, wrong).await?;
    bob.post(server, login, 200, sign_in.clone()).await?;
    bob.post(server, "/api/auth/refresh", 200, Value::Null)
        .await?;

    let begun = bob
        .post(server, "/api/auth/2fa/enable", 200, json!({}))
        .await?;
    let url = begun["otpauthUrl"].as_str().unwrap_or_default();
    let (_, shared) = url.split_once("secret=").unwrap_or_default();
    let shared = shared.split('&').next().unwrap_or_default();
    secret("authenticator secret", shared);
    let backup = texts(&begun["backupCodes"]);
    for code in &backup {
        secret("backup code", code);
    }
    let now = json!({"token": code(shared, 0)?});
    let refused = json!({"token": "code-hidden"});
    for (what, status, body) in [
        ("verify", 400, &refused),
        ("verify", 200, &now),
        ("confirm", 400, &refused),
        ("confirm", 200, &now),
    ] {
        let path = format!("/api/auth/2fa/{what}");
        bob.post(server, &path, status, body.clone()).await?;
    }
    let half = bob.post(server, login, 200, sign_in).await?;
    let step = "/api/auth/2fa/verify-temp";
    let temporary = &half["tempToken"];
    let wrong = json!({"tempToken": temporary, "token": "code-hidden"});
    bob.post(server, step, 401, wrong).await?;
    let right = json!({"tempToken": temporary, "token": code(shared, 1)?});
    bob.post(server, step, 200, right).await?;

    let value = json!({"apiKey": "sk-hidden-other", "baseURL": base_url}).to_string();
    for (value, status) in [
        (value.as_str(), 201),
        ("sk-hidden broken", 400),
        ("{\"apiKey\": \"sk-hidden\"", 400),
    ] {
        let body = json!({"name": "own", "value": value});
        bob.ask(server, (Method::PUT, "/api/keys", status), body)
            .await?;
    }
    let asked = json!({"messages": [{"role": "user", "content": "x"}]});
    bob.post(server, "/completion/generate", 502, asked).await?;

    let mail = json!({"email": address});
    bob.post(server, "/api/auth/requestPasswordReset", 200, mail)
        .await?;
    let token = mailed(mailbox, "reset link", "/reset-password#token=").await?;
    let new = "fifth pass-hidden";
    let reset = json!({"userId": "0", "token": token, "password": new, "confirm_password": new});
    let path = "/api/auth/resetPassword";
    bob.post(server, path, 200, reset.clone()).await?;
    bob.post(server, path, 400, reset).await?;
    let sign_in = json!({"email": address, "password": new});
    let half = bob.post(server, login, 200, sign_in).await?;
    let proof = json!({"tempToken": half["tempToken"], "backupCode": backup[0]});
    bob.post(server, step, 200, proof).await?;
    bob.post(server, "/api/auth/logout", 200, json!({})).await?;
    Ok(())
}
