//! What fuzzing reaches of the inside: a sign-in at a provider that says whatever it likes. Every function panics when a promise is broken.

use std::fmt;
use std::sync::{LazyLock, Once};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use manent_types::Timestamp;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{HttpRequest, HttpResponse, JsonWebKeyId, PrivateSigningKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::claims::Claims;
use crate::http::Http;
use crate::token::{LEEWAY, payload};
use crate::{
    Callback, ClaimNames, OidcError, Person, Provider, ProviderSettings, RoleRule, RoleSource,
    Transaction,
};

const ISSUER: &str = "https://login.example.org";
const CLIENT_ID: &str = "manent";

/// For whom tokens of programs may be.
const AUDIENCES: [&str; 2] = [CLIENT_ID, "manent-api"];

const STATE: &str = "fuzzed-state-4711";
const NONCE: &str = "fuzzed-nonce-4711";

/// When the sound claims hold.
const SOUND_TIME: i64 = 1_763_703_000_000;

/// None of these may be in an error.
const SECRETS: [&str; 2] = ["fuzzed-client-secret-4711", "fuzzed-verifier-4711"];

/// A key that everybody knows.
const SIGNING_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIK42lmDG/F1tIANvSjk+gdbr26/XTub0vjEmesNnkA7B
-----END PRIVATE KEY-----";

/// Where the claims that were signed with it are put.
const SIGNED: &str = "{signed}";

/// What a provider says, and a browser that comes back from it. An empty text stands for what a sound one says; `{signed}` in the others for a
/// token with `claims`, signed with the key that [`keys`](Self::keys) has then.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said<'text> {
    /// Claims of a token that is signed.
    pub claims: &'text str,
    /// What the token endpoint answers.
    pub tokens: &'text str,
    /// What the provider says of itself.
    pub discovery: &'text str,
    /// Its keys.
    pub keys: &'text str,
    /// What the userinfo endpoint answers.
    pub user_info: &'text str,
    /// The query with which the browser comes back.
    pub callback: &'text str,
    /// What a program presents as its token.
    pub bearer: &'text str,
}

/// The answers of a provider.
#[derive(Clone)]
pub(crate) struct Script {
    tokens: String,
    discovery: String,
    keys: String,
    user_info: String,
}

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Script(..)")
    }
}

impl Script {
    /// Whatever has this form is asked for at whatever address the provider named for it.
    pub(crate) fn answer(&self, request: &HttpRequest, url: &Url) -> HttpResponse {
        let is_json = "application/json";
        let (kind, body) = if request.method() == "POST" {
            (is_json, &self.tokens)
        } else if request.headers().contains_key("authorization") {
            // A token is an answer too, of the kind `application/jwt`.
            let kind = if self.user_info.trim_start().starts_with('{') {
                is_json
            } else {
                "application/jwt"
            };
            (kind, &self.user_info)
        } else if url.path().ends_with("/.well-known/openid-configuration") {
            (is_json, &self.discovery)
        } else {
            (is_json, &self.keys)
        };
        let mut response = HttpResponse::new(body.clone().into_bytes());
        let kind = openidconnect::http::HeaderValue::from_static(kind);
        response.headers_mut().insert("content-type", kind);
        response
    }
}

/// One conversation: the sign-in, and a program that presents a token. Somebody is known only by a token that holds, and no error tells a secret.
///
/// # Panics
/// When that is not so, or when a sound provider signs nobody in: then nothing here would mean anything.
pub fn conversation(said: &Said<'_>, now: Timestamp) {
    static IS_SOUND: Once = Once::new();
    thread_local! {
        static RUNTIME: Option<Runtime> = Builder::new_current_thread().build().ok();
    }
    RUNTIME.with(|runtime| {
        let Some(runtime) = runtime else {
            panic!("there is no runtime");
        };
        IS_SOUND.call_once(|| {
            let is_known = runtime.block_on(converse(&Said::default(), at(SOUND_TIME)));
            assert_eq!(is_known, (true, true), "a sound provider");
        });
        runtime.block_on(converse(said, now));
    });
}

/// Whether somebody was signed in, and whether the program was known.
async fn converse(said: &Said<'_>, now: Timestamp) -> (bool, bool) {
    let signed = signed(said.claims);
    let or = |text: &str, sound: &dyn Fn() -> String| {
        if text.trim().is_empty() {
            sound()
        } else {
            text.replace(SIGNED, &signed)
        }
    };
    let script = Script {
        tokens: or(said.tokens, &|| sound_tokens(&signed)),
        discovery: or(said.discovery, &sound_discovery),
        keys: or(said.keys, &sound_keys),
        user_info: or(said.user_info, &|| json!({"sub": "ada"}).to_string()),
    };
    let bearer = or(said.bearer, &|| signed.clone());
    let Ok(mut provider) = Provider::new(settings()) else {
        panic!("the settings do not hold");
    };
    provider.http = Http::new(Duration::from_secs(1));
    provider.http.script = Some(script);
    let callback = or(said.callback, &|| format!("state={STATE}&code=abc"));
    let is_signed_in = sign_in(&provider, &callback, now).await;
    let person = checked(provider.check_bearer(&bearer, now).await).ok();
    if let Some(person) = &person {
        assert!(provider.may_be_own(&bearer), "it is not its own");
        assert_holds(&bearer, person, &AUDIENCES, now);
    }
    (is_signed_in, person.is_some())
}

async fn sign_in(provider: &Provider, callback: &str, now: Timestamp) -> bool {
    let back = "https://chat.example.org/oauth/openid/callback";
    if let Ok(started) = checked(provider.begin(back, now).await) {
        let url = Url::parse(&started.url);
        assert!(url.is_ok_and(|url| {
            let has = |name: &str| url.query_pairs().any(|(key, _)| key == name);
            ["state", "nonce", "code_challenge", "redirect_uri"]
                .into_iter()
                .all(has)
        }));
    }
    let transaction = Transaction {
        state: STATE.to_owned(),
        nonce: NONCE.to_owned(),
        verifier: SECRETS[1].to_owned(),
        redirect_uri: back.to_owned(),
        expires_at: at(now.as_millisecond() + 60_000),
    };
    let callback = callback_of(callback);
    let Ok(finished) = checked(provider.finish(&callback, &transaction, now).await) else {
        return false;
    };
    assert_eq!(callback.state.as_deref(), Some(STATE));
    assert!(callback.error.is_none() && callback.code.is_some());
    let token = finished.id_token.expose_secret();
    let claims = assert_holds(token, &finished.person, &[CLIENT_ID], now);
    assert_eq!(claims["nonce"], NONCE);
    let _ = provider.end_session_url(Some(&finished.id_token), back);
    true
}

/// What holds for the token of whoever is known.
fn assert_holds(token: &str, person: &Person, audiences: &[&str], now: Timestamp) -> Claims {
    let Some(claims) = payload(token) else {
        panic!("a token that cannot be read is believed: {token}");
    };
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["sub"], person.subject.as_str());
    assert_eq!(person.issuer, ISSUER);
    let is_one = |value: &Value| audiences.iter().any(|audience| value == audience);
    let is_for = match &claims["aud"] {
        Value::Array(all) => all.iter().any(is_one),
        one => is_one(one),
    };
    assert!(is_for, "it is for somebody else: {}", claims["aud"]);
    let (kind, _) = token.split_once('.').unwrap_or_default();
    let kind = URL_SAFE_NO_PAD.decode(kind).unwrap_or_default();
    let kind: Value = serde_json::from_slice(&kind).unwrap_or_default();
    assert_eq!(kind["alg"], "EdDSA", "only that key is known");
    if let Some(end) = claims["exp"].as_i64() {
        let earliest = now.as_millisecond() / 1_000 - i64::try_from(LEEWAY.as_secs()).unwrap_or(0);
        assert!(end >= earliest, "it ended at {end}");
    }
    claims
}

fn checked<T>(outcome: Result<T, OidcError>) -> Result<T, OidcError> {
    if let Err(error) = &outcome {
        let told = error.to_string();
        let is_told = SECRETS.iter().any(|secret| told.contains(secret));
        assert!(!is_told, "a secret is in an error: {told}");
        assert!(
            !told.contains(&signed_signature()),
            "a token is in an error: {told}"
        );
    }
    outcome
}

/// The signature of the sound claims, which is in every token that has them.
fn signed_signature() -> String {
    static SIGNATURE: LazyLock<String> = LazyLock::new(|| {
        let token = signed("");
        token.rsplit('.').next().unwrap_or_default().to_owned()
    });
    SIGNATURE.clone()
}

static KEY: LazyLock<Option<CoreEdDsaPrivateSigningKey>> = LazyLock::new(|| {
    let id = JsonWebKeyId::new("known".to_owned());
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(SIGNING_KEY, Some(id)).ok()
});

/// A token with these claims; without any it has sound ones.
fn signed(claims: &str) -> String {
    let sound;
    let claims = if claims.trim().is_empty() {
        sound = sound_claims();
        &sound
    } else {
        claims
    };
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"known"}"#);
    let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
    let signature = KEY
        .as_ref()
        .and_then(|key| {
            key.sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes())
                .ok()
        })
        .unwrap_or_default();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn sound_claims() -> String {
    json!({
        "iss": ISSUER,
        "sub": "ada",
        "aud": CLIENT_ID,
        "azp": CLIENT_ID,
        "exp": 1_763_703_600,
        "iat": 1_763_702_999,
        "nonce": NONCE,
        "email": "ada@example.org",
        "email_verified": true,
    })
    .to_string()
}

fn sound_tokens(id_token: &str) -> String {
    json!({
        "access_token": id_token,
        "token_type": "Bearer",
        "expires_in": 600,
        "id_token": id_token,
    })
    .to_string()
}

fn sound_discovery() -> String {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/authorize"),
        "token_endpoint": format!("{ISSUER}/token"),
        "userinfo_endpoint": format!("{ISSUER}/userinfo"),
        "end_session_endpoint": format!("{ISSUER}/logout"),
        "jwks_uri": format!("{ISSUER}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    })
    .to_string()
}

fn sound_keys() -> String {
    let keys = KEY.iter().map(PrivateSigningKey::as_verification_key);
    serde_json::to_string(&CoreJsonWebKeySet::new(keys.collect())).unwrap_or_default()
}

fn settings() -> ProviderSettings {
    let rule = |role: &str, source| RoleRule {
        roles: vec![role.to_owned()],
        path: vec!["realm_access".to_owned(), "roles".to_owned()],
        source,
    };
    ProviderSettings {
        issuer: ISSUER.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(SecretString::from(SECRETS[0])),
        scopes: vec!["openid".to_owned(), "email".to_owned()],
        claims: ClaimNames::default(),
        trust_email: false,
        required: rule("member", RoleSource::UserInfo),
        admin: rule("admin", RoleSource::AccessToken),
        audiences: AUDIENCES.map(str::to_owned).to_vec(),
        timeout: Duration::from_secs(1),
    }
}

/// The query as the server's framework reads it.
fn callback_of(query: &str) -> Callback {
    let mut callback = Callback::default();
    for (name, value) in url::form_urlencoded::parse(query.trim().as_bytes()) {
        let place = match &*name {
            "state" => &mut callback.state,
            "code" => &mut callback.code,
            "error" => &mut callback.error,
            "iss" => &mut callback.iss,
            _ => continue,
        };
        *place = Some(value.into_owned());
    }
    callback
}

fn at(milliseconds: i64) -> Timestamp {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(at) => at,
        Err(error) => panic!("{error}"),
    }
}
